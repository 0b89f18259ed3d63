#include "probe/emulation.h"

#include <algorithm>
#include <array>

namespace gorotrace {
namespace {

// arch/x86/kernel/uprobes.c: branch_setup_xol_ops and push_setup_xol_ops, as kernels from 5.10 on have them.
bool emulated_amd64(Bytes i, const TrapCosts& costs) {
  const auto at = [&](std::size_t n) { return n < i.size() ? i[n] : std::uint8_t{0}; };
  const std::uint8_t a = at(0), b = at(1);
  if (a >= 0x50 && a <= 0x57) return true;                                           // push
  if (a == 0x41 && b >= 0x50 && b <= 0x57) return true;                              // push r8..r15
  if (i.size() == 1 && a == 0x90) return true;                                       // nop
  if (i.size() == 2 && a == 0x66 && b == 0x90) return true;                          // nop of two bytes
  if (a == 0xeb || a == 0xe9 || a == 0xe8 || (a >= 0x70 && a <= 0x7f)) return true;  // jmp, call, jcc rel8
  if (a == 0x0f && b >= 0x80 && b <= 0x8f) return true;                              // jcc rel32
  return a == 0x0f && b == 0x1f && costs.emulates_long_nop;
}

// arch/arm64/kernel/probes/decode-insn.c: arm_probe_decode_insn. Only newer kernels know `nop`; they are
// those that know x86's long nop too, so one measured capability stands for both.
bool emulated_arm64(Bytes bytes, const TrapCosts& costs) {
  const auto i = load<std::uint32_t>(bytes, 0);
  if (!i) return false;
  struct Pattern {
    std::uint32_t mask, value;
  };
  static constexpr std::array<Pattern, 9> kPatterns{{
      {0x7c000000, 0x14000000},  // b, bl
      {0xff000010, 0x54000000},  // b.cond
      {0x7e000000, 0x34000000},  // cbz, cbnz
      {0x7e000000, 0x36000000},  // tbz, tbnz
      {0x1f000000, 0x10000000},  // adr, adrp
      {0xbf000000, 0x18000000},  // ldr literal
      {0xff000000, 0x98000000},  // ldrsw literal
      {0xff9ffc1f, 0xd61f0000},  // br, blr
      {0xfffffc1f, 0xd65f0000},  // ret
  }};
  if (*i == 0xd503201f) return costs.emulates_long_nop;
  return std::any_of(kPatterns.begin(), kPatterns.end(),
                     [&](const Pattern& p) { return (*i & p.mask) == p.value; });
}

}  // namespace

bool is_emulated(Arch arch, Bytes instruction, const TrapCosts& costs) {
  if (is_forbidden_site(arch, instruction)) return false;
  return arch == Arch::kAmd64 ? emulated_amd64(instruction, costs) : emulated_arm64(instruction, costs);
}

// Kernels from 6.18 on rewrite a probed five-byte nop into a call to a trampoline that they map into the
// process; it writes below the stack pointer (arch/x86/kernel/uprobes.c, arch_uprobe_optimize).
bool is_forbidden_site(Arch arch, Bytes instruction) {
  static constexpr std::array<std::uint8_t, 5> kNop5{0x0f, 0x1f, 0x44, 0x00, 0x00};
  return arch == Arch::kAmd64 && instruction.size() == kNop5.size() &&
         std::equal(kNop5.begin(), kNop5.end(), instruction.begin());
}

}  // namespace gorotrace
