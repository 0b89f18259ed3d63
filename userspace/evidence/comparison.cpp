#include "evidence/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

#include "base/sort_stably.h"
#include "evidence/comparison_events.h"
#include "evidence/trust.h"
#include "golang/frame_class.h"

namespace gorotrace {
namespace {

// What one window has of a place.
struct WaitsThere {
  Histogram waits;
  std::uint64_t in_window_ns = 0;
  std::string at;
};
using WaitsKey = std::pair<std::string, std::vector<std::string>>;

std::map<WaitsKey, WaitsThere> waits_of_window(const ComparedWindow& window) {
  std::map<WaitsKey, WaitsThere> out;
  for (const BlockingRow* row : blocking_rows(window.tables, false)) {
    WaitsKey key{reason_name(*row, window.facts), {}};
    std::string at;
    for (const Frame& frame : window.symbols.stack(row->stack)) {
      if (classify(frame.function) == FrameClass::kRuntime) continue;
      if (key.second.empty() && frame.line != 0) at = file_line(frame);
      key.second.push_back(frame.function);
    }
    WaitsThere& there = out[std::move(key)];
    there.waits.merge(row->waits);
    there.in_window_ns += row->in_window_ns;
    if (there.at.empty()) there.at = at;
  }
  return out;
}

ComparedWaits::Side side_of(const WaitsThere& there, double seconds) {
  ComparedWaits::Side side;
  side.count = there.waits.count();
  side.per_s = static_cast<double>(side.count) / seconds;
  side.blocked = static_cast<double>(there.in_window_ns) / 1e9 / seconds;
  if (side.count != 0) side.mean_ns = there.waits.total() / side.count;
  side.p99_ns = there.waits.quantile(0.99);
  return side;
}

using SiteKey = std::pair<std::string, std::string>;

std::map<SiteKey, ComparedSite::Side> sites_of_window(const ComparedWindow& window) {
  std::map<SiteKey, ComparedSite::Side> out;
  const double seconds = seconds_of(window);
  for (const CreationRow* row : creation_rows(window.tables, false)) {
    const std::string start = window.symbols.frames(row->startpc, PcKind::kExact).back().function;
    const std::string by =
        row->gopc == 0 ? "" : window.symbols.frames(row->gopc, PcKind::kReturnAddress).front().function;
    ComparedSite::Side& side = out[{start, by}];
    side.live += row->live;
    side.created_per_s += static_cast<double>(row->created) / seconds;
    side.exited_per_s += static_cast<double>(row->exited) / seconds;
  }
  return out;
}

double blocked(const std::optional<ComparedWaits::Side>& side) {
  return side ? side->blocked : 0;
}
double live(const std::optional<ComparedSite::Side>& side) {
  return side ? static_cast<double>(side->live) : 0;
}

}  // namespace

std::string file_line(const Frame& frame) {
  return fmt::format("{}:{}", frame.file.substr(frame.file.rfind('/') + 1), frame.line);
}

Comparison compare(const ComparedWindow& before, const ComparedWindow& after) {
  Comparison out;
  std::map<WaitsKey, ComparedWaits> waits;
  for (const auto& [key, there] : waits_of_window(before)) {
    waits[key].before = side_of(there, seconds_of(before));
    waits[key].at = there.at;
  }
  for (const auto& [key, there] : waits_of_window(after)) {
    waits[key].after = side_of(there, seconds_of(after));
    waits[key].at = there.at;
  }
  for (auto& [key, compared] : waits) {
    compared.reason = key.first;
    compared.functions = key.second;
    out.waits.push_back(std::move(compared));
  }
  sort_stably(out.waits, std::greater(),
              [](const ComparedWaits& w) { return std::abs(blocked(w.after) - blocked(w.before)); });
  std::map<SiteKey, ComparedSite> sites;
  for (const auto& [key, side] : sites_of_window(before)) sites[key].before = side;
  for (const auto& [key, side] : sites_of_window(after)) sites[key].after = side;
  for (auto& [key, compared] : sites) {
    compared.start = key.first;
    compared.by = key.second;
    out.sites.push_back(std::move(compared));
  }
  sort_stably(out.sites, std::greater(),
              [](const ComparedSite& s) { return live(s.after) - live(s.before); });
  out.panics = compare_panics(before, after);
  out.pauses = compare_pauses(before, after);
  return out;
}

}  // namespace gorotrace
