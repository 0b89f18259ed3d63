// Offsets as the machine code of this very binary uses them: the check of the table, and the source of what
// moves between patch releases. Recipes: runtime/asm_{amd64,arm64}.s systemstack and mcall; runtime/proc.go
// casgstatus, reentersyscall; checked on Go 1.18-1.27.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "elf/image.h"
#include "golang/offsets.h"
#include "golang/pclntab.h"

namespace gorotrace {

struct DerivedOffset {
  std::string member;  // of RuntimeOffsets: "g_goid"
  std::uint16_t value;
  std::string from;  // "runtime.casgstatus"
  bool by_distance;  // not seen: lies there behind a field that was, in every version so far
};

// What can be derived; an unoptimised build (-N -l) gives less.
[[nodiscard]] std::vector<DerivedOffset> derive_offsets(const ElfImage& image, const Pclntab& pclntab);

// m.syscalltick: where entersyscall copies p.syscalltick to.
[[nodiscard]] std::optional<std::uint16_t> derive_m_syscalltick(const ElfImage& image, const Pclntab& pclntab,
                                                                std::uint16_t p_syscalltick);

}  // namespace gorotrace
