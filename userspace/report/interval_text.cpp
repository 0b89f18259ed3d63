#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "report/columns.h"
#include "report/stat_text.h"

namespace gorotrace {
namespace {

std::string rate_text(const std::optional<Rate>& rate) {
  return rate ? short_rate(rate->per_s) : "-";
}

// Which engine gave the figures that may come from either.
std::string origin(const IntervalRow& row) {
  std::string counted;
  const auto add = [&](bool is, std::string_view name) {
    if (is) counted.append(counted.empty() ? "" : ", ").append(name);
  };
  add(row.live_engine == Engine::kCounters, "live");
  add(row.created && row.created->engine == Engine::kCounters, "created");
  add(row.exited && row.exited->engine == Engine::kCounters, "exited");
  add(row.syscalls && row.syscalls->engine == Engine::kCounters, "syscalls");
  return counted.empty() ? "" : "(from the runtime's counters: " + counted + ")\n";
}

struct Column {
  std::string_view head, unit;  // two lines
  std::size_t width;            // one blank and what a figure takes at most
  std::string value;
  unsigned left_out = 0;  // the higher, the sooner; 0: never
  bool warn = false;
};

std::vector<Column> columns_of(const IntervalRow& row, const TargetFacts& target, const std::string& time,
                               bool several) {
  const bool live_known = row.live && *row.live >= 0;
  std::vector<Column> out = {{"", "time", 8, time}};
  if (several) out.push_back({"", "pid", 8, fmt::format("{}", target.host_pid)});
  out.push_back({"", "live", 7, live_known ? short_count(static_cast<std::uint64_t>(*row.live)) : "-"});
  out.push_back({"created", "/s", 8, rate_text(row.created)});
  out.push_back({"exited", "/s", 7, rate_text(row.exited), 1});
  out.push_back({"parks", "/s", 7, rate_text(row.parks)});
  out.push_back({"unparks", "/s", 8, rate_text(row.unparks), 4});
  out.push_back({"sys-", "calls/s", 8, rate_text(row.syscalls), 2});
  out.push_back({"run-", "nable", 7, row.runnable ? short_count(*row.runnable) : "-"});
  out.push_back(
      {"cost %", "target", 7, row.target_cpu_percent ? short_percent(*row.target_cpu_percent) : "-"});
  out.push_back({"of", "1 cpu", 6, short_percent(row.of_one_cpu_percent), 3});
  out.push_back({"", "lost", 7, short_count(row.lost), 0, row.lost > 0});
  return out;
}

void leave_out(std::vector<Column>& columns, std::size_t width) {
  const auto all = [&] {
    std::size_t sum = 0;
    for (const Column& c : columns) sum += c.width;
    return sum;
  };
  while (all() > width) {
    const auto first = std::ranges::max_element(columns, {}, &Column::left_out);
    if (first->left_out == 0) return;
    columns.erase(first);
  }
}

}  // namespace

std::string IntervalText::line(const IntervalRow& row, const TargetFacts& target, const std::string& time) {
  const Style style{options_.colour};
  std::vector<Column> columns = columns_of(row, target, time, options_.several_targets);
  leave_out(columns, options_.width);
  std::string out;
  if (lines_++ % kHeaderEvery == 0) {
    std::string heads, units;
    for (const Column& c : columns) {
      add_cell(heads, c.head, c.width);
      add_cell(units, c.unit, c.width);
    }
    heads.resize(heads.find_last_not_of(' ') + 1);
    out += style.dim(origin(row)) + style.bold(heads) + "\n" + style.bold(units) + "\n";
  }
  std::string line;
  for (const Column& c : columns) {
    const std::size_t before = line.size();
    add_cell(line, c.value, c.width);
    if (c.warn) line = line.substr(0, before) + style.warn(line.substr(before));
  }
  return out + line + "\n";
}

}  // namespace gorotrace
