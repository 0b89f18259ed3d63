// Which constant a register holds before an instruction, whichever way the function came there.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "probe/disassembler.h"

namespace gorotrace {

class Constants {
 public:
  // `code`: a whole function; it outlives this object. `returns`: whether the function at an address does.
  Constants(const std::vector<Instruction>& code, std::function<bool(std::uint64_t)> returns);
  // nullopt when it is no constant, or not the same one on every path. Copies between registers are followed
  // back. What a branch through a register alone leads to is not known.
  [[nodiscard]] std::optional<std::int64_t> before(std::size_t index, int reg) const;

 private:
  // Those that may be executed right before the instruction.
  [[nodiscard]] std::vector<std::size_t> predecessors(std::size_t index) const;

  const std::vector<Instruction>& code_;
  std::function<bool(std::uint64_t)> returns_;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> branches_;  // by target
  bool by_register_ = false;                                              // there are such branches
};

}  // namespace gorotrace
