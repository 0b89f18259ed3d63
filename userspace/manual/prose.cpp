#include "manual/prose.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>

extern "C" {
extern const char gorotrace_manual_prose[], gorotrace_manual_prose_end[];
}

namespace gorotrace {

PageProse prose_in(std::string_view embedded, std::string_view page) {
  const std::string head = fmt::format(".\\\" {}\n", page);
  std::size_t begin = embedded.find(head);
  while (begin != std::string_view::npos && begin != 0 && embedded[begin - 1] != '\n')
    begin = embedded.find(head, begin + 1);
  if (begin == std::string_view::npos) return {};
  std::string_view text = embedded.substr(begin + head.size());
  if (const std::size_t next = text.find("\n.\\\" "); next != std::string_view::npos)
    text = text.substr(0, next + 1);
  if (text.starts_with(".SH ")) return {"", text};
  const std::size_t section = std::min(text.find("\n.SH "), text.size());
  if (section == text.size()) return {text, ""};
  return {text.substr(0, section + 1), text.substr(section + 1)};
}

PageProse prose_of(std::string_view page) {
  return prose_in({gorotrace_manual_prose, gorotrace_manual_prose_end}, page);
}

}  // namespace gorotrace
