#include "http/capture_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/text.h"
#include "probe/group_list.h"

namespace gorotrace {
namespace {

// strconv.ParseFloat, but for hexadecimal numbers; nullopt: its error.
std::optional<double> go_parse_float(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::chrono::nanoseconds nanoseconds_of(double seconds) {
  return std::chrono::nanoseconds(std::max<std::int64_t>(std::llround(seconds * 1e9), 1));
}

}  // namespace

Result<CaptureWanted> trace_wanted(const RequestTarget& target) {
  const std::string* const asked = target.value("seconds");
  double seconds = asked == nullptr ? 1 : go_parse_float(*asked).value_or(1);
  if (!(seconds > 0)) seconds = 1;
  if (seconds > static_cast<double>(kLongestCapture.count()))
    return fail(ErrorKind::kUsage, "profile duration exceeds server's WriteTimeout");
  return CaptureWanted{nanoseconds_of(seconds), kRecordedGroups};
}

Result<CaptureWanted> capture_wanted(const RequestTarget& target) {
  CaptureWanted out{std::chrono::seconds(1), kRecordedGroups};
  for (const auto& [name, value] : target.query) {
    if (name != "seconds" && name != "probes")
      return fail(ErrorKind::kUsage, fmt::format("\"{}\": a capture has seconds and probes, and nothing else",
                                                 printable(name, 64)));
  }
  if (const std::string* const asked = target.value("seconds")) {
    const auto seconds = go_parse_float(*asked);
    if (!seconds || !(*seconds > 0 && *seconds <= static_cast<double>(kLongestCapture.count())))
      return fail(ErrorKind::kUsage, fmt::format("seconds: \"{}\" is not a number above 0 and up to {}",
                                                 printable(*asked, 64), kLongestCapture.count()));
    out.duration = nanoseconds_of(*seconds);
  }
  if (const std::string* const asked = target.value("probes")) {
    std::string text = *asked;
    std::ranges::replace(text, ' ', '+');  // "probes=+sync" as people type it: no group has a space
    const auto groups = parse_groups(text, kRecordedGroups);
    if (!groups) return wrap(groups.error(), "probes");
    out.groups = *groups;
  }
  return out;
}

}  // namespace gorotrace
