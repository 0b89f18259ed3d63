// A line of folded stacks, the input of flame graph tools: names with ';' between them. Pure.
#pragma once

#include <algorithm>
#include <string>

namespace gorotrace {

// The separator cannot be escaped in this format.
inline void append_folded(std::string& line, std::string name) {
  std::ranges::replace(name, ';', ':');
  if (!line.empty()) line += ';';
  line += name;
}

}  // namespace gorotrace
