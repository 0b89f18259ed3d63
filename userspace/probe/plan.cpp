// Rules. R1: walk from a function's entry and take the cheapest instruction at which the wanted registers are
// unwritten. R2: a goroutine is born where newproc1 is called; it is complete and not yet visible at the
// runqput that follows, or right after newproc1 where there is no such call (coroutines; runqput inlined by
// PGO). R3: what runs on g0 is never restarted by morestack (g0 does not grow), so its stack check needs no
// filter by flags; left unset there, since a hit of a g0 function is an event whatever its flags are.
// chansend runs on g0 from timers only, where the branch is not taken either: its flag is right on both.
// R4: the scheduler's own wake-ups are its calls of casgstatus(gp, _Gwaiting, _Grunnable), told from its
// other calls by the constants. Where PGO inlined one of them (or that of injectglist), it shows when the
// goroutine runs: there, and only there, execute serves the block group, too. R5: a plugin is linked with a
// copy of each runtime function that its code needs, and its direct calls (newproc, goready, semrelease) go
// to those; the runtime's data is the program's, and so are the functions that are called through func values
// in it (park_m, goexit0: cmd/link/internal/ld/lib.go BuildModePlugin, the linker binds calls within a file).
// A thread that its code starts even begins in its copy of the scheduler. Each event passes through one of
// the copies, so each needs its probes.
#include "probe/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "probe/constants.h"
#include "probe/hooks.h"
#include "probe/sites.h"
#include "probe/walk.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMaxCreationHosts = 16;
// Instructions before a call in which its arguments on the stack are looked for.
constexpr std::size_t kStraightLine = 8;
// runtime/panic.go
constexpr std::array kNeverReturn{"runtime.throw", "runtime.fatal", "runtime.gopanic", "runtime.panic",
                                  "runtime.goPanic"};
// runtime/runtime2.go
constexpr std::int64_t kRunnable = 1, kWaiting = 4, kDead = 6;

class Planner {
 public:
  Planner(const ElfImage& image, const Pclntab& pclntab, const TrapCosts& costs,
          const Disassembler& disassembler, const PlanRules& rules)
      : image_(image),
        pclntab_(pclntab),
        dis_(disassembler),
        walker_(disassembler, image, pclntab, costs),
        rules_(rules) {}

  Result<Plan> run() {
    plan_creation();
    for (const HookRule& rule : hook_rules()) plan_rule(rule);
    infer_hidden_wake_ups();
    if (plan_.sites.size() > GT_MAX_SITES) {
      return fail(ErrorKind::kUnsupported,
                  fmt::format("the binary needs {} probe sites, more than the {} we attach",
                              plan_.sites.size(), GT_MAX_SITES));
    }
    return std::move(plan_);
  }

 private:
  void miss(gt_hook hook, const char* function, std::string reason, bool expected = false) {
    plan_.unplanned.push_back({hook, function, std::move(reason), expected});
  }

  void add(gt_hook hook, const FunctionCode& code, const Candidate& c) {
    const Instruction& i = code.instructions[c.index];
    const auto offset = image_.offset_of(i.address);
    if (!offset) {
      miss(hook, code.name.c_str(), "its code is not in the file");
      return;
    }
    plan_.sites.push_back({hook, groups_of(hook), code.name, i.address, *offset,
                           static_cast<std::uint32_t>(i.address - code.entry),
                           std::vector<std::uint8_t>(i.bytes.begin(), i.bytes.end()), i.text, c.execution,
                           static_cast<std::uint8_t>(c.reg), c.flags});
  }

  [[nodiscard]] std::vector<std::size_t> calls(const FunctionCode& code, std::uint64_t target) const {
    std::vector<std::size_t> out;
    for (std::size_t n = 0; n < code.instructions.size(); ++n) {
      const Instruction& i = code.instructions[n];
      if (i.flow == Instruction::Flow::kCall && i.target == target && target != 0) out.push_back(n);
    }
    return out;
  }

  [[nodiscard]] std::uint64_t entry_of(const char* name) const {
    const auto f = pclntab_.function_named(name);
    return f ? f->entry : 0;
  }

