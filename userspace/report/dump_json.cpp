#include "report/dump_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/seeded_hash.h"
#include "evidence/quality.h"
#include "report/chain_json.h"
#include "report/facts_json.h"
#include "report/json_parts.h"
#include "report/stack_numbers.h"
#include "report/wait_json.h"

namespace gorotrace {
namespace {

Quality quality(const SnapshotCounts& c) {
  if (c.not_reached + c.implausible + c.unreadable > 0) return Quality::kLowerBound;
  return c.unproven > 0 ? Quality::kEstimated : Quality::kExact;
}

void counts_fields(JsonWriter& out, const Dump& dump) {
  const SnapshotCounts& c = dump.snapshot.counts;
  out.field("alive", c.alive);
  out.field("proven", c.stacks - c.unproven);
  out.field("retried", c.retried);
  out.field("unproven", c.unproven);
  out.field("running", c.running);
  out.field("moved", c.unvalidated);
  out.field("no_saved_frame", c.no_base);
  out.field("not_reached", c.not_reached);
  out.field("implausible", c.implausible);
  out.field("unreadable", c.unreadable);
  out.field("labels_unreadable", dump.waits.labels_unreadable);
}

void watched_fields(JsonWriter& out, const StatFacts& facts) {
  out.field("window_ns", facts.end_ns - facts.begin_ns);
  groups_field(out, "probes", facts.requested);
  out.object_field("sampling", facts.sampling, [&](const SamplingFacts& c) { sampling_fields(out, c); });
  out.object_field("events", [&] { events_fields(out, facts.events); });
  cost_field(out, facts, since(facts.end_ns, facts.begin_ns));
  notices_field(out, facts);
}

class Writer {
 public:
  Writer(const DumpView& view, JsonWriter& out) : view_(view), out_(out) {}

  void write(const Selection& selection, std::size_t limit) {
    const Dump& dump = view_.dump();
    const SnapshotCounts& c = dump.snapshot.counts;
    const std::size_t all = selection.goroutines.size(), shown = limit == 0 ? all : std::min(all, limit);
    out_.field("type", "dump");
    out_.object_field("target", [&] { target_fields(out_, dump.target); });
    out_.object_field("identity", [&] {
      out_.name_field("boot_id", dump.identity.boot_id);
      out_.field("start_ticks", dump.identity.start_ticks);
      const std::uint64_t stack = dump.identity.start_stack;
      out_.name_field("start_stack", stack != 0 ? fmt::format("{:#x}", stack) : "");
      out_.name_field("main_package", dump.identity.main_package);
    });
    out_.field("at_unix_ns", dump.unix_ns);
    out_.field("at_ns", c.end_ns);
    out_.field("took_ns", c.end_ns - c.begin_ns);
    out_.field("engine", "snapshot");
    out_.field("quality", name_of(quality(c)));
    out_.name_field("held", dump.held);
    out_.object_field("counts", [&] { counts_fields(out_, dump); });
    out_.object_field("watched", dump.watched, [&](const StatFacts& f) { watched_fields(out_, f); });
    out_.array_field("conditions", selection.conditions,
                     [&](const std::string& condition) { out_.value(condition); });
    out_.object_field("not_shown", [&] {
      out_.field("system", selection.system_hidden);
      out_.field("unmatched", selection.unmatched);
      out_.field("unknown_wait", selection.unknown_wait);
      out_.field("unknown_creator", selection.unknown_creator);
      out_.field("limit", all - shown);
    });
    out_.array_field("goroutines", [&] {
      for (std::size_t i = 0; i < shown; ++i) {
        out_.break_line();
        out_.object([&] { goroutine(*selection.goroutines[i]); });
      }
    });
    out_.object_field("creator_stacks", [&] {
      for (std::size_t i = 0; i < creator_stacks_.size(); ++i) {
        out_.break_line();
        out_.key(creator_stack_name(i + 1));
        out_.raw(*creator_stacks_[i]);
      }
    });
    out_.object_field("stacks", [&] {
      for (std::size_t i = 0; i < stacks_.size(); ++i) {
        out_.break_line();
        out_.object_field(stack_name(i + 1), [&] { stack(*stacks_[i]); });
      }
    });
  }

