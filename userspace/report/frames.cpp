#include "report/frames.h"

#include <fmt/format.h>

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

// The part before generic arguments and receivers, where a '/' can only belong to the package path.
std::string_view path_part(std::string_view function) {
  return function.substr(0, function.find_first_of("[("));
}

std::string_view package(std::string_view function) {
  const std::string_view path = path_part(function);
  const std::size_t slash = path.rfind('/');
  return path.substr(0, path.find('.', slash == std::string_view::npos ? 0 : slash));
}

}  // namespace

FrameClass classify(std::string_view function) {
  const std::string_view path = package(function);
  if (path == "runtime" || path.starts_with("runtime/internal") || path.starts_with("internal/runtime")) {
    return FrameClass::kRuntime;
  }
  // internal/poll.runtime_pollWait and the like are the runtime's, pushed into other packages by linkname.
  if (function.starts_with("internal/poll.runtime_") || function.starts_with("sync.runtime_")) {
    return FrameClass::kRuntime;
  }
  const std::string_view first = path.substr(0, path.find('/'));
  return std::ranges::find(kStandard, first) != kStandard.end() ? FrameClass::kStandard : FrameClass::kUser;
}

std::string short_function(std::string_view function, std::size_t columns) {
  if (display_width(function) <= columns) return std::string(function);
  const std::size_t slash = path_part(function).rfind('/');
  if (slash == std::string_view::npos) return cut_middle(function, columns);
  return cut_middle(std::string("…").append(function.substr(slash)), columns);
}

std::string symbol_name(const Frame& frame) {
  const std::size_t open = frame.function.find('['), close = frame.function.rfind(']');
  if (frame.type_arguments.empty() || close == std::string::npos || close < open) return frame.function;
  return frame.function.substr(0, open) + frame.type_arguments + frame.function.substr(close + 1);
}

std::string location(const Frame& frame) {
  if (frame.file.empty()) return "";
  const std::size_t slash = frame.file.rfind('/');
  const std::string name = frame.file.substr(slash == std::string::npos ? 0 : slash + 1);
  return fmt::format("{}:{}", cut_middle(name, 24), frame.line);
}

std::string frame_text(const Frame& frame, std::size_t columns, const Style& style) {
  // The name matters more: the location gets at most half.
  const std::string where = cut_middle(location(frame), columns / 2);
  const std::size_t taken = where.empty() ? 0 : display_width(where) + 2;
  const std::string name = short_function(frame.function, columns > taken ? columns - taken : 1);
  const std::string tail = where.empty() ? "" : "  " + where;
  switch (classify(frame.function)) {
    case FrameClass::kUser:
      return style.bold(name) + tail;
    case FrameClass::kRuntime:
      return style.dim(name + tail);
    case FrameClass::kStandard:
      break;
  }
  return name + tail;
}

std::vector<std::size_t> telling_frames(const std::vector<Frame>& frames, std::size_t user) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < frames.size() && user > 0; ++i) {
    const FrameClass c = classify(frames[i].function);
    if (c == FrameClass::kRuntime || (c == FrameClass::kStandard && !out.empty())) continue;
    out.push_back(i);
    if (c == FrameClass::kUser) --user;
  }
  if (out.empty() && !frames.empty()) out.push_back(0);
  if (out.size() != 1 || classify(frames[out[0]].function) != FrameClass::kStandard) return out;
  // The library waits for itself: its leaf is the same in many rows, what tells them apart is where it
  // started.
  std::vector<std::size_t> outermost;
  for (std::size_t i = frames.size(); --i > out[0] && outermost.size() + 1 < user;) {
    if (classify(frames[i].function) == FrameClass::kStandard) outermost.push_back(i);
  }
  out.insert(out.end(), outermost.rbegin(), outermost.rend());
  return out;
}

const Frame* naming_frame(const std::vector<Frame>& frames) {
  for (const FrameClass wanted : {FrameClass::kUser, FrameClass::kStandard}) {
    for (const Frame& f : frames) {
      if (classify(f.function) == wanted) return &f;
    }
  }
  return frames.empty() ? nullptr : &frames.front();
}

bool is_main_goroutine(const Frame& start) {
  return start.function == "runtime.main";
}

std::string start_function(const std::vector<Frame>& frames) {
  for (auto it = frames.rbegin(); it != frames.rend(); ++it) {
    if (it->function != "runtime.goexit") return it->function;
  }
  return "";
}

}  // namespace gorotrace
