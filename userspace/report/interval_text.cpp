#include <fmt/format.h>

#include <string_view>

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

}  // namespace

std::string IntervalText::line(const IntervalRow& row, const TargetFacts& target) {
  const Style style{options_.colour};
  std::string out;
  if (lines_++ % kHeaderEvery == 0) {
    const std::string lead = options_.several_targets ? "" : pad_left("", 5);
    out += style.dim(origin(row));
    out += style.bold(fmt::format("{}{:>7}{:>8}{:>7}{:>7}{:>8}{:>9}{:>9}{:>7}   of",
                                  options_.several_targets ? pad_left("", 7) : lead, "", "created", "exited",
                                  "parks", "unparks", "syscalls", "", "cost %")) +
           "\n";
    out += style.bold(fmt::format("{}{:>7}{:>8}{:>7}{:>7}{:>8}{:>9}{:>9}{:>7}{:>6}{:>5}",
                                  options_.several_targets ? pad_left("pid", 7) : pad_left("took", 5), "live",
                                  "/s", "/s", "/s", "/s", "/s", "runnable", "target", "1 cpu", "lost")) +
           "\n";
  }
  const std::uint64_t took = row.to_ns > row.from_ns ? row.to_ns - row.from_ns : 0;
  out += options_.several_targets ? pad_left(fmt::format("{}", target.host_pid), 7)
                                  : pad_left(format_duration(took), 5);
  out += pad_left(row.live && *row.live >= 0 ? short_count(static_cast<std::uint64_t>(*row.live)) : "-", 7);
  out += pad_left(rate_text(row.created), 8) + pad_left(rate_text(row.exited), 7);
  out += pad_left(rate_text(row.parks), 7) + pad_left(rate_text(row.unparks), 8);
  out += pad_left(rate_text(row.syscalls), 9) + pad_left(short_count(row.runnable), 9);
  out += pad_left(row.target_cpu_percent ? short_percent(*row.target_cpu_percent) : "-", 7);
  out += pad_left(short_percent(row.of_one_cpu_percent), 6);
  const std::string lost = pad_left(short_count(row.lost), 5);
  out += row.lost > 0 ? style.warn(lost) : lost;
  return out + "\n";
}

}  // namespace gorotrace
