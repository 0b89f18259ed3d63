// The stacks of a page, each once: tables name them by number, and they name frames and texts by number. Of
// bounded size, whatever a target calls its functions. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/json_writer.h"
#include "golang/pclntab.h"

namespace gorotrace {

class StackDictionary {
 public:
  static constexpr std::size_t kMostTextBytes = 512;     // of a name; the rest is cut off
  static constexpr std::size_t kMostTexts = 640u << 10;  // bytes, of all names together
  static constexpr std::size_t kMostDepth = 200;         // of a stack; what is in the middle is left out
  static constexpr std::size_t kMostFrames = 100'000;    // of all stacks together

  StackDictionary();

  // Its number. When there is no room: that of a stack of one frame, which says so.
  [[nodiscard]] std::size_t number(const std::vector<Frame>& stack);

  // "texts", "frames" ([function, file, line, inlined, whose]), "stacks" (of frames, leaf first),
  // "stacks_left_out".
  void write(JsonWriter& out) const;

 private:
  using FrameKey = std::tuple<std::size_t, std::size_t, int, bool, int>;
  [[nodiscard]] bool has_room_for(const std::vector<Frame>& stack) const;
  [[nodiscard]] std::size_t text(const std::string& text);
  [[nodiscard]] std::size_t frame(const Frame& frame);

  std::map<std::string, std::size_t, std::less<>> texts_;
  std::map<FrameKey, std::size_t> frames_;
  std::map<std::vector<std::size_t>, std::size_t> stacks_;
  std::vector<const std::string*> text_of_;
  std::vector<FrameKey> frame_of_;
  std::vector<const std::vector<std::size_t>*> stack_of_;
  std::size_t text_bytes_ = 0, stack_frames_ = 0, left_out_ = 0;
};

}  // namespace gorotrace
