// One function's code, and the search for the cheapest instruction that is executed exactly once per call
// with the wanted registers intact.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "golang/pclntab.h"
#include "probe/disassembler.h"
#include "probe/plan.h"

namespace gorotrace {

struct FunctionCode {
  std::string name;
  std::uint64_t entry = 0;
  std::unique_ptr<const std::vector<std::uint8_t>> bytes;  // to which the instructions refer
  std::vector<Instruction> instructions;
};

struct Candidate {
  std::size_t index = 0;  // in FunctionCode::instructions
  int reg = 0;
  std::uint8_t flags = 0;
  Execution execution = Execution::kEmulated;
};

struct Search {
  std::size_t from = 0;  // index of the first instruction to consider
  int value = 0;         // register that holds the value at `from`; plain copies of it are followed
  RegMask also = 0;      // registers that must be unwritten besides
  bool on_user_stack = false;
  bool frame_set = false;  // at `from`
};

class Walker {
 public:
  Walker(const Disassembler& disassembler, const ElfImage& image, const Pclntab& pclntab,
         const TrapCosts& costs)
      : disassembler_(disassembler), image_(image), pclntab_(pclntab), costs_(costs) {}

  [[nodiscard]] FunctionCode decode(const GoFunction& function) const;
  // R1. nullopt when not even the instruction at `from` may be probed.
  [[nodiscard]] std::optional<Candidate> cheapest(const FunctionCode& code, const Search& search) const;

  [[nodiscard]] Execution execution(const Instruction& instruction) const;

 private:
  [[nodiscard]] bool is_stack_check(const Instruction& branch) const;
  [[nodiscard]] bool entered_again(const FunctionCode& code, std::size_t index) const;

  const Disassembler& disassembler_;
  const ElfImage& image_;
  const Pclntab& pclntab_;
  const TrapCosts& costs_;
};

}  // namespace gorotrace
