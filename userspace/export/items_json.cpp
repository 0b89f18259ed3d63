#include "export/items_json.h"

#include <fmt/format.h>

#include "base/overloaded.h"
#include "base/text.h"
#include "model/panic_account.h"
#include "probe/names.h"
#include "report/json_parts.h"
#include "stream/definer.h"
#include "symbols/calls.h"

namespace gorotrace {
namespace {

// Whoever wrote the file defines a stack again once so many others were defined since.
constexpr std::size_t kMaxStacks = StackDefinitions::kGeneration;

bool has_actor(gt_hook hook) {
  return hook == GT_HOOK_CREATE || hook == GT_HOOK_CREATE_CORO || hook == GT_HOOK_READY ||
         hook == GT_HOOK_INJECT;
}

}  // namespace

template <typename Write>
void ItemsJson::line(const char* type, std::optional<TargetId> target, const Write& write) {
  out_.object([&] {
    out_.field("type", type);
    if (target) out_.field("target", *target);
    write();
  });
  out_.end_line();
}

std::string ItemsJson::reason(const Target& target, unsigned reason) {
  return reason < target.wait_reasons.size() ? target.wait_reasons[reason] : fmt::format("reason {}", reason);
}

void ItemsJson::gap() {
  line("gap", std::nullopt, [] {});
}

void ItemsJson::take(const FileItem& item) {
  std::visit(Overloaded{[&](const Item& what) { of(what); },
                        [&](const FramesNamed& named) {
                          if (const auto known = targets_.find(named.target); known != targets_.end())
                            known->second.symbols.name(named);
                        },
                        [&](const ClockPair& clocks) {
                          line("clocks", std::nullopt, [&] {
                            out_.field("at_ns", clocks.monotonic_ns);
                            out_.field("unix_ns", clocks.realtime_ns);
                          });
                        },
                        [](const auto&) {}},  // what is open, and what reports alone need
             item);
}

void ItemsJson::of(const Item& item) {
  if (const auto* begun = std::get_if<TargetBegun>(&item.what)) {
    if (targets_.contains(item.target)) return;  // a segment says it again
    Target& target = targets_[item.target];
    target.pid = begun->host_pid;
    target.wait_reasons = begun->wait_reasons;
    return line("target", item.target, [&] {
      out_.field("pid", begun->host_pid);
      out_.field("exe", begun->exe);
    });
  }
  const auto known = targets_.find(item.target);
  if (known == targets_.end()) return;
  Target& target = known->second;
  const auto at = [&](const char* type, const auto& write) {
    line(type, item.target, [&] {
      out_.field("at_ns", item.at_ns);
      write();
    });
  };
  std::visit(Overloaded{[&](const Records& run) {
                          for (const gt_record& record : run.records) of(item.target, target, record);
                        },
                        [&](const StackDefined& defined) {
                          if (target.stacks.size() >= kMaxStacks) {
                            target.stacks.clear();
                            target.told.clear();
                          }
                          target.stacks.insert_or_assign(defined.id, defined.stack);
                        },
                        [&](const ValueDefined& defined) {
                          if (target.values.size() >= PanicAccount::kMaxValues) target.values.clear();
                          target.values.insert_or_assign(defined.id, defined.value);
                        },
                        [&](const Snapshot& snapshot) {
                          for (const GoroutineSnapshot& g : snapshot.goroutines) of(item.target, target, g);
                        },
                        [&](const CountersRead& read) {
                          at("counters", [&] {
                            out_.field("live", read.counters.live);
                            out_.field("created", read.counters.created);
                            out_.field("syscalls", read.counters.syscalls);
                          });
                        },
                        [&](const GroupChanged& change) {
                          at("group", [&] {
                            out_.field("group", name_of(change.group));
                            out_.field("on", change.on);
                          });
                        },
                        [&](const Loss& loss) {
                          at("loss", [&] {
                            out_.field("until_ns", loss.to_ns);
                            out_.field("count", loss.count);
                          });
                        },
                        [&](const TargetEnded&) { at("ended", [] {}); }, [](const auto&) {}},
             item.what);
}

void ItemsJson::tell_stack(TargetId id, Target& target, std::uint64_t stack) {
  if (stack == 0 || !target.told.insert(stack).second) return;
  const auto known = target.stacks.find(stack);
  if (known == target.stacks.end()) return;
  line("stack", id, [&] {
    out_.field("stack", target.numbers.name(stack));
    out_.array_field("frames", [&] {
      each_call(target.symbols, known->second->pcs,
                [&](std::uint64_t, PcKind, const std::vector<Frame>& frames) {
                  for (const Frame& frame : frames) out_.object([&] { place_fields(out_, frame); });
                });
    });
    if (known->second->truncated) out_.field("truncated", true);
  });
}

void ItemsJson::start_field(Target& target, std::uint64_t startpc) {
  if (startpc != 0)
    out_.field("start_function", target.symbols.frames(startpc, PcKind::kExact).back().function);
}

void ItemsJson::of(TargetId id, Target& target, const gt_record& record) {
  const auto hook = hook_of(record.hook);
  tell_stack(id, target, record.stack);
  line("event", id, [&] {
    out_.field("at_ns", record.time_ns);
    out_.field("event", record.hook < GT_HOOK_COUNT ? name_of(hook) : "?");
    out_.field("goid", record.goid);
    if (hook == GT_HOOK_PARK) out_.field("reason", reason(target, record.detail));
    if (hook == GT_HOOK_STW_BEGIN)
      out_.name_field("reason", record.detail == GT_NO_REASON ? "" : stw_reason_name(record.detail));
    if (has_actor(hook)) {
      const unsigned actor = record.flags & GT_REC_ACTOR_MASK;
      out_.key("by");
      if (actor == GT_ACTOR_GOROUTINE) {
        out_.value(record.other);
      } else {
        actor == GT_ACTOR_RUNTIME ? out_.value("runtime") : out_.value(nullptr);
      }
    }
    const bool site = hook == GT_HOOK_CREATE || hook == GT_HOOK_CREATE_CORO || hook == GT_HOOK_EXIT;
    if (names_value(record)) {
      panic_fields(target, record);
    } else if (record.object != 0) {
      out_.hex_field(site ? "gopc" : "object", record.object);
    }
    if (hook == GT_HOOK_EXIT_CALL || hook == GT_HOOK_ENDED) out_.field("code", record.extra);
    if (hook == GT_HOOK_SIGNAL) {
      out_.field("signal", record.extra);
      if (record.detail != 0) out_.field("interrupts", true);
    }
    if (site) start_field(target, record.extra);
    if (record.stack != 0) out_.field("stack", target.numbers.name(record.stack));
    if ((record.flags & GT_REC_ENDS) != 0) out_.field("ends", true);
    if ((record.flags & GT_REC_WOULD_BLOCK) != 0) out_.field("would_block", true);
    out_.field("tid", record.tid);
    out_.field("cpu", record.cpu);
  });
}

void ItemsJson::panic_fields(const Target& target, const gt_record& record) {
  const auto known = target.values.find(record.object);
  if (known == target.values.end()) return;
  const PanicValue& value = known->second;
  if (!value.type.empty()) out_.field("value_type", printable(value.type));
  if (!value.text.empty()) out_.field("text", printable(value.text));
}

void ItemsJson::of(TargetId id, Target& target, const GoroutineSnapshot& g) {
  tell_stack(id, target, g.stack_id);
  line("goroutine", id, [&] {
    out_.field("at_ns", g.read_at_ns);
    out_.field("goid", g.goid);
    out_.field("status", name_of(g.status));
    if (g.status == GStatus::kWaiting) out_.field("reason", reason(target, g.wait_reason));
    if (g.gopc != 0) out_.hex_field("gopc", g.gopc);
    start_field(target, g.startpc);
    if (g.stack_id != 0) out_.field("stack", target.numbers.name(g.stack_id));
  });
}

}  // namespace gorotrace
