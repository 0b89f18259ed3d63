// The names that a capture file brings along, as reports ask for them. Threads: one owner.
#pragma once

#include <cstdint>
#include <vector>

#include "base/seeded_hash.h"
#include "recording/file_item.h"
#include "symbols/stack_table.h"

namespace gorotrace {

class RecordedSymbols : public Symbolizer {
 public:
  // More than this are not kept: a hostile file may name any number.
  static constexpr std::size_t kMaxPcs = 1u << 20;

  void name(const FramesNamed& named);
  [[nodiscard]] bool has(std::uint64_t pc, PcKind kind) const {
    return (kind == PcKind::kExact ? of_exact_ : of_return_).contains(pc);
  }
  // Those that rows name: their frames are put together when they are asked for.
  void add(const NamedStacks& stacks) { stacks_ = stacks; }

  // nullptr: no stack of that id is known.
  [[nodiscard]] const StackPcs* pcs(std::uint64_t id) const { return stacks_.find(id); }
  [[nodiscard]] const std::vector<Frame>& stack(std::uint64_t id) override;
  [[nodiscard]] bool truncated(std::uint64_t id) override;
  [[nodiscard]] const std::vector<Frame>& frames(std::uint64_t pc, PcKind kind) override;

 private:
  using ByPc = SeededMap<std::uint64_t, std::vector<Frame>>;
  ByPc of_return_, of_exact_, unnamed_;
  NamedStacks stacks_;
  SeededMap<std::uint64_t, std::vector<Frame>> of_stacks_;
};

}  // namespace gorotrace
