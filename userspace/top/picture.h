// What stands on a screen: lines of text with styles, which whoever has a terminal paints. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gorotrace {

enum class Ink : std::uint8_t {
  kPlain,
  kStrong,   // what a person looks for first
  kFaint,    // what belongs to the runtime, and hints
  kHeading,  // heads of columns, tabs
  kSorted,   // the head of the column that rows are sorted by, the tab that is open
  kChosen,   // the row under the cursor
  kWarning,  // what grows, what is not as it should be
  kError,
};

struct InkedText {
  std::string text;  // printable()
  Ink ink = Ink::kPlain;
};
using PictureLine = std::vector<InkedText>;

struct Picture {
  std::vector<PictureLine> lines;     // at most as many as there is room for, none wider than that
  std::optional<std::size_t> cursor;  // of the last line: text is typed at this column
};

// The text without what is behind `columns`; "…" says that there was more.
[[nodiscard]] std::string cut_end(std::string_view text, std::size_t columns);
// The line without what is behind `columns`. All of it in one ink where there is one.
[[nodiscard]] PictureLine fitted(const PictureLine& line, std::size_t columns,
                                 std::optional<Ink> ink = std::nullopt);
[[nodiscard]] std::size_t line_width(const PictureLine& line);
// The texts of a line, one behind the other.
[[nodiscard]] std::string line_text(const PictureLine& line);

}  // namespace gorotrace
