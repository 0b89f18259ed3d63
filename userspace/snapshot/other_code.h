// Code outside of the program's text: its plugins', which is known, and other executable memory, asked for
// when a pc lies in neither, once in the life of this object. Threads: one owner.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <vector>

#include "snapshot/code.h"

namespace gorotrace {

class OtherCode {
 public:
  using Known = std::function<bool(std::uint64_t pc)>;
  using Ask = std::function<std::vector<CodeRange>()>;
  // go: whether a pc lies in Go code; more of that may be known once `ask` was asked.
  OtherCode(Known go, Ask ask) : go_(std::move(go)), ask_(std::move(ask)) {}

  [[nodiscard]] CodeKind kind(std::uint64_t pc) {
    const auto begin = [](const CodeRange& r) { return r.range.begin; };
    if (go_ && go_(pc)) return CodeKind::kGo;
    if (!ranges_) {
      ranges_ = ask_ ? ask_() : std::vector<CodeRange>{};
      std::ranges::sort(*ranges_, {}, begin);
      if (go_ && go_(pc)) return CodeKind::kGo;
    }
    const auto after = std::ranges::upper_bound(*ranges_, pc, {}, begin);
    if (after == ranges_->begin() || !std::prev(after)->range.holds(pc)) return CodeKind::kNoCode;
    return std::prev(after)->kind;
  }

 private:
  Known go_;
  Ask ask_;
  std::optional<std::vector<CodeRange>> ranges_;  // by begin; the kernel's mappings do not overlap
};

}  // namespace gorotrace
