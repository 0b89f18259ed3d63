// Where a process has code: the program's own text, and whatever else is mapped executable. A return address
// in neither is none.
#pragma once

#include <cstdint>
#include <functional>

#include "snapshot/text_range.h"

namespace gorotrace {

enum class CodeKind : std::uint8_t {
  kNoCode,
  kOwn,
  kFile,    // of another file: a Go plugin, which keeps frame pointers like the program
  kMemory,  // of no file: made at run time, which may not
};

struct CodeRange {
  TextRange range;
  CodeKind kind = CodeKind::kNoCode;
};

struct Code {
  using Elsewhere = std::function<CodeKind(std::uint64_t pc)>;
  // others: what a pc outside of the text is; outlives this.
  Code(TextRange text_of_program, const Elsewhere* others = nullptr)  // NOLINT: a text is code
      : text(text_of_program), elsewhere(others) {}

  TextRange text;
  const Elsewhere* elsewhere;

  [[nodiscard]] bool own(std::uint64_t pc) const { return text.holds(pc); }
  [[nodiscard]] CodeKind kind(std::uint64_t pc) const {
    if (own(pc)) return CodeKind::kOwn;
    return elsewhere != nullptr && *elsewhere ? (*elsewhere)(pc) : CodeKind::kNoCode;
  }
  [[nodiscard]] bool holds(std::uint64_t pc) const { return kind(pc) != CodeKind::kNoCode; }
};

}  // namespace gorotrace
