#include "recording/recorded_symbols.h"

#include <fmt/format.h>

#include "symbols/calls.h"

namespace gorotrace {

void RecordedSymbols::name(const FramesNamed& named) {
  ByPc& names = named.kind == PcKind::kExact ? of_exact_ : of_return_;
  if (named.frames.empty()) return;
  if (names.size() >= kMaxPcs && !names.contains(named.pc)) return;
  names.insert_or_assign(named.pc, named.frames);
}

const std::vector<Frame>& RecordedSymbols::stack(std::uint64_t id) {
  static const std::vector<Frame> none;
  const StackPcs* stack = stacks_.find(id);
  if (stack == nullptr) return none;
  const auto [kept, fresh] = of_stacks_.try_emplace(id);
  if (!fresh) return kept->second;
  each_call(*this, stack->pcs, [&](std::uint64_t, PcKind, const std::vector<Frame>& frames) {
    kept->second.insert(kept->second.end(), frames.begin(), frames.end());
  });
  return kept->second;
}

bool RecordedSymbols::truncated(std::uint64_t id) {
  const StackPcs* stack = stacks_.find(id);
  return stack != nullptr && stack->truncated;
}

const std::vector<Frame>& RecordedSymbols::frames(std::uint64_t pc, PcKind kind) {
  const ByPc& names = kind == PcKind::kExact ? of_exact_ : of_return_;
  if (const auto found = names.find(pc); found != names.end()) return found->second;
  const auto [kept, fresh] = unnamed_.try_emplace(pc);
  if (fresh) {
    Frame frame;
    frame.function = fmt::format("?{:#x}", pc);
    kept->second.push_back(std::move(frame));
  }
  return kept->second;
}

}  // namespace gorotrace