  // The register stored to the callee's stack argument (ABI0: [sp], arm64 [sp + 8]) and unwritten up to the
  // call.
  [[nodiscard]] int stack_argument(const FunctionCode& code, std::size_t call) const {
    const std::int64_t slot = dis_.arch() == Arch::kAmd64 ? 0 : 8;
    RegMask written = 0;
    for (std::size_t back = 1; back <= std::min(call, kStraightLine); ++back) {
      const Instruction& i = code.instructions[call - back];
      if (i.flow != Instruction::Flow::kNext) return -1;
      if (i.store_reg >= 0 && i.store_at == slot) {
        return (written & reg_bit(static_cast<unsigned>(i.store_reg))) == 0 ? i.store_reg : -1;
      }
      written |= i.writes;
    }
    return -1;
  }

  [[nodiscard]] bool returns(std::uint64_t target) const {
    const auto callee = pclntab_.function_at(target);
    if (!callee) return true;
    return std::ranges::none_of(kNeverReturn, [&](auto prefix) { return callee->name.starts_with(prefix); });
  }

  // Where PGO inlined newproc1, which calls no runqput itself, the call that follows it is the host's own, as
  // elsewhere. With runqput inlined, too, there is still newproc1's casgstatus(newg, _Gdead, ...), behind
  // which the goroutine is no longer dead and, since Go 1.24, before which it has its goid (runtime/proc.go
  // newproc1).
  std::size_t plan_inlined_creation(std::uint64_t runqput) {
    std::size_t planned = 0;
    for (const GoFunction& host : pclntab_.functions_inlining("runtime.newproc1")) {
      const FunctionCode code = walker_.decode(host);
      auto at = calls(code, runqput);
      int reg = dis_.argument(1);
      if (at.empty() && rules_.goid_before_runnable) {
        at = calls(code, entry_of("runtime.casgstatus"));
        const Constants constants(code.instructions, [&](std::uint64_t target) { return returns(target); });
        std::erase_if(at,
                      [&](std::size_t call) { return constants.before(call, dis_.argument(1)) != kDead; });
        reg = dis_.argument(0);
      }
      if (at.size() == 1 && planned < kMaxCreationHosts) {
        ++planned;
        const bool coroutine = host.name.starts_with("runtime.newcoro");
        add(coroutine ? GT_HOOK_CREATE_CORO : GT_HOOK_CREATE, code,
            {at.front(), reg, GT_SITE_FRAME_SET, Execution::kEmulated});
      } else {
        miss(GT_HOOK_CREATE, "runtime.newproc1", fmt::format("inlined into {} (PGO)", printable(host.name)));
      }
    }
    return planned;
  }

  void plan_creation() {
    const std::uint64_t newproc1 = entry_of("runtime.newproc1"), runqput = entry_of("runtime.runqput");
    std::size_t planned = plan_inlined_creation(runqput);
    const auto hosts = newproc1 == 0 ? std::vector<GoFunction>{} : direct_callers(image_, pclntab_, newproc1);
    for (const GoFunction& host : hosts) {
      if (host.name.starts_with("runtime.debugCall") || planned == kMaxCreationHosts) continue;
      const FunctionCode code = walker_.decode(host);
      const gt_hook hook = host.name.starts_with("runtime.newcoro") ? GT_HOOK_CREATE_CORO : GT_HOOK_CREATE;
      for (const std::size_t call : calls(code, newproc1)) {
        const auto puts = calls(code, runqput);
        const auto put = std::find_if(puts.begin(), puts.end(), [&](std::size_t n) { return n > call; });
        ++planned;
        if (put != puts.end()) {
          add(hook, code, {*put, dis_.argument(1), GT_SITE_FRAME_SET, Execution::kEmulated});
        } else if (const auto c = walker_.cheapest(
                       code, {.from = call + 1, .value = dis_.argument(0), .frame_set = true})) {
          add(hook, code, *c);
        } else {
          miss(hook, code.name.c_str(), "no instruction after the call of newproc1 may be probed");
        }
      }
    }
    if (planned == 0)
      miss(GT_HOOK_CREATE, "runtime.newproc1", "no caller found", rules_.plugin && newproc1 == 0);
  }

