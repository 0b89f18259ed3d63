// Lines of a program that runs for months, as log collectors take them: time, level, what happened, and more
// by name. Threads: any.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/enum_names.h"
#include "base/result.h"

namespace gorotrace {

enum class LogFormat : std::uint8_t { kKeyValues, kJsonLines };
template <>
inline constexpr auto kEnumNames<LogFormat> = enum_names<LogFormat>({
    {LogFormat::kKeyValues, "logfmt"},
    {LogFormat::kJsonLines, "json"},
});

using LogFields = std::initializer_list<std::pair<std::string_view, std::string>>;

// From here on what is logged goes to stderr like that, information and worse, a line each; what has no
// fields of its own is the message. Once, before there are threads.
void log_for_services(LogFormat format);

void log_info(std::string_view message, LogFields fields = {});
void log_warning(std::string_view message, LogFields fields = {});
void log_failure(const Error& error);

// Without time and level. Pure. kKeyValues: `msg=listening address=127.0.0.1:9464`, values with blanks,
// quotes or "=" in quotation marks, control characters made visible; kJson:
// `"msg":"listening","address":"..."`.
[[nodiscard]] std::string log_body(LogFormat format, std::string_view message, LogFields fields);

}  // namespace gorotrace
