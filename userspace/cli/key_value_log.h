// Lines of a program that runs for months, as log collectors take them (logfmt): time, level, what happened,
// and more as key=value. Threads: any.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace gorotrace {

using LogFields = std::initializer_list<std::pair<std::string_view, std::string>>;

// From here on what is logged goes to stderr like that, information and worse; what has no fields of its own
// is the message.
void log_key_values();

void log_info(std::string_view message, LogFields fields = {});
void log_warning(std::string_view message, LogFields fields = {});
void log_failure(const Error& error);

// `msg="listening" address=127.0.0.1:9464`: values with blanks, quotes or "=" in quotation marks, control
// characters made visible. Pure.
[[nodiscard]] std::string key_values(std::string_view message, LogFields fields);

}  // namespace gorotrace
