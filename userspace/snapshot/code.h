// Where a process has code: the program's own text, that of its plugins, and whatever else is mapped
// executable. A return address in none of them is none.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "snapshot/text_range.h"

namespace gorotrace {

// Bytes by which a function has lowered SP at a process pc; nullopt when no line table has any.
using SpDelta = std::function<std::optional<std::int32_t>(std::uint64_t pc)>;

enum class CodeKind : std::uint8_t {
  kNoCode,
  kGo,      // of the program and its plugins: there is a line table
  kFile,    // of another file, which mostly keeps frame pointers
  kMemory,  // of no file: made at run time, which may not
};

struct CodeRange {
  TextRange range;
  CodeKind kind = CodeKind::kNoCode;
};

struct Code {
  using Elsewhere = std::function<CodeKind(std::uint64_t pc)>;
  // others: what a pc outside of the program's text is; outlives this.
  Code(TextRange text_of_program, const Elsewhere* others = nullptr)  // NOLINT: a text is code
      : text(text_of_program), elsewhere(others) {}

  TextRange text;
  const Elsewhere* elsewhere;

  [[nodiscard]] bool go(std::uint64_t pc) const { return kind(pc) == CodeKind::kGo; }
  [[nodiscard]] CodeKind kind(std::uint64_t pc) const {
    if (text.holds(pc)) return CodeKind::kGo;
    return elsewhere != nullptr && *elsewhere ? (*elsewhere)(pc) : CodeKind::kNoCode;
  }
  [[nodiscard]] bool holds(std::uint64_t pc) const { return kind(pc) != CodeKind::kNoCode; }
};

}  // namespace gorotrace
