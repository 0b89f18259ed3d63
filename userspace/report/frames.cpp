#include "report/frames.h"

#include <fmt/format.h>

#include <algorithm>

namespace gorotrace {

std::string short_function(std::string_view function, std::size_t columns) {
  if (display_width(function) <= columns) return std::string(function);
  const std::size_t slash = before_arguments(function).rfind('/');
  if (slash == std::string_view::npos) return std::string(function);
  return std::string("…").append(function.substr(slash));
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
  return fmt::format("{}:{}", name, frame.line);
}

std::string frame_text(const Frame& frame, const FramePlace& place, const Style& style,
                       std::string_view after) {
  const FrameClass kind = classify(frame.function);
  const auto name_style = [&](const std::string& name) {
    return kind == FrameClass::kUser      ? style.bold(name)
           : kind == FrameClass::kRuntime ? style.dim(name)
                                          : name;
  };
  const auto tail_style = [&](const std::string& tail) {
    return kind == FrameClass::kRuntime ? style.dim(tail) : tail;
  };
  const std::size_t room = place.width > place.at ? place.width - place.at : 1;
  const std::size_t below = place.width > place.indent + 2 ? place.width - place.indent : 2;
  const std::string where = cut_middle(location(frame), kMostFrameLines * below).append(after);
  const std::size_t behind = where.empty() ? 0 : display_width(where) + 2;
  const std::string name = short_function(frame.function, room > behind ? room - behind : 0);
  if (display_width(name) + behind <= room)
    return name_style(name) + (where.empty() ? "" : tail_style("  " + where));

  const std::string next_line = "\n" + std::string(place.indent, ' ');
  std::string out;
  const auto fitting = [&](std::size_t columns) {
    return cut_middle(short_function(frame.function, columns), kMostFrameLines * below);
  };
  std::string shorter = fitting(room);
  std::size_t at = place.at;
  if (display_width(shorter) > room && place.indent < place.at) {
    out = next_line;
    at = place.indent;
    shorter = fitting(below);
  }
  const auto add = [&](const std::string& text, const auto& styled) {
    const std::vector<std::string> pieces = broken(text, std::min(below, place.width - at));
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      out += (i > 0 ? next_line : "") + styled(pieces[i]);
      at = (i > 0 ? place.indent : at) + display_width(pieces[i]);
    }
  };
  add(shorter, name_style);
  if (where.empty()) return out;
  if (at + behind <= place.width) return out + tail_style("  " + where);
  out += next_line;
  at = place.indent;
  add(where, tail_style);
  return out;
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
  for (const Frame& f : frames) {
    if (f.function != "runtime.systemstack_switch") return &f;
  }
  return frames.empty() ? nullptr : &frames.front();
}

std::string runtime_waker_name(WakerKind kind) {
  switch (kind) {
    case WakerKind::kTimer:
      return "a timer";
    case WakerKind::kNetpoll:
      return "the network poller";
    case WakerKind::kGc:
      return "the garbage collector";
    case WakerKind::kGoroutine:
    case WakerKind::kRuntime:
      break;
  }
  return "the runtime";
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
