#include "cli/messages.h"

#include <fmt/format.h>
#include <spdlog/sinks/sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>

#include "cli/terminal.h"
#include "report/frames.h"
#include "report/wrapping.h"

namespace gorotrace {
namespace {

std::atomic<bool> shown_line = false;

// From any thread.
class LogSink : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override {
    say(fmt::format("gorotrace: {}\n", std::string_view(message.payload.data(), message.payload.size())));
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}  // a message has one form
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}
};

}  // namespace

std::string message_lines(std::string_view text, std::size_t width) {
  if (width == kNoWidth) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    out += wrapped(line, width, std::min(line.find_first_not_of(' '), line.size()) + 2);
  }
  return out;
}

std::string for_stderr(std::string_view text) {
  return for_locale(message_lines(text, screen(ColourWhen::kNever, STDERR_FILENO).name_width()));
}

void say(std::string_view text) {
  const std::string lines = std::string(shown_line.exchange(false) ? kEraseLine : "") + for_stderr(text);
  (void)std::fwrite(lines.data(), 1, lines.size(), stderr);
}

void line_is_shown(bool shown) {
  shown_line = shown;
}

void log_to_stderr() {
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("gorotrace", std::make_shared<LogSink>()));
  spdlog::set_level(spdlog::level::warn);
}

}  // namespace gorotrace
