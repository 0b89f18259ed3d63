// What the pages have in them, as the build embedded it (CMakeLists.txt).
#pragma once

#include <cstddef>
#include <string_view>

extern "C" {
extern const char gorotrace_page_library_style[], gorotrace_page_library_style_end[];
extern const char gorotrace_page_style[], gorotrace_page_style_end[];
extern const char gorotrace_page_body[], gorotrace_page_body_end[];
extern const char gorotrace_page_library[], gorotrace_page_library_end[];
extern const char gorotrace_page_licence[], gorotrace_page_licence_end[];
extern const char gorotrace_page_script[], gorotrace_page_script_end[];
extern const char gorotrace_page_live_body[], gorotrace_page_live_body_end[];
extern const char gorotrace_page_live_style[], gorotrace_page_live_style_end[];
extern const char gorotrace_page_live_icon[], gorotrace_page_live_icon_end[];
extern const char gorotrace_page_live_begin[], gorotrace_page_live_begin_end[];
extern const char gorotrace_page_live_script[], gorotrace_page_live_script_end[];
}

namespace gorotrace::page {

// Tools of a browser would ask for the map that a minified file names at its end, in a comment.
inline std::string_view without_source_map(std::string_view text) {
  const std::size_t at = text.rfind("# sourceMappingURL=");
  return at == std::string_view::npos || at < 2 ? text : text.substr(0, at - 2);
}

inline std::string_view style() {
  return {gorotrace_page_style, gorotrace_page_style_end};
}
inline std::string_view body() {
  return {gorotrace_page_body, gorotrace_page_body_end};
}
inline std::string_view library_style() {
  return without_source_map({gorotrace_page_library_style, gorotrace_page_library_style_end});
}
inline std::string_view library() {
  return without_source_map({gorotrace_page_library, gorotrace_page_library_end});
}
inline std::string_view licence() {
  return {gorotrace_page_licence, gorotrace_page_licence_end};
}
inline std::string_view script() {
  return {gorotrace_page_script, gorotrace_page_script_end};
}
inline std::string_view live_body() {
  return {gorotrace_page_live_body, gorotrace_page_live_body_end};
}
inline std::string_view live_style() {
  return {gorotrace_page_live_style, gorotrace_page_live_style_end};
}
inline std::string_view live_icon() {
  return {gorotrace_page_live_icon, gorotrace_page_live_icon_end};
}
inline std::string_view live_begin() {
  return {gorotrace_page_live_begin, gorotrace_page_live_begin_end};
}
inline std::string_view live_script() {
  return {gorotrace_page_live_script, gorotrace_page_live_script_end};
}

}  // namespace gorotrace::page
