#include "html/live_page.h"

#include "base/json_writer.h"
#include "golang/frame_class.h"
#include "html/assets.h"

namespace gorotrace {
namespace {

// In front of what uses it: whose packages are the standard library's.
std::string standard_packages_line() {
  return "const STANDARD = " + json_text([](JsonWriter& out) {
           out.array(standard_packages(), [&](std::string_view name) { out.value(name); });
         }) +
         ";\n";
}

std::string all_of(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out += part;
  return out;
}

}  // namespace

std::optional<PageFile> live_page_file(std::string_view name) {
  if (name.empty()) return PageFile{"text/html; charset=utf-8", std::string(page::live_body())};
  if (name == "page.css") {
    return PageFile{"text/css; charset=utf-8",
                    all_of({page::library_style(), page::style(), page::live_style()})};
  }
  constexpr std::string_view kScript = "text/javascript; charset=utf-8";
  if (name == "charts.js") return PageFile{kScript, std::string(page::library())};
  if (name == "page.js")
    return PageFile{kScript, all_of({page::live_begin(), standard_packages_line(), page::live_script()})};
  if (name == "icon.svg") return PageFile{"image/svg+xml", std::string(page::live_icon())};
  if (name == "licence.txt") return PageFile{"text/plain; charset=utf-8", std::string(page::licence())};
  return std::nullopt;
}

}  // namespace gorotrace
