// What a plan needs to know of one machine instruction, for both architectures, from Capstone.
// Threads: a Disassembler belongs to one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "elf/image.h"

namespace gorotrace {

using RegMask = std::uint64_t;  // bit n: general register n in the hardware's own numbering; arm64's 31 is sp
[[nodiscard]] constexpr RegMask reg_bit(unsigned n) {
  return RegMask{1} << n;
}

struct Instruction {
  enum class Flow { kNext, kConditional, kJump, kCall, kEnd };

  std::uint64_t address = 0;
  Bytes bytes;               // of the code it was decoded from
  Flow flow = Flow::kNext;   // kEnd: return, trap, undecodable
  std::uint64_t target = 0;  // of a direct branch or call; 0 when indirect
  RegMask writes = 0;
  int copy_from = -1, copy_to = -1;      // a plain register move ...
  int copy_bytes = 0;                    // ... of 8 bytes, or of 4 that zero the upper half
  int store_reg = -1;                    // a plain 64-bit store of this register ...
  std::int64_t store_at = 0;             // ... to [sp + store_at]
  int constant_reg = -1;                 // a register is set to ...
  std::int64_t constant = 0;             // ... this
  bool unsigned_below_or_equal = false;  // jbe / b.ls
  std::string text;

  [[nodiscard]] std::uint64_t end() const { return address + bytes.size(); }
};

class Disassembler {
 public:
  [[nodiscard]] static Result<Disassembler> make(Arch arch);
  Disassembler(Disassembler&& other) noexcept;
  Disassembler& operator=(Disassembler&&) = delete;
  Disassembler(const Disassembler&) = delete;
  ~Disassembler();

  // Calls visit for each instruction of code until it returns false. Undecodable bytes are one kEnd
  // instruction each (amd64: one byte, arm64: four), after which decoding goes on: literals stand between
  // instructions.
  void each(Bytes code, std::uint64_t address, const std::function<bool(const Instruction&)>& visit) const;

  [[nodiscard]] int stack_pointer() const { return arch_ == Arch::kAmd64 ? 4 : 31; }
  [[nodiscard]] int frame_pointer() const { return arch_ == Arch::kAmd64 ? 5 : 29; }
  [[nodiscard]] int current_g() const { return arch_ == Arch::kAmd64 ? 14 : 28; }
  // n-th integer argument of ABIInternal (cmd/compile/abi-internal.md, "Architecture specifics"), n < 3.
  [[nodiscard]] int argument(int n) const;
  [[nodiscard]] Arch arch() const { return arch_; }

 private:
  Disassembler(Arch arch, std::size_t handle) : arch_(arch), handle_(handle) {}
  Arch arch_;
  std::size_t handle_;
};

}  // namespace gorotrace
