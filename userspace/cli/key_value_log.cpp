#include "cli/key_value_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/sinks/sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "base/text.h"

namespace gorotrace {
namespace {

constexpr std::string_view kMessage = "msg=";

std::string quoted(std::string_view text) {
  const std::string shown = printable(text, 2048);
  const bool plain = !shown.empty() && shown.find_first_of(" \"=\\") == std::string::npos;
  if (plain) return shown;
  std::string out = "\"";
  for (const char c : shown) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string_view level_name(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::info:
      return "info";
    case spdlog::level::warn:
      return "warn";
    case spdlog::level::err:
    case spdlog::level::critical:
      return "error";
    default:
      return "debug";
  }
}

// From any thread.
class KeyValueSink : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    const auto since_epoch = message.time.time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
    const std::string line =
        fmt::format("time={:%Y-%m-%dT%H:%M:%S}.{:03}Z level={} {}\n",
                    fmt::gmtime(static_cast<std::time_t>(ms / 1000)), ms % 1000, level_name(message.level),
                    text.starts_with(kMessage) ? std::string(text) : key_values(text, {}));
    // One write, so that lines stay whole beside those of others. Who takes none is not waited for.
    (void)!write(STDERR_FILENO, line.data(), line.size());
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}  // a line has one form
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}
};

}  // namespace

void log_key_values() {
  // What -v asked for stays.
  const auto level = std::min(spdlog::get_level(), spdlog::level::info);
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("gorotrace", std::make_shared<KeyValueSink>()));
  spdlog::set_level(level);
}

std::string key_values(std::string_view message, LogFields fields) {
  std::string out = std::string(kMessage) + quoted(message);
  for (const auto& [key, value] : fields) out += fmt::format(" {}={}", key, quoted(value));
  return out;
}

void log_info(std::string_view message, LogFields fields) {
  spdlog::info("{}", key_values(message, fields));
}

void log_warning(std::string_view message, LogFields fields) {
  spdlog::warn("{}", key_values(message, fields));
}

void log_failure(const Error& error) {
  spdlog::error("{}", key_values(error.message, {}));
}

}  // namespace gorotrace
