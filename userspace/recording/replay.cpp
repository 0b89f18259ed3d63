#include "recording/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/plural.h"
#include "evidence/unread.h"
#include "model/delta.h"
#include "recording/codec.h"
#include "stream/models.h"

namespace gorotrace {
namespace {

// More than any session has; each is a model.
constexpr std::size_t kMaxTargets = 4096;
// A sample of more goroutines is left out: what it takes in memory (130 bytes each) no byte of the file pays
// for.
constexpr std::uint32_t kMaxSampledSlots = 1u << 20;

class Replayer {
 public:
  // begins: of the targets' windows, as far as the session told them.
  Replayer(const PartWanted& wanted, std::map<TargetId, std::uint64_t> begins)
      : wanted_(wanted), begins_(std::move(begins)) {}

  Status take(const FileItem& item) {
    return std::visit([this](const auto& what) { return take_this(what); }, item);
  }
  void gap();
  void segment();
  [[nodiscard]] Result<Recording> finish(FileDamage damage);

 private:
  struct Of {
    explicit Of(const PartWanted& wanted) : part(wanted) {}
    PartOfWindow part;
    std::uint64_t records = 0, lost = 0;
    std::unique_ptr<RecordedTarget> recorded;
    std::optional<FactsTold> facts;
    bool gone = false;
    std::optional<std::uint64_t> gap_from_ns;  // a part of the file is missing since then
    bool wants_checkpoint = false;             // of this segment: what is open is not known
    bool classes_lost = false;                 // of samples: what is told of them means nothing any more
  };

  Status take_this(const Item& item);
  Status take_this(const FramesNamed& named) {
    if (const auto of = targets_.find(named.target); of != targets_.end())
      of->second.recorded->symbols.name(named);
    return {};
  }
  Status take_this(const FactsTold& told) {
    if (const auto of = targets_.find(told.target); of != targets_.end()) of->second.facts = told;
    return {};
  }
  Status take_this(const CheckpointTold& told);
  Status take_this(const ClockPair& clocks) {
    if (!recording_.clocks) recording_.clocks = clocks;
    return {};
  }
  [[nodiscard]] bool over(TargetId target) const;
  [[nodiscard]] std::uint64_t told_until() const;
  void lose_gap(TargetId target, Of& of, std::uint64_t until_ns);
  [[nodiscard]] bool of_lost_classes(const Item& item) const;
  void apply(const Item& item, Of* of);
  void apply_records(const Item& item, Of& of);
  void take_ends(TargetId target, Of& of, std::uint64_t before_ns);
  void take_tables(TargetId target, Of& of);
  void take_part(Of& of, Moment end);

