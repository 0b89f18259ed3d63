#include "http/capture_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <system_error>

#include "base/clock.h"
#include "base/plural.h"
#include "base/text.h"
#include "probe/group_list.h"
#include "session/short_recording.h"

namespace gorotrace {
namespace {

constexpr std::size_t kLongestHeader = 1024;
constexpr std::size_t kMostNotes = 16;

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

void add_text_header(Response& response, std::string_view name, std::string_view value) {
  std::string text(value.substr(0, kLongestHeader));
  for (char& c : text) c = c >= ' ' && c <= '~' ? c : '?';
  response.headers.emplace_back(name, std::move(text));
}

void add_capture_headers(Response& response, const ShortRecording& recording) {
  const StatFacts& facts = recording.facts;
  add_text_header(response, "X-Gorotrace-Seconds",
                  fmt::format("{:.3f}", static_cast<double>(since(facts.end_ns, facts.begin_ns)) / 1e9));
  const CostFacts& cost = facts.cost;
  const double percent =
      cost.target_cpu_ns == 0 ? 0 : 100 * cost.charged_ns / static_cast<double>(cost.target_cpu_ns);
  add_text_header(response, "X-Gorotrace-Cost",
                  fmt::format("{:.1f}% of the target's CPU time, {:.1f} ms in {}", percent,
                              cost.charged_ns / 1e6, plural(cost.hits, "hit")));
  if (!recording.why.empty()) add_text_header(response, "X-Gorotrace-Ended", recording.why);
  // The file's are among those that are dropped on the way to a sink.
  const std::uint64_t lost = std::max(facts.events.dropped_total(), recording.dropped);
  if (lost != 0) add_text_header(response, "X-Gorotrace-Lost", plural(lost, "event"));
  std::size_t notes = 0;
  for (const std::string& notice : facts.notices) {
    if (++notes > kMostNotes) break;
    add_text_header(response, "Gorotrace-Note", notice);
  }
}

}  // namespace gorotrace
