#include "cli/shell_word.h"

#include "base/text.h"

namespace gorotrace {
namespace {

// POSIX.1 2.2: what no shell takes for something else. "~" means something in front alone, and is quoted
// anyway.
constexpr std::string_view kPlain =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:=@%+";

}  // namespace

std::string shell_word(std::string_view name) {
  std::string shown = printable(name);
  if (shown.starts_with('-')) shown.insert(0, "./");
  if (!shown.empty() && shown.find_first_not_of(kPlain) == std::string::npos) return shown;
  std::string word = "'";
  for (const char c : shown) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

}  // namespace gorotrace
