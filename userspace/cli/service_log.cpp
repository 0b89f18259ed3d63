#include "cli/service_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/sinks/sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "base/json_writer.h"
#include "base/text.h"

namespace gorotrace {
namespace {

constexpr std::size_t kLongest = 2048;
// What log_body() made begins so; no message of others does, for they are printable.
constexpr char kBody = '\1';

LogFormat log_format = LogFormat::kKeyValues;  // by log_for_services()

std::string in_quotes(std::string_view text) {
  const std::string shown = printable(text, kLongest);
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
class ServiceSink : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    const auto since_epoch = message.time.time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
    const std::string time = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                                         fmt::gmtime(static_cast<std::time_t>(ms / 1000)), ms % 1000);
    const std::string body =
        text.starts_with(kBody) ? std::string(text.substr(1)) : log_body(log_format, text, {});
    const char* const form = log_format == LogFormat::kJsonLines ? "{{\"time\":\"{}\",\"level\":\"{}\",{}}}\n"
                                                                 : "time={} level={} {}\n";
    const std::string line = fmt::format(fmt::runtime(form), time, level_name(message.level), body);
    // One write, so that lines stay whole beside those of others. Who takes none is not waited for.
    (void)!::write(STDERR_FILENO, line.data(), line.size());
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}  // a line has one form
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}
};

}  // namespace

void log_for_services(LogFormat format) {
  log_format = format;
  // What -v asked for stays.
  const auto level = std::min(spdlog::get_level(), spdlog::level::info);
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("gorotrace", std::make_shared<ServiceSink>()));
  spdlog::set_level(level);
}

std::string log_body(LogFormat format, std::string_view message, LogFields fields) {
  if (format == LogFormat::kJsonLines) {
    const std::string object = json_text([&](JsonWriter& out) {
      out.object([&] {
        out.field("msg", printable(message, kLongest));
        for (const auto& [key, value] : fields) out.field(key, printable(value, kLongest));
      });
    });
    return object.substr(1, object.size() - 2);  // without its braces
  }
  std::string out = "msg=" + in_quotes(message);
  for (const auto& [key, value] : fields) out += fmt::format(" {}={}", key, in_quotes(value));
  return out;
}

void log_info(std::string_view message, LogFields fields) {
  spdlog::info("{}{}", kBody, log_body(log_format, message, fields));
}

void log_warning(std::string_view message, LogFields fields) {
  spdlog::warn("{}{}", kBody, log_body(log_format, message, fields));
}

void log_failure(const Error& error) {
  spdlog::error("{}{}", kBody, log_body(log_format, error.message, {}));
}

}  // namespace gorotrace
