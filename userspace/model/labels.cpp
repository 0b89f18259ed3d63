// Which value of a label the waits of a goroutine have. Nobody but memory says what g.labels points to, and
// only now and then; a park tells g.labels itself. The two together: what was read holds from that reading on
// while the goroutine's parks tell of the same g.labels without a break, for a set of labels is never written
// again (runtime/pprof/label.go), and what a goroutine has all the time is not collected. An address that
// comes again after another one proves nothing: it may be another set's by then.
#include "model/model_impl.h"

namespace gorotrace {
namespace {

// Two readers at most (looks and sampling), each of which tells apart LabelValues::kMax.
constexpr std::size_t kMaxValues = 2 * LabelValues::kMax;

}  // namespace

void Model::Impl::define(const std::vector<LabelValue>& values) {
  for (const LabelValue& value : values) {
    if (label_values.size() < kMaxValues) label_values.try_emplace(value.id, value.text);
  }
}

LabelId Model::Impl::label_of_park(const Goroutine& g, std::uint64_t labels, std::uint64_t t) {
  if (labels == 0) {
    label_runs.erase(g.goid);
    return kLabelNone;
  }
  LabelRun& run = label_runs[g.goid];
  if (run.labels != labels) run = {.labels = labels, .since_ns = t};
  return run.label;
}

// runtime/proc.go newproc1, 1.18-1.27: a goroutine gets the labels of who makes it.
void Model::Impl::inherit_label(const Goroutine& g, std::uint64_t creator, std::uint64_t t) {
  const auto of_creator = label_runs.find(creator);
  if (of_creator == label_runs.end()) return;
  const Goroutine* made_by = goroutines.find(creator);
  if (made_by == nullptr || made_by->epoch != epoch) return;  // a gap has overtaken what its parks told
  const LabelRun run = of_creator->second;
  label_runs.try_emplace(g.goid, LabelRun{.labels = run.labels, .since_ns = t, .label = run.label});
}

void Model::Impl::label_open_wait(Goroutine& g, LabelId label) {
  BlockingKey key = blocking[g.row].key;
  if (key.label != kLabelNotRead || label == kLabelNotRead) return;
  key.label = label;
  rebook_open_wait(g, key);
}

// seen.label belongs to seen.labels as the snapshot read it, also where events have come since.
void Model::Impl::note_label(Goroutine& g, const GoroutineSnapshot& seen) {
  if (label_known(seen.label) == LabelKnown::kNotRead || seen.read_at_ns < lossy_until) return;
  if (g.last_ns > seen.read_at_ns) {
    const auto run = label_runs.find(g.goid);
    if (run != label_runs.end() && run->second.labels == seen.labels &&
        run->second.since_ns <= seen.read_at_ns)
      run->second.label = seen.label;
    return;
  }
  if (seen.labels == 0) {
    label_runs.erase(g.goid);
  } else {
    label_runs[g.goid] = {.labels = seen.labels, .since_ns = seen.read_at_ns, .label = seen.label};
  }
  if (g.has(kWaitOpen) && g.since_ns <= seen.read_at_ns) label_open_wait(g, seen.label);
}

}  // namespace gorotrace