  void plan_rule(const HookRule& rule) {
    if (rule.where == Where::kWakeUp) return plan_wake_ups(rule);
    if (rule.inlinable) plan_inlined(rule);
    const auto function = pclntab_.function_named(rule.function);
    if (!function) {
      miss(rule.hook, rule.function, "not in this Go version or not linked in",
           rule.optional || rules_.plugin);
      return;
    }
    const FunctionCode code = walker_.decode(*function);
    rule.where == Where::kEntry ? plan_entry(rule, code) : plan_calls(rule, code);
  }

  // Where PGO inlined a function its entry does not see those calls; the entry of a thin wrapper does, unless
  // the wrapper calls the function too: then each such call would count twice.
  void plan_inlined(const HookRule& rule) {
    for (const GoFunction& host : pclntab_.functions_inlining(rule.function)) {
      if (rule.where == Where::kEntry && is_thin_wrapper(host.name)) {
        const FunctionCode code = walker_.decode(host);
        if (calls(code, entry_of(rule.function)).empty()) {
          plan_entry(rule, code);
          continue;
        }
      }
      miss(rule.hook, rule.function,
           fmt::format("inlined into {} (PGO): not seen there", printable(host.name)));
    }
  }

  void plan_entry(const HookRule& rule, const FunctionCode& code) {
    const int g = dis_.current_g();
    const bool of_g = rule.value == Value::kCurrentG || (rule.value == Value::kReason && !rules_.stw_reasons);
    RegMask also = rule.needs_current_g ? reg_bit(static_cast<unsigned>(g)) : 0;
    if (rule.value == Value::kArguments) also |= reg_bit(static_cast<unsigned>(dis_.argument(1)));
    const Search search{
        .from = 0, .value = of_g ? g : dis_.argument(0), .also = also, .on_user_stack = rule.on_user_stack};
    if (code.instructions.empty()) {
      miss(rule.hook, code.name.c_str(), "its code cannot be read");
    } else if (rules_.at_entries) {
      add(rule.hook, code, {0, search.value, 0, walker_.execution(code.instructions[0])});
    } else if (const auto c = walker_.cheapest(code, search)) {
      add(rule.hook, code, *c);
    } else {
      miss(rule.hook, code.name.c_str(), "no instruction of its prologue may be probed");
    }
  }

  void plan_calls(const HookRule& rule, const FunctionCode& code) {
    const auto found = calls(code, entry_of(rule.callee));
    for (const std::size_t call : found) {
      const int reg = rule.value == Value::kCurrentG         ? dis_.current_g()
                      : rule.value == Value::kStackArgument0 ? stack_argument(code, call)
                                                             : dis_.argument(0);
      if (reg < 0) {
        miss(rule.hook, rule.function, fmt::format("the argument of {} is in no register", rule.callee));
      } else {
        add(rule.hook, code, {call, reg, GT_SITE_FRAME_SET, Execution::kEmulated});
      }
    }
    if (found.empty())
      miss(rule.hook, rule.function, fmt::format("no call of {} in it (inlined by PGO)", rule.callee));
  }

  [[nodiscard]] bool inlines(const GoFunction& host, const char* function) const {
    return std::ranges::any_of(pclntab_.functions_inlining(function),
                               [&](const GoFunction& f) { return f.index == host.index; });
  }

