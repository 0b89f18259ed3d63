#include "report/dump_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "report/facts_json.h"
#include "report/json.h"
#include "report/json_text.h"
#include "report/wait_json.h"

namespace gorotrace {
namespace {

const char* quality(const SnapshotCounts& c) {
  if (c.not_reached + c.implausible + c.unreadable > 0) return "lower bound";
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
          {"implausible", c.implausible},
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
                       {"held", dump.held.empty() ? Json() : Json(dump.held)},
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
    for (std::size_t i = 0; i < shown; ++i) {
      sink_(i == 0 ? "\n" : ",\n");
      line_.clear();
      goroutine(*selection.goroutines[i]);
      sink_(line_.text());
    }
    sink_("],\"stacks\":[");
    for (std::size_t i = 0; i < stacks_.size(); ++i)
      sink_((i == 0 ? "\n" : ",\n") + json_text(stack_json(view_, *stacks_[i])));
    sink_("]}\n");
  }

 private:
  void goroutine(const GoroutineSnapshot& g) {
    const std::vector<std::string>& reasons = view_.dump().wait_reasons;
    const bool waits = g.status == GStatus::kWaiting || g.status == GStatus::kLeaked;
    const auto waited = view_.waiting_at_least_ns(g);
    const KnownWait known = view_.known_wait(g);
    const std::string_view missing = missing_stack(g);
    JsonText& o = line_;
    o.begin('{');
    o.field("goid", g.goid);
    o.field("status", status_name(g.status));
    o.name_field("wait_reason", waits && g.wait_reason != 0 && g.wait_reason < reasons.size()
                                    ? reasons[g.wait_reason]
                                    : std::string_view{});
    o.field("waiting_at_least_ns", waited);
    o.field("waiting_at_most_ns", view_.waiting_at_most_ns(g));
    o.name_field("waiting_source", waited ? source_name(known.source) : "");
    o.name_field("waiting_quality", !waited ? "" : known.exact ? "exact" : "lower bound");
    o.field("locked_to_thread", g.locked);
    o.field("thread_id", unless_0(g.thread_id));
    o.field("synctest_bubble", unless_0(g.bubble));
    o.key("labels");
    o.begin('{');
    for (const auto& [key, value] : view_.labels(g)) o.field(key, std::string_view(value));
    o.end('}');
    o.key("waits_on");
    waits_json(o, view_.waits(g));
    o.name_field("start_function", view_.start_function(g));
    o.key("created_by");
    o.raw(creation(g));
    o.field("parent_goid", unless_0(g.parent_goid));
    o.field("stack", missing.empty() ? std::optional(stack_index(g)) : std::nullopt);
    o.name_field("stack_missing", missing);
    o.name_field("stack_quality", !missing.empty() ? "" : g.unproven ? "estimated" : "exact");
    o.end('}');
  }

  template <typename T>
  static std::optional<T> unless_0(T number) {
    return number != 0 ? std::optional(number) : std::nullopt;
  }

  // Goroutines are many, go statements few.
  const std::string& creation(const GoroutineSnapshot& g) {
    static const std::string none = "null";
    if (g.goid == 1) return none;
    const auto [it, fresh] = creations_.try_emplace(g.gopc);
    if (fresh) {
      const CreationSite site = view_.creation(g);
      it->second = site.function.empty()
                       ? none
                       : json_text({{"function", site.function}, {"file", site.file}, {"line", site.line}});
    }
    return it->second;
  }

  std::size_t stack_index(const GoroutineSnapshot& g) {
    const auto [it, fresh] = index_.try_emplace(g.stack, stacks_.size());
    if (fresh) stacks_.push_back(&g);
    return it->second;
  }

  const DumpView& view_;
  const Sink& sink_;
  JsonText line_;
  std::unordered_map<std::uint64_t, std::string> creations_;  // by gopc, as JSON
  std::unordered_map<std::uint32_t, std::size_t> index_;      // by StackSet index
  std::vector<const GoroutineSnapshot*> stacks_;              // one that has it
};

}  // namespace

void dump_json(const DumpView& view, const Selection& selection, std::size_t limit, const Sink& sink) {
  Writer(view, sink).write(selection, limit);
}

}  // namespace gorotrace
