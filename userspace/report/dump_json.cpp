#include "report/dump_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "report/facts_json.h"
#include "report/json.h"
#include "report/wait_json.h"

namespace gorotrace {
namespace {

const char* quality(const SnapshotCounts& c) {
  if (c.not_reached + c.unreadable > 0) return "lower bound";
  return c.unproven > 0 ? "estimated" : "exact";
}

Json counts_json(const Dump& dump) {
  const SnapshotCounts& c = dump.snapshot.counts;
  return {{"alive", c.alive},
          {"proven", c.stacks - c.unproven},
          {"retried", c.retried},
          {"unproven", c.unproven},
          {"running", c.running},
          {"moved", c.unvalidated},
          {"no_saved_frame", c.no_base},
          {"not_reached", c.not_reached},
          {"unreadable", c.unreadable},
          {"labels_unreadable", dump.waits.labels_unreadable}};
}

const char* source_name(WaitSource source) {
  switch (source) {
    case WaitSource::kProbes:
      return "probes";
    case WaitSource::kCensus:
      return "census";
    default:
      return "collections";
  }
}

Json watched_json(const std::optional<StatFacts>& facts) {
  if (!facts) return nullptr;
  Json census = census_json(*facts);
  if (!census.is_null()) census.erase("without_stack");  // the dump has the stacks
  return {{"window_ns", facts->end_ns - facts->begin_ns},
          {"probes", groups_json(facts->requested)},
          {"census", std::move(census)},
          {"events", events_json(facts->events)},
          {"cost", cost_json(*facts)},
          {"notices", facts->notices}};
}

Json stack_json(const DumpView& view, const GoroutineSnapshot& g) {
  Json frames = Json::array();
  for (const Call& call : view.stack(g)) {
    for (const Frame& f : *call.frames) frames.push_back(frame_json(f));
  }
  return {{"truncated", g.truncated}, {"frames", std::move(frames)}};
}

class Writer {
 public:
  Writer(const DumpView& view, const Sink& sink) : view_(view), sink_(sink) {}

  void write(const Selection& selection, std::size_t limit) {
    const Dump& dump = view_.dump();
    const SnapshotCounts& c = dump.snapshot.counts;
    const std::size_t all = selection.goroutines.size(), shown = limit == 0 ? all : std::min(all, limit);
    const Json head = {{"type", "dump"},
                       {"target", target_json(dump.target)},
                       {"at_unix_ns", dump.unix_ns},
                       {"at_ns", c.end_ns},
                       {"took_ns", c.end_ns - c.begin_ns},
                       {"engine", "snapshot"},
                       {"quality", quality(c)},
                       {"counts", counts_json(dump)},
                       {"watched", watched_json(dump.watched)},
                       {"not_shown",
                        {{"system", selection.system_hidden},
                         {"unmatched", selection.unmatched},
                         {"unknown_wait", selection.unknown_wait},
                         {"limit", all - shown}}}};
    // Written by hand where it is long: everything but the closing brace, then the two lists.
    std::string text = json_text(head);
    text.pop_back();
    sink_(text + ",\"goroutines\":[");
    for (std::size_t i = 0; i < shown; ++i)
      sink_((i == 0 ? "\n" : ",\n") + json_text(goroutine(*selection.goroutines[i])));
    sink_("],\"stacks\":[");
    for (std::size_t i = 0; i < stacks_.size(); ++i)
      sink_((i == 0 ? "\n" : ",\n") + json_text(stack_json(view_, *stacks_[i])));
    sink_("]}\n");
  }

 private:
  Json goroutine(const GoroutineSnapshot& g) {
    const std::vector<std::string>& reasons = view_.dump().wait_reasons;
    const bool waits = g.status == GStatus::kWaiting || g.status == GStatus::kLeaked;
    const auto waited = view_.waiting_at_least_ns(g);
    const KnownWait known = view_.known_wait(g);
    const std::string start = view_.start_function(g);
    const std::string_view missing = missing_stack(g);
    Json labels = Json::object();
    for (const auto& [key, value] : view_.labels(g)) labels[key] = value;
    return {{"goid", g.goid},
            {"status", status_name(g.status)},
            {"wait_reason", waits && g.wait_reason != 0 && g.wait_reason < reasons.size()
                                ? Json(reasons[g.wait_reason])
                                : Json()},
            {"waiting_at_least_ns", waited ? Json(*waited) : Json()},
            {"waiting_source", waited ? Json(source_name(known.source)) : Json()},
            {"waiting_quality", waited ? Json(known.exact ? "exact" : "lower bound") : Json()},
            {"locked_to_thread", g.locked},
            {"thread_id", g.thread_id != 0 ? Json(g.thread_id) : Json()},
            {"synctest_bubble", g.bubble != 0 ? Json(g.bubble) : Json()},
            {"labels", std::move(labels)},
            {"waits_on", waits_json(view_.waits(g))},
            {"start_function", start.empty() ? Json() : Json(start)},
            {"created_by", creation(g)},
            {"parent_goid", g.parent_goid != 0 ? Json(g.parent_goid) : Json()},
            {"stack", missing.empty() ? Json(stack_index(g)) : Json()},
            {"stack_missing", missing.empty() ? Json() : Json(std::string(missing))},
            {"stack_quality", !missing.empty() ? Json() : Json(g.unproven ? "estimated" : "exact")}};
  }

  [[nodiscard]] Json creation(const GoroutineSnapshot& g) const {
    const CreationSite site = view_.creation(g);
    if (site.function.empty()) return {};
    return {{"function", site.function}, {"file", site.file}, {"line", site.line}};
  }

  std::size_t stack_index(const GoroutineSnapshot& g) {
    const auto [it, fresh] = index_.try_emplace(g.stack, stacks_.size());
    if (fresh) stacks_.push_back(&g);
    return it->second;
  }

  const DumpView& view_;
  const Sink& sink_;
  std::unordered_map<std::uint32_t, std::size_t> index_;  // by StackSet index
  std::vector<const GoroutineSnapshot*> stacks_;          // one that has it
};

}  // namespace

void dump_json(const DumpView& view, const Selection& selection, std::size_t limit, const Sink& sink) {
  Writer(view, sink).write(selection, limit);
}

}  // namespace gorotrace