  // R4.
  void plan_wake_ups(const HookRule& rule) {
    const auto also_planned = [&](const GoFunction& host) {
      return std::ranges::any_of(hook_rules(), [&](const HookRule& other) {
        return other.where == Where::kWakeUp && other.function == host.name;
      });
    };
    const auto hosts =
        rule.inlinable ? pclntab_.functions_inlining(rule.function) : std::vector<GoFunction>{};
    for (const GoFunction& host : hosts) {
      if (!also_planned(host))
        miss(rule.hook, rule.function, fmt::format("inlined into {} (PGO)", printable(host.name)));
    }
    const auto function = pclntab_.function_named(rule.function);
    if (!function) {
      if (hosts.empty())
        miss(rule.hook, rule.function, "not in this Go version or not linked in",
             rule.optional || rules_.plugin);
      return;
    }
    const FunctionCode code = walker_.decode(*function);
    const Constants constants(code.instructions, [&](std::uint64_t target) { return returns(target); });
    std::size_t wake_ups = 0, unclear = 0;
    for (const std::size_t call : calls(code, entry_of(rule.callee))) {
      const auto from = constants.before(call, dis_.argument(1)),
                 to = constants.before(call, dis_.argument(2));
      if (from.value_or(kWaiting) != kWaiting || to.value_or(kRunnable) != kRunnable) continue;
      if (!from || !to) {
        ++unclear;
        continue;
      }
      ++wake_ups;
      add(rule.hook, code,
          {call, dis_.argument(0), GT_SITE_FRAME_SET | GT_SITE_BY_SCHEDULER, Execution::kEmulated});
    }
    const Wakes expected = wakes(rule.function);
    if (unclear != 0) {
      miss(rule.hook, rule.function, fmt::format("a call of {} in it is not understood", rule.callee));
    } else if (expected == Wakes::kOnce ? wake_ups != 1 : inlines(*function, rule.callee)) {
      miss(rule.hook, rule.function, fmt::format("{} is inlined in it (PGO)", rule.callee));
    } else if (wake_ups == 0 && expected == Wakes::kAlways) {
      miss(rule.hook, rule.function, fmt::format("no call of {} in it", rule.callee));
    }
  }

  void infer_hidden_wake_ups() {
    if (rules_.plugin) return;
    const auto hidden = [](const Unplanned& u) {
      return !u.expected && (u.hook == GT_HOOK_READY || u.hook == GT_HOOK_INJECT);
    };
    const auto execute = std::ranges::find(plan_.sites, GT_HOOK_EXECUTE, &Site::hook);
    if (execute == plan_.sites.end() || std::ranges::none_of(plan_.unplanned, hidden)) return;
    execute->groups |= group_bit(GT_GROUP_BLOCK);
    for (Unplanned& u : plan_.unplanned) {
      // Where `ready` itself is hidden the waker, a goroutine mostly, is missed.
      if (!hidden(u) || u.function == "runtime.ready") continue;
      u.inferred = true;
      u.reason += ": its wake-ups are inferred when the goroutines run, by execute, which block then needs";
    }
  }

  const ElfImage& image_;
  const Pclntab& pclntab_;
  const Disassembler& dis_;
  Walker walker_;
  PlanRules rules_;
  Plan plan_;
};

}  // namespace

Result<Plan> plan_sites(const ElfImage& image, const Pclntab& pclntab, const TrapCosts& costs,
                        const PlanRules& rules) {
  const auto disassembler = Disassembler::make(image.arch());
  if (!disassembler) return std::unexpected(disassembler.error());
  const FileWindow::Hold hold(image.file());
  auto plan = Planner(image, pclntab, costs, *disassembler, rules).run();
  // What could not be read looks like a function that has no place for a probe.
  if (const auto fault = image.fault()) return fail(ErrorKind::kFailed, "the executable " + *fault);
  return plan;
}

Result<Plan> make_plan(const GoBinary& binary, const TrapCosts& costs) {
  return plan_sites(
      binary.image(), binary.pclntab(), costs,
      {.goid_before_runnable = binary.version().at_least(24), .stw_reasons = binary.version().at_least(21)});
}

Result<Plan> make_plugin_plan(const Module& plugin, const GoVersion& version, const TrapCosts& costs) {
  return plan_sites(
      *plugin.image, *plugin.table, costs,
      {.goid_before_runnable = version.at_least(24), .stw_reasons = version.at_least(21), .plugin = true});
}

Result<Plan> make_entry_plan(const GoBinary& binary, const TrapCosts& costs) {
  return plan_sites(binary.image(), binary.pclntab(), costs,
                    {.at_entries = true,
                     .goid_before_runnable = binary.version().at_least(24),
                     .stw_reasons = binary.version().at_least(21)});
}

}  // namespace gorotrace
