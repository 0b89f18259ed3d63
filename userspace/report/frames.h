// Which frames of a stack a person needs, and how a frame is written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "golang/frame_class.h"
#include "golang/pclntab.h"
#include "model/model.h"
#include "report/columns.h"

namespace gorotrace {

// "github.com/a/b/pkg.(*T).M" as it is when it fits, else "…/pkg.(*T).M", fit or not.
[[nodiscard]] std::string short_function(std::string_view function, std::size_t columns);
// The name of the symbol table and of profiles: type arguments in full, as far as the binary has them.
[[nodiscard]] std::string symbol_name(const Frame& frame);
// "worker.go:88"; "" when the file is unknown.
[[nodiscard]] std::string location(const Frame& frame);
// Where on its line a frame is written: from column `at` on, and what has no room there below it.
inline constexpr std::size_t kNoWidth = std::size_t{1} << 30;  // of what is no screen: a name stays whole
struct FramePlace {
  std::size_t width = 80, at = 0;
  std::size_t indent = 0;  // of the lines below
};
// "function  file:line" and `after`; user frames bold, runtime frames dim. No name is cut, unless it would
// fill more than kMostFrameLines of a screen.
inline constexpr std::size_t kMostFrameLines = 4;
[[nodiscard]] std::string frame_text(const Frame& frame, const FramePlace& place, const Style& style,
                                     std::string_view after = "");

// Indices into frames, leaf first: where it waits (the first frame above the runtime), then the first `user`
// frames of the program itself; when it has none, the outermost ones of the library, `user` with the first.
// Without any frame above the runtime: the leaf.
[[nodiscard]] std::vector<std::size_t> telling_frames(const std::vector<Frame>& frames, std::size_t user);
// The one frame to name a waker or creator by: the first of the program, else of the library, else the leaf,
// but not where the goroutine went to the system stack to do it (runtime/asm_*.s, systemstack).
[[nodiscard]] const Frame* naming_frame(const std::vector<Frame>& frames);
// Who ended a wait and was no goroutine.
[[nodiscard]] std::string runtime_waker_name(WakerKind kind);
// Goroutine 1 begins there (runtime/proc.go); no go statement made it.
[[nodiscard]] bool is_main_goroutine(const Frame& start);
// Function the goroutine was started with: the outermost frame but runtime.goexit; "" when unknown.
[[nodiscard]] std::string start_function(const std::vector<Frame>& frames);

}  // namespace gorotrace
