#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "report/pauses_text.h"
#include "report/text_parts.h"

namespace gorotrace {

std::string latency_text(const TextContext& c) {
  const Histogram* timed = latencies(c.facts, c.tables);
  if (timed == nullptr) return titled(c, "SCHEDULING LATENCY", "not known: probes tell (--probes block,run)");
  const Histogram& h = *timed;
  const TableTrust trust = table_trust(TableKind::kLatency, c.facts, c.tables);
  const bool by_runtime = trust.engine == Engine::kCounters;
  std::string out = table_title(c, "SCHEDULING LATENCY", "runnable to running" + unfiltered(c, true), trust);
  if (h.count() == 0 && by_runtime) return out + "  the runtime timed none\n";
  if (h.count() == 0)
    return out +
           fmt::format("  no wake-up was followed to its run; {} inferred\n", c.tables.latency.inferred);
  out += "  " + fmt::format("count {}  mean {}  p50 {}  p99 {}  max {}", short_count(h.count()),
                            format_duration(h.total() / h.count()), duration_text(h.quantile(0.5)),
                            duration_text(h.quantile(0.99)), format_duration(h.max()));
  out += by_runtime ? "\n" : fmt::format("  inferred {}\n", short_count(c.tables.latency.inferred));
  out += "  " +
         wrapped(by_runtime
                     ? fmt::format("timed by the runtime, 1 goroutine in {} that leaves running, each to an "
                                   "eighth; yields and preemptions are in it (exact, of wake-ups alone: "
                                   "--probes +run)",
                                   kRuntimeTimesOneIn)
                     : "wake-ups only: neither yields (Gosched, mutex hand-offs) nor preemptions",
                 c.width - 2, 2);
  if (!by_runtime) out += held_up_text(c);
  std::vector<Histogram::Bucket> buckets = h.by_powers_of_two();
  constexpr std::size_t kMostLines = 16;
  while (buckets.size() > kMostLines) {  // each line then stands for two of the finer ones
    std::vector<Histogram::Bucket> coarse;
    for (std::size_t i = 0; i < buckets.size(); i += 2) {
      const bool pair = i + 1 < buckets.size();
      coarse.push_back(
          {buckets[pair ? i + 1 : i].upper_ns, buckets[i].count + (pair ? buckets[i + 1].count : 0)});
    }
    buckets = std::move(coarse);
  }
  std::uint64_t most = 1;
  for (const auto& b : buckets) most = std::max(most, b.count);
  const std::size_t room = std::min<std::size_t>(c.width - 28, 60);
  for (const auto& b : buckets) {
    const std::string drawn = bar(static_cast<double>(b.count) / static_cast<double>(most), room);
    out += pad_left("≤ " + format_duration(b.upper_ns), 12) + " │" + pad_right(drawn, room) + "│" +
           pad_left(short_count(b.count), 8) + "\n";
  }
  return out;
}

}  // namespace gorotrace
