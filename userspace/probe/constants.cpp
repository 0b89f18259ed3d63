#include "probe/constants.h"

#include <set>
#include <utility>

namespace gorotrace {

Constants::Constants(const std::vector<Instruction>& code, std::function<bool(std::uint64_t)> returns)
    : code_(code), returns_(std::move(returns)) {
  for (std::size_t n = 0; n < code_.size(); ++n) {
    const Instruction& i = code_[n];
    const bool branch = i.flow == Instruction::Flow::kConditional || i.flow == Instruction::Flow::kJump;
    if (branch && i.target != 0) branches_[i.target].push_back(n);
    if (i.flow == Instruction::Flow::kJump && i.target == 0) by_register_ = true;
  }
}

std::vector<std::size_t> Constants::predecessors(std::size_t index) const {
  std::vector<std::size_t> out;
  if (index > 0) {
    const Instruction& i = code_[index - 1];
    const bool ends = i.flow == Instruction::Flow::kJump || i.flow == Instruction::Flow::kEnd ||
                      (i.flow == Instruction::Flow::kCall && !returns_(i.target));
    if (!ends) out.push_back(index - 1);
  }
  if (const auto found = branches_.find(code_[index].address); found != branches_.end())
    out.insert(out.end(), found->second.begin(), found->second.end());
  return out;
}

std::optional<std::int64_t> Constants::before(std::size_t index, int reg) const {
  std::optional<std::int64_t> constant;
  std::set<std::pair<std::size_t, int>> seen{{index, reg}};  // a way back to one of them adds nothing
  std::vector<std::pair<std::size_t, int>> open{{index, reg}};
  while (!open.empty()) {
    const auto [at, wanted] = open.back();
    open.pop_back();
    const std::vector<std::size_t> before = predecessors(at);
    // An argument; or it may be reached through a register. Else nobody comes here (padding behind a throw).
    if (at == 0 || (before.empty() && by_register_)) return std::nullopt;
    for (const std::size_t n : before) {
      const Instruction& i = code_[n];
      if (i.constant_reg == wanted) {
        if (constant && *constant != i.constant) return std::nullopt;
        constant = i.constant;
        continue;
      }
      const bool copied = i.copy_to == wanted && i.copy_from >= 0;
      const bool written = (i.writes & reg_bit(static_cast<unsigned>(wanted))) != 0;
      // No register outlives a call (cmd/compile/abi-internal.md); those that do hold no constants.
      if ((written && !copied) || i.flow == Instruction::Flow::kCall) return std::nullopt;
      const std::pair next{n, copied ? i.copy_from : wanted};
      if (seen.insert(next).second) open.push_back(next);
    }
  }
  return constant;
}

}  // namespace gorotrace
