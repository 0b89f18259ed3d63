// A function's instructions, and the data it refers to: what the recipes that read runtime code have in
// common. Linear and bounded by the function's size; a byte that is no instruction ends amd64 code, and is
// skipped on arm64.
#pragma once

#include <capstone/capstone.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "elf/image.h"
#include "golang/pclntab.h"

namespace gorotrace {

// Calls visit for each instruction, with details, until it returns false.
void disassemble(const ElfImage& image, const GoFunction& function,
                 const std::function<bool(const cs_insn&)>& visit);

struct DataRef {
  std::uint64_t address = 0;  // link-time
  std::uint8_t size = 0;      // bytes accessed; 0 when only the address is taken
  std::uint64_t at = 0;       // of the instruction
  [[nodiscard]] bool address_taken() const { return size == 0; }
};

// RIP-relative operands (amd64), adrp/adr with add or load/store (arm64), in code order.
[[nodiscard]] std::vector<DataRef> data_refs(const ElfImage& image, const GoFunction& function);

// Offsets the function may add to pointers, in code order: displacements of memory operands (not of the
// stack, nor RIP-relative ones), and on arm64 also constants that are added or put into a register, which is
// how the address of an atomic word is made.
struct Displacement {
  std::uint64_t offset = 0;  // > 0
  std::uint64_t at = 0;      // of the instruction
};
[[nodiscard]] std::vector<Displacement> displacements(const ElfImage& image, const GoFunction& function);

}  // namespace gorotrace
