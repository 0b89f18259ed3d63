// Where each probe goes and why: pure functions of the binary's bytes. No kernel, no process.
// The rules and their exceptions are explained in plan.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "bpf/shared/abi.h"
#include "golang/binary.h"
#include "golang/modules.h"
#include "probe/names.h"

namespace gorotrace {

// How the kernel executes the probed instruction: one trap, or two (breakpoint + single step).
enum class Execution { kEmulated, kSingleStep };
template <>
inline constexpr auto kEnumNames<Execution> = enum_names<Execution>({
    {Execution::kEmulated, "emulated"},
    {Execution::kSingleStep, "single-step"},
});

// What this host makes of each class of instruction (capture/calibration.h measures it; planning tests use
// defaults()).
struct TrapCosts {
  double emulated_ns = 700;
  double single_step_ns = 11000;
  bool emulates_long_nop = false;  // `0f 1f`: kernel 6.18 does, 6.12 does not
  bool operator==(const TrapCosts&) const = default;
  [[nodiscard]] double of(Execution e) const {
    return e == Execution::kEmulated ? emulated_ns : single_step_ns;
  }
};

struct Site {
  gt_hook hook = GT_HOOK_NONE;
  GroupMask groups = 0;                   // attached while any of them is on
  std::string function;                   // "runtime.park_m"
  std::uint64_t vaddr = 0;                // link-time address of the probed instruction
  std::uint64_t file_offset = 0;          // what uprobes take
  std::uint32_t offset = 0;               // from the function's entry
  std::vector<std::uint8_t> instruction;  // its bytes in the file
  std::string mnemonic;                   // "jbe 0x43a1c0"
  Execution execution = Execution::kEmulated;
  std::uint8_t reg = 0;    // hardware number of the register with the g or object
  std::uint8_t flags = 0;  // GT_SITE_*
};

// A transition that cannot be probed in this binary, and what is done instead.
struct Unplanned {
  gt_hook hook;
  std::string function;
  std::string reason;  // "inlined into runtime.findRunnable (PGO)", "not in this Go version", "not linked in"
  bool expected = false;  // the version or the program simply has no such function: nothing is lost
  bool inferred = false;  // a wake-up that is told when the goroutine runs: nothing is lost, but its waker
};

struct Plan {
  std::vector<Site> sites;  // <= GT_MAX_SITES
  std::vector<Unplanned> unplanned;
};

[[nodiscard]] Result<Plan> make_plan(const GoBinary& binary, const TrapCosts& costs);
// Of the copies of the runtime's functions that a plugin's code calls instead of the program's (plan.cpp,
// R5).
[[nodiscard]] Result<Plan> make_plugin_plan(const Module& plugin, const GoVersion& version,
                                            const TrapCosts& costs);
// Every hook probed at its function's first instruction, as entry-probe tracers do: for comparison benchmarks
// only.
[[nodiscard]] Result<Plan> make_entry_plan(const GoBinary& binary, const TrapCosts& costs);

}  // namespace gorotrace
