// The live page of `gorotrace monitor`: its own files, which the binary has in it. Nothing of a target is in
// them; the page asks the server for that, as JSON. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gorotrace {

struct PageFile {
  std::string_view content_type;
  std::string body;
};

// name: "" is the page itself; what it loads is below /page/. nullopt: there is no such file.
[[nodiscard]] std::optional<PageFile> live_page_file(std::string_view name);

}  // namespace gorotrace
