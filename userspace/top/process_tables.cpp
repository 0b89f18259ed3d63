#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "golang/frame_class.h"
#include "report/columns.h"
#include "top/rows.h"

namespace gorotrace {
namespace {

TableCell count_cell(std::uint64_t count) {
  return {short_count(count), static_cast<double>(count)};
}

TableCell time_cell(const std::optional<std::uint64_t>& ns, const char* before = "") {
  if (!ns) return {"-"};
  return {before + format_duration(*ns), static_cast<double>(*ns)};
}

TableCell age_cell(const std::optional<std::uint64_t>& ns, bool lower_bound) {
  if (lower_bound && ns == 0) return {"-"};  // it was not seen to wait before
  return time_cell(ns, lower_bound ? "≥" : "");
}

// So many goroutines at once, on average.
TableCell mean_cell(double seconds, double of_seconds) {
  if (of_seconds <= 0) return {"-"};
  const double mean = seconds / of_seconds;
  return {mean < 10    ? fmt::format("{:.2f}", mean)
          : mean < 100 ? fmt::format("{:.1f}", mean)
                       : short_count(static_cast<std::uint64_t>(mean)),
          mean};
}

TableCell percent_cell(double part, double whole) {
  if (whole <= 0) return {"-"};
  return {short_percent(100 * part / whole), part / whole};
}

double seconds(std::uint64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

std::string stack_id(const TopStack& stack) {
  std::string id;
  for (const TopFrame& frame : stack) id += fmt::format("\n{}:{}", frame.function, frame.line);
  return id;
}

}  // namespace

std::string place_text(const TopFrame& frame) {
  if (frame.file.empty()) return "";
  return fmt::format("{}:{}", frame.file.substr(frame.file.rfind('/') + 1), frame.line);
}

const TopFrame* telling_frame(const TopStack& stack) {
  if (stack.empty()) return nullptr;
  for (const FrameClass wanted : {FrameClass::kUser, FrameClass::kStandard}) {
    const auto found = std::ranges::find_if(
        stack, [&](const TopFrame& frame) { return classify(frame.function) == wanted; });
    if (found != stack.end()) return &*found;
  }
  return &stack.front();
}

std::string wait_id(const TopWait& wait) {
  return wait.reason + stack_id(wait.stack);
}

std::string site_id(const TopSite& site) {
  return site.function + stack_id(site.site);
}

Table wait_table() {
  return Table({{"BLOCKED", 8},
                {"OLDEST", 7},
                {"ON AVG", 7},
                {"±", 5, false, 2},
                {"%", 4},
                {"LONGEST", 8, false, 3},
                {"REASON", 13, true},
                {"WHERE", 34, true}},
               2);
}

std::vector<TableRow> wait_rows(const TopStat& stat) {
  std::vector<TableRow> rows;
  for (const TopWait& w : stat.waits) {
    TableRow row;
    row.id = wait_id(w);
    std::string where = "not recorded";
    if (w.other_stacks != 0) where = fmt::format("{} other stacks", w.other_stacks);
    if (const TopFrame* frame = telling_frame(w.stack))
      where = fmt::format("{}  {}", frame->function, place_text(*frame));
    for (const TopFrame& frame : w.stack) row.searched += frame.function + "\n";
    const double window = seconds(stat.window_ns);
    row.cells = {count_cell(w.blocked),
                 age_cell(w.oldest_ns, w.oldest_is_lower_bound),
                 mean_cell(seconds(w.in_window_ns), window),
                 w.error_ns ? mean_cell(seconds(*w.error_ns), window) : TableCell{"-"},
                 percent_cell(seconds(w.in_window_ns), stat.live_integral_s),
                 time_cell(w.longest_ns, "≈"),
                 {w.reason},
                 {where, std::nullopt, Ink::kStrong}};
    rows.push_back(std::move(row));
  }
  return rows;
}

Table site_table() {
  return Table({{"LIVE", 6},
                {"CREATED", 8},
                {"ON AVG", 7},
                {"±", 5, false, 2},
                {"OLDEST", 7},
                {"GOROUTINE", 30, true, 1},
                {"GO STATEMENT", 30, true}},
               0);
}

std::vector<TableRow> site_rows(const TopStat& stat) {
  std::vector<TableRow> rows;
  for (const TopSite& s : stat.sites) {
    TableRow row;
    row.id = site_id(s);
    const TopFrame* frame = telling_frame(s.site);
    const std::string made = frame != nullptr ? fmt::format("{}  {}", frame->function, place_text(*frame))
                                              : fmt::format("{} (started by the runtime)", s.function);
    row.searched = s.function + "\n";
    for (const TopFrame& f : s.site) row.searched += f.function + "\n";
    const double window = seconds(stat.window_ns);
    row.cells = {count_cell(s.live),
                 s.created ? count_cell(*s.created) : TableCell{"-"},
                 s.lived_ns ? mean_cell(seconds(*s.lived_ns), window) : TableCell{"-"},
                 s.error_ns ? mean_cell(seconds(*s.error_ns), window) : TableCell{"-"},
                 age_cell(s.oldest_ns, s.oldest_is_lower_bound),
                 {s.function},
                 {made, std::nullopt, Ink::kStrong}};
    rows.push_back(std::move(row));
  }
  return rows;
}

Table state_table() {
  return Table({{"NOW", 6},
                {"ON AVG", 7},
                {"±", 5, false, 2},
                {"%", 4},
                {"OLDEST", 7},
                {"STATE", 19, true, 1},
                {"WAITS FOR", 20, true}},
               1);
}

std::vector<TableRow> state_rows(const TopStat& stat) {
  struct Reason {
    std::uint64_t blocked = 0, in_window_ns = 0;
    double error_squared = 0;
    std::optional<std::uint64_t> oldest_ns;
    bool lower_bound = false;
  };
  std::map<std::string, Reason> reasons;
  for (const TopWait& w : stat.waits) {
    Reason& reason = reasons[w.reason];
    reason.blocked += w.blocked;
    reason.in_window_ns += w.in_window_ns;
    reason.error_squared += seconds(w.error_ns.value_or(0)) * seconds(w.error_ns.value_or(0));
    if (!w.oldest_ns || (reason.oldest_ns && *reason.oldest_ns >= *w.oldest_ns)) continue;
    reason.oldest_ns = w.oldest_ns;
    reason.lower_bound = w.oldest_is_lower_bound;
  }
  const double window = seconds(stat.window_ns);
  std::vector<TableRow> rows;
  for (const TopState& state : stat.states) {
    if (state.name == "waiting" || state.name == "syscall" || state.seconds == 0) continue;
    rows.push_back({.id = "state " + state.name,
                    .cells = {{"-"},
                              mean_cell(state.seconds, window),
                              state.error ? mean_cell(*state.error, window) : TableCell{"-"},
                              percent_cell(state.seconds, stat.live_integral_s),
                              {"-"},
                              {state.name, std::nullopt, Ink::kStrong},
                              {""}},
                    .searched = {}});
  }
  // What waits, by what for; system calls are a reason of their own.
  for (const auto& [name, reason] : reasons) {
    const double in_window = seconds(reason.in_window_ns);
    rows.push_back({.id = name,
                    .cells = {count_cell(reason.blocked),
                              mean_cell(in_window, window),
                              mean_cell(std::sqrt(reason.error_squared), window),
                              percent_cell(in_window, stat.live_integral_s),
                              age_cell(reason.oldest_ns, reason.lower_bound),
                              {name == "syscall" ? "syscall" : "waiting", std::nullopt, Ink::kStrong},
                              {name}},
                    .searched = {}});
  }
  return rows;
}

}  // namespace gorotrace