 private:
  void stack(const GoroutineSnapshot& g) {
    out_.field("truncated", g.truncated);
    out_.field("ends_outside", g.ends_outside);
    const StackSet::Gap gap = view_.gap(g);
    std::size_t calls = 0, frames = 0;
    for (const Call& call : view_.stack(g)) {
      if (calls++ < gap.at) frames += call.frames->size();
    }
    out_.object_field("gap", gap.calls > 0 ? std::optional(gap) : std::nullopt,
                      [&](const StackSet::Gap& left_out) {
                        out_.field("after_frames", frames);
                        out_.field("calls", left_out.calls);
                      });
    out_.array_field("frames", view_.stack(g), [&](const Call& call) {
      for (const Frame& f : *call.frames) frame_json(out_, f);
    });
  }

  void goroutine(const GoroutineSnapshot& g) {
    const std::vector<std::string>& reasons = view_.dump().wait_reasons;
    const bool waits = g.status == GStatus::kWaiting || g.status == GStatus::kLeaked;
    const auto waited = view_.waiting_at_least_ns(g);
    const KnownWait known = view_.known_wait(g);
    const std::string_view missing = missing_stack(g);
    JsonWriter& o = out_;
    o.field("goid", g.goid);
    o.field("status", name_of(g.status));
    o.name_field("wait_reason", waits && g.wait_reason != 0 && g.wait_reason < reasons.size()
                                    ? reasons[g.wait_reason]
                                    : std::string_view{});
    o.field("waiting_at_least_ns", waited);
    o.field("waiting_at_most_ns", view_.waiting_at_most_ns(g));
    o.name_field("waiting_source", waited ? name_of(known.source) : "");
    o.name_field("waiting_quality",
                 !waited ? "" : name_of(known.exact ? Quality::kExact : Quality::kLowerBound));
    o.field("locked_to_thread", g.locked);
    o.field("thread_id", unless_0(g.thread_id));
    o.field("synctest_bubble", unless_0(g.bubble));
    o.object_field("labels", [&] {
      for (const auto& [key, value] : view_.labels(g)) o.field(key, value);
    });
    o.key("waits_on");
    waits_json(o, view_.waits(g));
    o.name_field("start_function", view_.start_function(g));
    o.key("created_by");
    o.raw(creation(g));
    o.field("parent_goid", unless_0(g.parent_goid));
    o.key("creation_chain");
    if (const std::vector<ChainLink> chain = view_.chain(g); chain.empty()) {
      o.raw("null");
    } else {
      chain_json(o, chain, [&](JsonWriter&, const std::vector<Frame>& stack) { creator_stack(stack); });
    }
    o.name_field("stack", missing.empty() ? stack_name(stack_number(g)) : "");
    o.name_field("stack_missing", missing);
    o.name_field("stack_quality",
                 !missing.empty() ? "" : name_of(g.unproven ? Quality::kEstimated : Quality::kExact));
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
      it->second = site.function.empty() ? none : json_text([&](JsonWriter& out) {
        out.object([&] {
          out.field("function", site.function);
          out.field("file", site.file);
          out.field("line", site.line);
        });
      });
    }
    return it->second;
  }

  static std::string creator_stack_name(std::size_t number) { return "c" + std::to_string(number); }

  // Its name: goroutines with equal ones are many.
  void creator_stack(const std::vector<Frame>& stack) {
    if (stack.empty()) return out_.raw("null");
    const auto [it, fresh] = creator_numbers_.try_emplace(
        json_text([&](JsonWriter& out) { frames_json(out, stack); }), creator_stacks_.size() + 1);
    if (fresh) creator_stacks_.push_back(&it->first);
    out_.value(creator_stack_name(it->second));
  }

  // From 1 on, in order of first appearance.
  std::size_t stack_number(const GoroutineSnapshot& g) {
    const auto [it, fresh] = numbers_.try_emplace(g.stack, stacks_.size() + 1);
    if (fresh) stacks_.push_back(&g);
    return it->second;
  }

  const DumpView& view_;
  JsonWriter& out_;
  SeededMap<std::uint64_t, std::string> creations_;     // by gopc, as JSON
  SeededMap<std::uint32_t, std::size_t> numbers_;       // by StackSet index
  std::vector<const GoroutineSnapshot*> stacks_;        // one that has it
  std::map<std::string, std::size_t> creator_numbers_;  // by the stack, as JSON
  std::vector<const std::string*> creator_stacks_;
};

}  // namespace

void dump_json(JsonWriter& out, const DumpView& view, const Selection& selection, std::size_t limit) {
  out.object([&] { Writer(view, out).write(selection, limit); });
}

}  // namespace gorotrace
