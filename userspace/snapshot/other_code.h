// Executable memory outside of the program's text, asked for when a pc lies there, once in the life of this
// object. Threads: one owner.
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
  using Ask = std::function<std::vector<CodeRange>()>;
  explicit OtherCode(Ask ask) : ask_(std::move(ask)) {}

  [[nodiscard]] CodeKind kind(std::uint64_t pc) {
    const auto begin = [](const CodeRange& r) { return r.range.begin; };
    if (!ranges_) {
      ranges_ = ask_ ? ask_() : std::vector<CodeRange>{};
      std::ranges::sort(*ranges_, {}, begin);
    }
    const auto after = std::ranges::upper_bound(*ranges_, pc, {}, begin);
    if (after == ranges_->begin() || !std::prev(after)->range.holds(pc)) return CodeKind::kNoCode;
    return std::prev(after)->kind;
  }

 private:
  Ask ask_;
  std::optional<std::vector<CodeRange>> ranges_;  // by begin; the kernel's mappings do not overlap
};

}  // namespace gorotrace
