#include "report/frames.h"

#include <fmt/format.h>

#include <algorithm>

namespace gorotrace {

std::string short_function(std::string_view function, std::size_t columns) {
  if (display_width(function) <= columns) return std::string(function);
  const std::size_t slash = before_arguments(function).rfind('/');
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
