#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>

#include "cli/messages.h"

namespace gorotrace {
namespace {

constexpr std::chrono::milliseconds kRefresh(250);

void write(std::string_view text) {
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
  (void)std::fflush(stderr);
}

}  // namespace

Progress::Progress(EventLoop& loop, std::function<std::string()> text) : text_(std::move(text)) {
  if (isatty(STDERR_FILENO) != 1) return;
  show();
  loop.timers().every(kRefresh, [this] { show(); });
}

Progress::Progress(const std::string& text) : text_([text] { return text; }) {
  if (isatty(STDERR_FILENO) == 1) show();
}

Progress::~Progress() {
  if (!shown_) return;
  line_is_shown(false);
  write(kEraseLine);
}

void Progress::show() {
  shown_ = true;
  write(fmt::format("{}{}", kEraseLine, text_()));
  line_is_shown(true);
}

std::string progress_text(const std::string& what, std::chrono::nanoseconds done,
                          std::chrono::nanoseconds all) {
  using Seconds = std::chrono::duration<double>;
  const double of = Seconds(all).count();
  return fmt::format("{}, {:.0f}s of {:.{}f}s", what, std::min(Seconds(done).count(), of), of,
                     of < 10 && of != static_cast<double>(static_cast<int>(of)) ? 1 : 0);
}

}  // namespace gorotrace
