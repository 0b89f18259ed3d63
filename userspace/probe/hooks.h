// Which function of the runtime shows which transition, and where in it to look.
#pragma once

#include <span>
#include <string_view>

#include "probe/plan.h"

namespace gorotrace {

enum class Where {
  kEntry,   // R1: the first good instruction from the entry on
  kCall,    // the call of `callee` in the function
  kWakeUp,  // R4: the calls of `callee`, casgstatus, that make a waiting goroutine runnable
};

// What the register of the site holds there.
enum class Value {
  kArgument0,       // first argument of ABIInternal: a *g, or the object of SEM_* and CHAN_*
  kArguments,       // the same, and the second one is wanted in its register, too
  kCurrentG,        // R14 / X28
  kReason,          // argument 0 where the version has one, else the current g
  kStackArgument0,  // argument 0 of an assembly function (ABI0), which the caller still has in a register
};

struct HookRule {
  gt_hook hook;
  const char* function;
  Where where;
  const char* callee;
  Value value;
  bool needs_current_g;  // besides `value`
  bool on_user_stack;    // its stack check can go to morestack, after which the function starts again
  bool inlinable;  // PGO may inline it; others are called through a func value or assembly, use getcallerpc,
                   // or are go:yeswritebarrierrec (cmd/compile/internal/inline/inl.go, CanInline)
  bool optional;   // some Go versions or some programs have no such function
};

[[nodiscard]] std::span<const HookRule> hook_rules();
// Where a function of a rule kWakeUp wakes somebody.
enum class Wakes {
  kOnce,     // at one of its calls of casgstatus
  kAlways,   // at each of them
  kPerhaps,  // likewise, if it has any
};
[[nodiscard]] Wakes wakes(std::string_view function);
// Whether the function hands its own first argument on as that of the rule's function, in every call and
// first of all: where PGO inlined the latter into it, its entry shows the same event.
[[nodiscard]] bool is_thin_wrapper(std::string_view host);
[[nodiscard]] GroupMask groups_of(gt_hook hook);
// Those that a site of the hook may serve in some binary.
[[nodiscard]] GroupMask possible_groups_of(gt_hook hook);

}  // namespace gorotrace
