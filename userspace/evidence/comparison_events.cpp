#include "evidence/comparison_events.h"

#include <cmath>
#include <functional>
#include <map>
#include <tuple>
#include <utility>

#include "base/sort_stably.h"
#include "golang/frame_class.h"

namespace gorotrace {
namespace {

// type, whether it was recovered, in which function, thrown under which
using PanicsKey = std::tuple<std::string, bool, std::string, std::vector<std::string>>;

std::map<PanicsKey, ComparedPanics> panics_of_window(const ComparedWindow& window) {
  std::map<PanicsKey, ComparedPanics> out;
  for (const PanicRow& row : window.tables.panics.rows) {
    const std::vector<Frame>& place = window.symbols.stack(row.place);
    PanicsKey key{row.type, row.place != 0, place.empty() ? "" : place.back().function, {}};
    std::string at;
    for (const Frame& frame : window.symbols.stack(row.stack)) {
      if (classify(frame.function) == FrameClass::kRuntime) continue;
      std::vector<std::string>& functions = std::get<3>(key);
      if (functions.empty() && frame.line != 0) at = file_line(frame);
      functions.push_back(frame.function);
    }
    ComparedPanics& there = out[std::move(key)];
    if (!there.after) there.after = ComparedPanics::Side{};
    there.after->count += row.count;
    if (there.at.empty()) there.at = at;
  }
  for (auto& [key, there] : out)
    there.after->per_s = static_cast<double>(there.after->count) / seconds_of(window);
  return out;
}

ComparedPauses::Side side_of(const Histogram& times, std::uint64_t in_window_ns, double seconds) {
  ComparedPauses::Side side;
  side.count = times.count();
  side.per_s = static_cast<double>(side.count) / seconds;
  side.share = static_cast<double>(in_window_ns) / 1e9 / seconds;
  if (side.count != 0) {
    side.mean_ns = times.total() / side.count;
    side.max_ns = times.max();
  }
  side.p99_ns = times.quantile(0.99);
  return side;
}

std::map<std::string, ComparedPauses::Side> pauses_of_window(const ComparedWindow& window) {
  std::map<std::string, ComparedPauses::Side> out;
  const PauseTables& pauses = window.tables.pauses;
  for (const PauseRow& row : pauses.rows)
    out.emplace(stw_reason_name(row.reason), side_of(row.times, row.in_window_ns, seconds_of(window)));
  if (pauses.collections.count() != 0 || pauses.marking_ns != 0)
    out.emplace("", side_of(pauses.collections, pauses.marking_ns, seconds_of(window)));
  return out;
}

}  // namespace

double seconds_of(const ComparedWindow& window) {
  const std::uint64_t begin = window.facts.begin_ns, end = window.facts.end_ns;
  return end <= begin ? 1e-9 : static_cast<double>(end - begin) / 1e9;
}

std::vector<ComparedPanics> compare_panics(const ComparedWindow& before, const ComparedWindow& after) {
  std::map<PanicsKey, ComparedPanics> all = panics_of_window(after);
  for (auto& [key, there] : panics_of_window(before)) {
    ComparedPanics& both = all[key];
    both.before = there.after;
    if (both.at.empty()) both.at = there.at;
  }
  std::vector<ComparedPanics> out;
  for (auto& [key, there] : all) {
    std::tie(there.type, there.recovered, there.recovered_in, there.functions) = key;
    out.push_back(std::move(there));
  }
  sort_stably(out, std::greater(), [](const ComparedPanics& p) {
    return std::abs((p.after ? p.after->per_s : 0) - (p.before ? p.before->per_s : 0));
  });
  return out;
}

std::vector<ComparedPauses> compare_pauses(const ComparedWindow& before, const ComparedWindow& after) {
  std::map<std::string, ComparedPauses> all;
  for (const auto& [reason, side] : pauses_of_window(before)) all[reason].before = side;
  for (const auto& [reason, side] : pauses_of_window(after)) all[reason].after = side;
  std::vector<ComparedPauses> out;
  for (auto& [reason, both] : all) {
    both.reason = reason;
    out.push_back(std::move(both));
  }
  sort_stably(out, std::greater(), [](const ComparedPauses& p) {
    return std::abs((p.after ? p.after->share : 0) - (p.before ? p.before->share : 0));
  });
  return out;
}

}  // namespace gorotrace
