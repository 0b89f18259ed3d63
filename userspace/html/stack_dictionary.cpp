#include "html/stack_dictionary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "base/text.h"
#include "golang/frame_class.h"

namespace gorotrace {
namespace {

// 0 the runtime's, 1 the standard library's or nobody knows whose, 2 the program's own.
int whose(const std::string& function) {
  if (is_user_code(function)) return 2;
  return classify(function) == FrameClass::kRuntime ? 0 : 1;
}

std::vector<Frame> without_middle(const std::vector<Frame>& stack, std::size_t most) {
  const auto ends = static_cast<std::ptrdiff_t>((most - 1) / 2);
  std::vector<Frame> out(stack.begin(), stack.begin() + ends);
  out.push_back(
      {fmt::format("({} frames left out)", stack.size() - 2 * static_cast<std::size_t>(ends)), "", 0, false});
  out.insert(out.end(), stack.end() - ends, stack.end());
  return out;
}

}  // namespace

StackDictionary::StackDictionary() {
  (void)number({{"(left out: the page has no room for more names)", "", 0, false}});
}

bool StackDictionary::has_room_for(const std::vector<Frame>& stack) const {
  std::size_t bytes = text_bytes_;
  for (const Frame& f : stack) {
    for (const std::string* name : {&f.function, &f.file})
      if (!texts_.contains(*name)) bytes += std::min(name->size(), kMostTextBytes);
  }
  return bytes <= kMostTexts && stack_frames_ + stack.size() <= kMostFrames;
}

std::size_t StackDictionary::number(const std::vector<Frame>& stack) {
  if (stack.size() > kMostDepth) return number(without_middle(stack, kMostDepth));
  if (!has_room_for(stack)) {
    ++left_out_;
    return 0;
  }
  std::vector<std::size_t> frames;
  frames.reserve(stack.size());
  for (const Frame& f : stack) frames.push_back(frame(f));
  const auto [place, fresh] = stacks_.try_emplace(std::move(frames), stack_of_.size());
  if (fresh) {
    stack_of_.push_back(&place->first);
    stack_frames_ += stack.size();
  }
  return place->second;
}

std::size_t StackDictionary::text(const std::string& text) {
  const auto [place, fresh] = texts_.try_emplace(printable(text, kMostTextBytes), text_of_.size());
  if (fresh) {
    text_of_.push_back(&place->first);
    text_bytes_ += place->first.size();
  }
  return place->second;
}

std::size_t StackDictionary::frame(const Frame& frame) {
  const FrameKey key{text(frame.function), text(frame.file), frame.line, frame.inlined,
                     whose(frame.function)};
  const auto [place, fresh] = frames_.try_emplace(key, frame_of_.size());
  if (fresh) frame_of_.push_back(key);
  return place->second;
}

void StackDictionary::write(JsonWriter& out) const {
  out.array_field("texts", text_of_, [&](const std::string* text) { out.value(*text); });
  out.array_field("frames", frame_of_, [&](const FrameKey& frame) {
    out.array([&] {
      out.value(std::get<0>(frame));
      out.value(std::get<1>(frame));
      out.value(std::get<2>(frame));
      out.value(std::get<3>(frame) ? 1 : 0);
      out.value(std::get<4>(frame));
    });
  });
  out.array_field("stacks", stack_of_, [&](const std::vector<std::size_t>* stack) {
    out.array(*stack, [&](std::size_t frame) { out.value(frame); });
  });
  out.field("stacks_left_out", left_out_);
}

}  // namespace gorotrace
