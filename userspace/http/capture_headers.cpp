#include "http/capture_headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/plural.h"

namespace gorotrace {
namespace {

constexpr std::size_t kLongestHeader = 1024;
constexpr std::size_t kMostNotes = 16;

}  // namespace

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
