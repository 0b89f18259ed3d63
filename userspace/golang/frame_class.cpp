#include "golang/frame_class.h"

#include <algorithm>
#include <array>

namespace gorotrace {
namespace {

// First path elements of the standard library (go list std, 1.18..1.27). A module cannot be told apart when
// its own path starts with one of these; it is then shown like the library.
constexpr std::array<std::string_view, 54> kStandard{
    "archive", "bufio",   "bytes",    "cmp",      "compress", "container", "context", "crypto",  "database",
    "debug",   "embed",   "encoding", "errors",   "expvar",   "flag",      "fmt",     "go",      "hash",
    "html",    "image",   "index",    "internal", "io",       "iter",      "log",     "maps",    "math",
    "mime",    "net",     "os",       "path",     "plugin",   "reflect",   "regexp",  "runtime", "simd",
    "slices",  "sort",    "strconv",  "strings",  "structs",  "sync",      "syscall", "testing", "text",
    "time",    "unicode", "unique",   "unsafe",   "uuid",     "vendor",    "weak",    "cgo",     "_cgo"};

std::string_view package(std::string_view function) {
  const std::string_view path = before_arguments(function);
  const std::size_t slash = path.rfind('/');
  return path.substr(0, path.find('.', slash == std::string_view::npos ? 0 : slash));
}

}  // namespace

std::string_view before_arguments(std::string_view function) {
  return function.substr(0, function.find_first_of("[("));
}

std::span<const std::string_view> standard_packages() {
  return kStandard;
}

FrameClass classify(std::string_view function) {
  const std::string_view path = package(function);
  if (path == "runtime" || path.starts_with("runtime/internal") || path.starts_with("internal/runtime")) {
    return FrameClass::kRuntime;
  }
  // internal/poll.runtime_pollWait and the like are the runtime's, pushed into other packages by linkname.
  if (function.starts_with("internal/poll.runtime_") || function.starts_with("sync.runtime_")) {
    return FrameClass::kRuntime;
  }
  // A plugin of files that are in no module: cmd/go/internal/load/pkg.go, pluginPath.
  if (path.starts_with("plugin/unnamed-")) return FrameClass::kUser;
  const std::string_view first = path.substr(0, path.find('/'));
  return std::ranges::find(kStandard, first) != kStandard.end() ? FrameClass::kStandard : FrameClass::kUser;
}

}  // namespace gorotrace
