#include "report/item_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.h"
#include "base/text.h"
#include "probe/names.h"

namespace gorotrace {
namespace {

// In front of a value that is there.
std::string field(const char* name, std::uint64_t value) {
  return value == 0 ? std::string() : fmt::format(" {} {:#x}", name, value);
}

const char* actor_name(const gt_record& record) {
  switch (record.flags & GT_REC_ACTOR_MASK) {
    case GT_ACTOR_RUNTIME:
      return "runtime";
    case GT_ACTOR_UNKNOWN:
      return "unknown";
    default:
      return nullptr;
  }
}

const char* object_name(gt_hook hook) {
  switch (hook) {
    case GT_HOOK_CREATE:
    case GT_HOOK_EXIT:
      return "gopc";
    case GT_HOOK_PANIC:
    case GT_HOOK_THROW:
      return "value";
    default:
      return "object";
  }
}

const char* extra_name(gt_hook hook) {
  switch (hook) {
    case GT_HOOK_PARK:
      return "labels";
    case GT_HOOK_PANIC:
    case GT_HOOK_RECOVERED:
      return "depth";
    case GT_HOOK_EXIT_CALL:
    case GT_HOOK_ENDED:
      return "code";
    case GT_HOOK_SIGNAL:
      return "signal";
    default:
      return "startpc";
  }
}

bool has_actor(const gt_record& record) {
  switch (record.hook) {
    case GT_HOOK_CREATE:
    case GT_HOOK_CREATE_CORO:
    case GT_HOOK_READY:
    case GT_HOOK_INJECT:
      return true;
    default:
      return false;
  }
}

}  // namespace

void ItemText::line(std::uint64_t at_ns, TargetId target, const std::string& text) {
  if (!first_ns_ && at_ns != 0) first_ns_ = at_ns;
  const auto of = targets_.find(target);
  const std::int64_t ns = at_ns == 0 ? 0 : static_cast<std::int64_t>(at_ns - *first_ns_);
  out_(fmt::format("{:14.9f} {:7} {}\n", static_cast<double>(ns) / 1e9,
                   of == targets_.end() ? 0 : of->second.pid, text));
}

void ItemText::gap() {
  out_("a part of the file could not be read here\n");
}

void ItemText::item(const FileItem& item) {
  std::visit([this](const auto& what) { of(what); }, item);
}

std::string ItemText::reason(const Target& target, unsigned reason) const {
  return reason < target.wait_reasons.size() ? target.wait_reasons[reason] : fmt::format("reason {}", reason);
}

std::string ItemText::record_text(Target& target, const gt_record& record) {
  const auto hook = hook_of(record.hook);
  std::string text = fmt::format("{} {}", record.hook < GT_HOOK_COUNT ? name_of(hook) : "?", record.goid);
  if (record.hook == GT_HOOK_PARK) text += " \"" + reason(target, record.detail) + "\"";
  if (record.hook == GT_HOOK_STW_BEGIN && record.detail != GT_NO_REASON)
    text += " \"" + stw_reason_name(record.detail) + "\"";
  if (has_actor(record)) {
    const char* actor = actor_name(record);
    text += actor == nullptr ? fmt::format(" by {}", record.other) : fmt::format(" by {}", actor);
  }
  if (record.hook == GT_HOOK_SIGNAL && record.detail != 0) {
    const char* actor = record.goid == 0 ? actor_name(record) : nullptr;
    text += actor == nullptr ? std::string(" interrupted") : fmt::format(" interrupted {}", actor);
  }
  text += field(object_name(hook), record.object);
  text += field(extra_name(hook), record.extra);
  if (record.stack != 0) text += " stack " + target.stacks.name(record.stack);
  if (record.flags & GT_REC_NO_STACK) text += " without-stack";
  if (record.flags & GT_REC_TRUNCATED) text += " truncated";
  if (record.flags & GT_REC_ENDS) text += " ends";
  if (record.flags & GT_REC_WOULD_BLOCK) text += " would-block";
  return text + fmt::format(" tid {} cpu {}", record.tid, record.cpu);
}

void ItemText::of(const Item& item) {
  if (const auto* begun = std::get_if<TargetBegun>(&item.what)) {
    Target& target = targets_[item.target];
    target.pid = begun->host_pid;
    target.wait_reasons = begun->wait_reasons;
  }
  const auto say = [&](const std::string& text) { line(item.at_ns, item.target, text); };
  const auto stacks = [&]() -> StackNumbers& { return targets_[item.target].stacks; };
  std::visit(
      Overloaded{
          [&](const Advanced&) { say("advanced"); },
          [&](const TargetBegun& begun) { say("target-begun " + begun.exe); },
          [&](const TargetEnded&) { say("target-ended"); }, [&](const TargetGone&) { say("target-gone"); },
          [&](const Records& run) {
            Target& target = targets_[item.target];
            for (const gt_record& record : run.records)
              line(record.time_ns, item.target, record_text(target, record));
          },
          [&](const StackDefined& defined) {
            std::string text = "stack " + stacks().name(defined.id);
            for (const std::uint64_t pc : defined.stack->pcs) text += fmt::format(" {:#x}", pc);
            if (defined.stack->truncated) text += " truncated";
            say(text);
          },
          [&](const FunctionDescribed& f) {
            say(fmt::format("function {:#x} {}{}", f.startpc, f.name.empty() ? "?" : printable(f.name),
                            f.system ? " system" : ""));
          },
          [&](const ValueDefined& v) {
            say(fmt::format("value {:#x} {}{}{}", v.id, v.value.type.empty() ? "-" : printable(v.value.type),
                            v.value.text.empty() ? "" : " \"" + printable(v.value.text) + "\"",
                            v.value.cut ? " cut" : ""));
          },
          [&](const Snapshot& snapshot) {
            say(fmt::format("snapshot goroutines {} stacks {}", snapshot.goroutines.size(),
                            snapshot.counts.stacks));
            for (const GoroutineSnapshot& g : snapshot.goroutines) {
              std::string text = fmt::format("  goroutine {} {}", g.goid, name_of(g.status));
              if (g.status == GStatus::kWaiting)
                text += " \"" + reason(targets_[item.target], g.wait_reason) + "\"";
              text += field("gopc", g.gopc) + field("startpc", g.startpc);
              if (g.stack_id != 0) text += " stack " + stacks().name(g.stack_id);
              line(g.read_at_ns, item.target, text);
            }
          },
          [&](const SeenObjects& seen) {
            say(fmt::format("objects {}", seen.objects.size()));
            for (const SeenObject& object : seen.objects) {
              line(object.read_at_ns, item.target,
                   fmt::format("  object {} {} {:#x}", object.goid, name_of(object.kind), object.address));
            }
          },
          [&](const CountersRead& read) {
            const RuntimeCounters& c = read.counters;
            say(fmt::format("counters live {} system {} created {} syscalls {} switches {}{}", c.live,
                            c.system, c.created, c.syscalls, c.switches, c.settled ? "" : " unsettled"));
          },
          [&](const GroupChanged& change) {
            say(fmt::format("group {} {}", name_of(change.group), change.on ? "on" : "off"));
          },
          [&](const CostCharged& cost) {
            say(fmt::format("cost hits {} charged_ns {:.0f} target_cpu_ns {}", cost.hits, cost.charged_ns,
                            cost.target_cpu_ns));
          },
          [&](const Loss& loss) {
            say(fmt::format(
                "loss {} until {:.9f}", loss.count,
                static_cast<double>(loss.to_ns - std::min(loss.to_ns, first_ns_.value_or(0))) / 1e9));
          },
          [&](const SampleClasses& classes) {
            say(fmt::format("sample-classes rows {} sites {}", classes.rows.size(), classes.sites.size()));
          },
          [&](const SampleTick& tick) {
            say(fmt::format("sample {} of {} slots {} changed {}{}", tick.number,
                            tick.what == SampledWhat::kRuns ? "runs" : "goroutines", tick.slots,
                            tick.changed.size(), tick.begins ? " begins" : ""));
          },
          [&](const SamplesLost& lost) { say(fmt::format("samples-lost {}", lost.count)); },
          [&](const SamplingEnded& ended) {
            say(fmt::format("sampling-ended {}", ended.what == SampledWhat::kRuns ? "runs" : "goroutines"));
          }},
      item.what);
}

void ItemText::of(const FramesNamed& named) {
  std::string text = fmt::format("names {:#x}{}", named.pc, named.kind == PcKind::kExact ? "" : " return");
  for (const Frame& frame : named.frames)
    text += fmt::format(" {} {}:{}", frame.function, frame.file, frame.line);
  line(0, named.target, text);
}

void ItemText::of(const MappingsTold& told) {
  for (const ExecutableMapping& m : told.mappings) {
    line(0, told.target,
         fmt::format("mapping {:#x}-{:#x} offset {:#x} {}{}", m.start, m.end, m.file_offset, m.file,
                     m.build_id.empty() ? "" : " build-id " + m.build_id));
  }
}

void ItemText::of(const FactsTold& told) {
  const StatFacts& f = told.facts;
  line(0, told.target,
       fmt::format("facts{} {} {} produced {} received {} dropped {}", told.whole ? " whole" : "",
                   f.target.program(), f.target.go_version, f.events.produced, f.events.received,
                   f.events.dropped_total()));
}

void ItemText::of(const CheckpointTold& told) {
  line(told.checkpoint.model.at_ns, told.target,
       fmt::format("checkpoint goroutines {}", told.checkpoint.model.goroutines.size()));
}

void ItemText::of(const ClockPair& clocks) {
  line(clocks.monotonic_ns, 0,
       fmt::format("clock {}.{:09}", clocks.realtime_ns / 1'000'000'000, clocks.realtime_ns % 1'000'000'000));
}

void ItemText::of(const WindowKept& kept) {
  line(0, 0,
       fmt::format("window{} of {} dropped_bytes {}{} \"{}\"", kept.from_the_start ? " from the start" : "",
                   format_duration(kept.asked_ns), kept.dropped_bytes, kept.goes_on ? " goes on" : "",
                   kept.why));
}

}  // namespace gorotrace