  const PartWanted wanted_;
  const std::map<TargetId, std::uint64_t> begins_;
  Models models_{nullptr};
  std::map<TargetId, Of> targets_;
  std::vector<TargetId> order_;
  std::uint64_t now_ns_ = 0;
  bool gap_ = false, behind_gap_ = false;  // one was just found; this segment is the first behind one
  Recording recording_;
};

void Replayer::gap() {
  gap_ = true;
  for (auto& [id, of] : targets_) {
    if (of.gone || of.gap_from_ns || over(id)) continue;
    of.gap_from_ns = std::max<std::uint64_t>(told_until(), 1);
  }
}

// Its window has ended: of what is lost behind that nothing is its own.
bool Replayer::over(TargetId target) const {
  const auto found = models_.all().find(target);
  return found != models_.all().end() && found->second.end_ns != kEndOfTime;
}

// Everything from before it has come.
std::uint64_t Replayer::told_until() const {
  return models_.advanced_ns() != 0 ? models_.advanced_ns() : now_ns_;
}

void Replayer::segment() {
  behind_gap_ = std::exchange(gap_, false);
  for (auto& [id, of] : targets_) of.wants_checkpoint = behind_gap_;
}

// What was lost lies between what was told last and what is told next.
void Replayer::lose_gap(TargetId target, Of& of, std::uint64_t until_ns) {
  const std::uint64_t from = *std::exchange(of.gap_from_ns, std::nullopt);
  models_.apply({target, from, Loss{std::max(until_ns, from), 0}});
  models_.apply({target, from, SamplingEnded{SampledWhat::kGoroutines}});
  models_.apply({target, from, SamplingEnded{SampledWhat::kRuns}});
  of.classes_lost = true;
}

bool Replayer::of_lost_classes(const Item& item) const {
  const bool sampling = std::holds_alternative<SampleClasses>(item.what) ||
                        std::holds_alternative<SampleTick>(item.what) ||
                        std::holds_alternative<SamplingEnded>(item.what);
  const auto of = sampling ? targets_.find(item.target) : targets_.end();
  return of != targets_.end() && of->second.classes_lost;
}

// What is open, as a look at memory would have shown it.
Snapshot shown_by(const OpenState& state) {
  Snapshot s;
  s.counts.begin_ns = s.counts.end_ns = state.at_ns;
  s.counts.seen = s.counts.alive = state.goroutines.size();
  s.counts.extra = state.extra_made;
  s.label_values = state.label_values;
  s.goroutines.reserve(state.goroutines.size());
  for (const OpenGoroutine& open : state.goroutines) {
    // A look knows by this who belongs to a thread of C. Those of whom nobody saw more are left to events.
    if (open.gopc == 0 && !open.of_c_thread) {
      ++s.counts.not_reached;
      continue;
    }
    GoroutineSnapshot& g = s.goroutines.emplace_back();
    g.goid = open.goid;
    g.gopc = open.gopc;
    g.startpc = open.startpc;
    g.read_at_ns = state.at_ns;
    g.status = open.state == GState::kWaiting    ? GStatus::kWaiting
               : open.state == GState::kSyscall  ? GStatus::kSyscall
               : open.state == GState::kRunnable ? GStatus::kRunnable
                                                 : GStatus::kRunning;
    if (open.state == GState::kUnknown)
      --g.read_at_ns;  // within the loss: it is there, and in no known state
    if (open.labels.labels != 0) g.label = open.labels.label;
    if (!open.wait) continue;
    g.stack_id = open.wait->row.stack;
    g.wait_reason = open.wait->row.reason;
    g.waited_at_ns = open.wait->from_ns;
  }
  return s;
}

// Only behind a gap: else all of it was told before.
Status Replayer::take_this(const CheckpointTold& told) {
  const auto found = targets_.find(told.target);
  if (found == targets_.end() || found->second.gone || !found->second.wants_checkpoint) return {};
  Of& of = found->second;
  of.wants_checkpoint = false;
  if (over(told.target)) return {};
  const OpenState& open = told.checkpoint.model;
  now_ns_ = std::max(now_ns_, open.at_ns);
  of.part.begins(open.at_ns);
  if (!of.gap_from_ns) return models_.restore(told.target, told.checkpoint);  // its beginning is missing
  lose_gap(told.target, of, open.at_ns);
  for (unsigned i = 0; i < GT_GROUP_COUNT; ++i)
    models_.apply({told.target, open.at_ns, GroupChanged{static_cast<gt_group>(i), open.groups[i].on}});
  models_.apply({told.target, open.at_ns, shown_by(open)});
  if (const std::uint64_t end = told.checkpoint.end_ns; end != kEndOfTime)
    models_.apply({told.target, end, TargetEnded{}});
  return {};
}

Status Replayer::take_this(const Item& item) {
  if (const auto* begun = std::get_if<TargetBegun>(&item.what)) {
    // A segment says again what has begun.
    if (targets_.contains(item.target)) return {};
    if (targets_.size() >= kMaxTargets) return fail(ErrorKind::kFailed, "more targets than any session has");
    Of& of = targets_.try_emplace(item.target, wanted_).first->second;
    of.recorded = std::make_unique<RecordedTarget>();
    of.recorded->id = item.target;
    of.recorded->facts.target.host_pid = of.recorded->facts.target.pid = begun->host_pid;
    of.recorded->facts.target.exe = of.recorded->facts.target.file = begun->exe;
    of.recorded->facts.wait_reasons = begun->wait_reasons;
    of.recorded->label_key = begun->label_key;
    of.wants_checkpoint = behind_gap_;
    if (const auto begin = begins_.find(item.target); begin != begins_.end()) of.part.begins(begin->second);
    order_.push_back(item.target);
  }
  const auto known = targets_.find(item.target);
  if (known != targets_.end() && known->second.gone) return {};
  const bool says_when = item.at_ns != 0 && !std::holds_alternative<StackDefined>(item.what) &&
                         !std::holds_alternative<FunctionDescribed>(item.what) &&
                         !std::holds_alternative<Loss>(item.what);
  if (known != targets_.end() && known->second.gap_from_ns && says_when)
    lose_gap(item.target, known->second, item.at_ns);
  if (of_lost_classes(item)) return {};
  if (const auto* loss = std::get_if<Loss>(&item.what)) {
    recording_.lost += loss->count;
    if (known != targets_.end()) {
      known->second.lost += loss->count;
      // Behind it comes what is open, on which a model that knows nothing begins.
      if (known->second.wants_checkpoint && !known->second.gap_from_ns) return {};
    }
  }
  if (const auto* tick = std::get_if<SampleTick>(&item.what);
      tick != nullptr && tick->slots > kMaxSampledSlots) {
    models_.apply({item.target, item.at_ns, SamplesLost{1}});
    return {};
  }
  if (const auto* run = std::get_if<Records>(&item.what)) recording_.records += run->records.size();
  if (std::holds_alternative<TargetGone>(item.what)) {
    if (known != targets_.end()) {
      take_tables(item.target, known->second);
      known->second.gone = true;
    }
  }
  apply(item, known == targets_.end() ? nullptr : &known->second);
  if (says_when && item.at_ns != kEndOfTime) now_ns_ = std::max(now_ns_, item.at_ns);
  return {};
}

// What lies behind an end of the part that is wanted is applied once that end is taken.
void Replayer::apply(const Item& item, Of* of) {
  const bool definition =
      std::holds_alternative<StackDefined>(item.what) || std::holds_alternative<FunctionDescribed>(item.what);
  if (of != nullptr && item.at_ns != 0 && !definition) of->part.begins(item.at_ns);
  if (std::holds_alternative<Advanced>(item.what)) {
    for (auto& [id, each] : targets_) take_ends(id, each, item.at_ns);
  } else if (of != nullptr && std::holds_alternative<Records>(item.what)) {
    return apply_records(item, *of);
  } else if (of != nullptr && item.at_ns != 0 && !definition) {
    take_ends(item.target, *of, item.at_ns);
  }
  models_.apply(item);
}

void Replayer::apply_records(const Item& item, Of& of) {
  const std::size_t all = std::get<Records>(item.what).records.size();
  const auto model = models_.all().find(item.target);
  std::size_t done = 0;
  while (model != models_.all().end()) {
    const auto end = of.part.next();
    const std::size_t before = done;
    done = models_.apply_below(item, done, end.value_or(kEndOfTime));
    of.records += done - before;
    if (done == all || !end) return;
    of.part.take(model->second, {of.records, of.lost});
  }
}

void Replayer::take_ends(TargetId target, Of& of, std::uint64_t before_ns) {
  const auto model = models_.all().find(target);
  if (of.gone || model == models_.all().end()) return;
  for (auto end = of.part.next(); end && *end < before_ns; end = of.part.next())
    of.part.take(model->second, {of.records, of.lost});
}

void Replayer::take_tables(TargetId target, Of& of) {
  const auto found = models_.all().find(target);
  if (found == models_.all().end()) return;
  RecordedTarget& out = *of.recorded;
  const bool whole = of.facts && of.facts->whole;
  if (of.facts) out.facts = std::move(of.facts->facts);
  const std::uint64_t end = whole ? out.facts.end_ns : std::min(found->second.end_ns, told_until());
  if (of.gap_from_ns) lose_gap(target, of, end);
  if (!whole) {
    out.facts.end_ns = end;
    if (out.facts.begin_ns == 0) out.facts.begin_ns = end;
    out.facts.notices.push_back(
        of.facts ? "the recording was cut off: what the session knew is from before its end"
                 : "the recording was cut off before the session said what it knew of the target");
  }
  if (wanted_.any()) {
    take_part(of, moment_of(found->second, end, {of.records, of.lost}));
  } else {
    out.tables = found->second.tables(end);
    count_unread(out.tables, out.facts);
  }
  if (of.recorded) out.symbols.add(out.tables.stacks);
}

// The counters are read about once a second: those of another time say nothing of the part.
bool of_the_part(const std::optional<RuntimeCounters>& counters, std::uint64_t at_ns, const StatFacts& part) {
  if (!counters) return false;
  const std::uint64_t apart = std::max(counters->time_ns, at_ns) - std::min(counters->time_ns, at_ns);
  return apart <= (part.end_ns - part.begin_ns) / 20;
}

// By its events and its length: an estimate, as the whole's is.
CostFacts cost_of_part(const StatFacts& whole, const StatFacts& part, const Came& all, const Came& came) {
  const auto share = [](std::uint64_t of, std::uint64_t in_all) {
    return in_all == 0 ? 0 : std::min(1.0, static_cast<double>(of) / static_cast<double>(in_all));
  };
  const double events = share(came.records + came.lost, all.records + all.lost);
  const double time =
      share(part.end_ns - part.begin_ns, whole.end_ns - std::min(whole.begin_ns, whole.end_ns));
  CostFacts cost;
  cost.hits = static_cast<std::uint64_t>(static_cast<double>(whole.cost.hits) * events);
  cost.charged_ns = whole.cost.charged_ns * events;
  cost.target_cpu_ns = static_cast<std::uint64_t>(static_cast<double>(whole.cost.target_cpu_ns) * time);
  return cost;
}

// The session knew the whole window: of a part there is what the stream tells.
void Replayer::take_part(Of& of, Moment end) {
  RecordedTarget& out = *of.recorded;
  if (wanted_.from_ns && (!of.part.from() || of.part.from()->at_ns >= end.at_ns)) {
    of.recorded.reset();  // its window was over by then
    return;
  }
  const bool to_the_end = !of.part.to() || of.part.to()->at_ns >= end.at_ns;
  const Moment& to = to_the_end ? end : *of.part.to();
  const StatFacts& whole = out.facts;
  StatFacts facts;
  facts.target = whole.target;
  facts.wait_reasons = whole.wait_reasons;
  facts.requested = whole.requested;
  facts.incomplete = whole.incomplete;
  facts.calibrated = whole.calibrated;
  facts.shared_probes = whole.shared_probes;
  facts.begin_ns = whole.begin_ns;
  facts.end_ns = to.at_ns;
  facts.counters_begin = whole.counters_begin;
  facts.counters_end = to.counters;
  facts.live_at_start = whole.live_at_start;
  facts.of_c_threads_at_start = whole.of_c_threads_at_start;
  if (to_the_end) facts.ended_by = whole.ended_by;
  Came came = to.came;
  out.tables = to.tables;
  if (const auto& from = of.part.from()) {
    facts.begin_ns = from->at_ns;
    facts.counters_begin = from->counters;
    facts.live_at_start =
        from->tables.looked ? std::optional<std::uint64_t>(from->tables.live) : std::nullopt;
    facts.of_c_threads_at_start = from->tables.of_c_threads;
    came = {came.records - from->came.records, came.lost - from->came.lost};
    out.tables = delta(from->tables, to.tables);
  }
  facts.events.received = came.records;
  facts.events.produced = came.records + came.lost;
  facts.events.dropped = {{"lost", came.lost}};
  if (!of_the_part(facts.counters_begin, facts.begin_ns, facts) ||
      !of_the_part(facts.counters_end, facts.end_ns, facts))
    facts.counters_begin = facts.counters_end = std::nullopt;
  facts.cost = cost_of_part(whole, facts, {of.records, of.lost}, came);
  // Estimates of the whole window.
  out.tables.phases.reset();
  for (BlockingRow& row : out.tables.blocking) row.begun.reset();
  for (unsigned g = 0; g < GT_GROUP_COUNT; ++g) {
    const std::vector<Interval>& covered = out.tables.covered[g];
    if (!covered.empty() && covered.back().to_ns >= to.at_ns)
      facts.on_at_end |= group_bit(static_cast<gt_group>(g));
  }
  facts.notices = whole.notices;
  facts.notices.push_back(
      "a part of the recording: what the session knew of the whole alone is not shown (latencies of the "
      "runtime's "
      "own, its cross-check, when groups went, what sampling took), and its cost is a share of the whole's");
  out.facts = std::move(facts);
}

Result<Recording> Replayer::finish(FileDamage damage) {
  recording_.damage = damage;
  for (const TargetId id : order_) {
    Of& of = targets_.at(id);
    if (!of.gone) take_tables(id, of);
    if (!of.recorded) continue;
    if (const std::uint64_t parts = damage.within(); parts != 0) {
      of.recorded->facts.notices.push_back(fmt::format(
          "{} of the file could not be read, and what was in it counts as lost", plural(parts, "part")));
    }
    recording_.targets.push_back(std::move(of.recorded));
  }
  if (recording_.targets.empty() && !order_.empty())
    return fail(ErrorKind::kUsage, "--from lies behind the end of the recording");
  return std::move(recording_);
}

}  // namespace

Result<FileDamage> read_items(const std::string& path, const FileVisitor& visitor) {
  auto reader = ChunkFileReader::open(path);
  if (!reader) return std::unexpected(reader.error());
  Decoder decoder;
  Status visited;
  const auto message = [&](std::string_view bytes) -> Status {
    auto taken = decoder.take(bytes, [&](const FileItem& item) {
      if (visited) visited = visitor.item(item);
    });
    return taken ? visited : taken;
  };
  const auto gap = [&] {
    decoder.forget();
    visitor.gap();
  };
  if (auto read = (*reader)->read({.message = message, .segment = visitor.segment, .gap = gap}); !read)
    return std::unexpected(read.error());
  return (*reader)->damage();
}

Result<Recording> replay(const std::string& path, const PartWanted& wanted) {
  std::map<TargetId, std::uint64_t> begins;
  if (wanted.any()) {
    const auto note = [&begins](const FileItem& item) -> Status {
      if (const auto* told = std::get_if<FactsTold>(&item)) begins[told->target] = told->facts.begin_ns;
      return {};
    };
    if (auto read = read_items(path, {.item = note}); !read) return std::unexpected(read.error());
  }
  Replayer replayer(wanted, std::move(begins));
  auto damage = read_items(path, {.item = [&](const FileItem& item) { return replayer.take(item); },
                                  .segment = [&] { replayer.segment(); },
                                  .gap = [&] { replayer.gap(); }});
  if (!damage) return std::unexpected(damage.error());
  return replayer.finish(*damage);
}

}  // namespace gorotrace
