#include "sampling/phase_counts.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gorotrace {
namespace {

// Of their errors, and of the count: a reading's counts are not of quite the same moment.
constexpr double kApart = 3, kAlike = 0.02;
// The variance of a phase's waits, given what the runtime counted in it, by their mean. Independent ones have
// 1, n of which each comes with probability p have 1 - p. Measured (tests/testprogs/counted, 16 phases of 12
// s): the waits that each HTTP request has 0.0003 to 0.002, those that it has or not, as it happens, 0.1 to
// 9; either side of a pool 90 to 290, of a ping-pong 1,800 to 2,700.
constexpr double kKept = 0.02;
constexpr std::size_t kTime = static_cast<std::size_t>(GoesBy::kTime);

// A row that was not there counted nothing; one that was folded, and began anew, less than it had.
std::uint64_t grown(const std::map<BlockingIdentity, std::uint64_t>& before, const BlockingIdentity& row,
                    std::uint64_t now) {
  const auto was = before.find(row);
  if (was == before.end()) return now;
  return now > was->second ? now - was->second : 0;
}

bool behind(const PhaseCounts::Reading& reading, const PhaseCounts::Reading& other) {
  for (std::size_t i = 0; i < reading.size(); ++i) {
    if (reading[i] < other[i]) return true;
  }
  return false;
}

// Most of its waits were ended by timers.
bool goes_by_time(const BlockingRow& row) {
  std::uint64_t timers = 0, all = row.wakers_other;
  for (const WakerRow& w : row.wakers) {
    all += w.count;
    if (w.kind == WakerKind::kTimer) timers += w.count;
  }
  return 2 * timers > all;
}

}  // namespace

void PhaseCounts::read(const Reading& reading, const std::function<BegunWaits()>& begun) {
  if (last_ && behind(reading, *last_)) return;  // out of turn, or some of it could not be read
  if (!first_) first_ = reading;
  last_ = reading;
  if (!on_) return;
  Count count{reading, begun()};
  if (!open_) {
    open_ = Open{std::move(count), std::nullopt};
  } else {
    open_->to = std::move(count);
  }
}

void PhaseCounts::block(bool on) {
  if (on_ && !on && open_) add(sums_, *open_);
  if (on != on_) open_.reset();
  on_ = on;
}

void PhaseCounts::add(Sums& to, const Open& phase) {
  if (!phase.to || phase.to->waits.rows_folded != phase.from.waits.rows_folded) return;
  Each x{};
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<double>(phase.to->reading[i] - phase.from.reading[i]);
    to.x[i].add(x[i]);
  }
  ++to.phases;
  std::map<BlockingIdentity, std::uint64_t> before;
  for (const auto& [key, begun] : phase.from.waits.rows) before[identity(key)] = begun;
  for (const auto& [key, begun] : phase.to->waits.rows) {
    const BlockingIdentity row = identity(key);
    const auto y = static_cast<double>(grown(before, row, begun));
    if (y == 0) continue;
    if (!to.rows.contains(row) && to.rows.size() >= BlockingRows::kMaxRows) continue;
    RowSums& sums = to.rows[row];
    sums.y.add(y);
    for (std::size_t i = 0; i < x.size(); ++i) sums.xy[i] += x[i] * y;
  }
}

PhaseCounts::Ratio PhaseCounts::ratio(const RowSums& row, const Sums& sums, GoesBy by) const {
  const auto i = static_cast<std::size_t>(by);
  const double n = static_cast<double>(sums.phases), x = sums.x[i].sum;
  const auto all = static_cast<double>((*last_)[i] - (*first_)[i]);
  const RatioEstimate ratio = estimate_ratio(n, sums.x[i], row.y, row.xy[i]);
  const double unseen = std::clamp(1 - x / all, 0.0, 1.0);
  // For 1.96 errors to hold the count 95 times in 100, as Student's t has it of so few.
  const double few = 1 + 1.25 / (n - 1);
  return {ratio.each * all, few * all / x * ratio.error * std::sqrt(unseen),
          by == GoesBy::kTime || ratio.off <= kKept * row.y.sum};
}

bool PhaseCounts::contradict(const Ratio& a, const Ratio& b) {
  return std::abs(a.count - b.count) >
         kApart * std::hypot(a.error, b.error) + kAlike * std::min(a.count, b.count);
}

std::optional<EstimatedCount> PhaseCounts::estimate(const BlockingRow& row, const RowSums& of,
                                                    const Sums& sums) const {
  struct Found {
    Ratio ratio;
    GoesBy by;
  };
  std::optional<Found> best;
  bool contradicted = false;
  if (goes_by_time(row)) {
    best = Found{ratio(of, sums, GoesBy::kTime), GoesBy::kTime};
  } else {
    for (const GoesBy by : {GoesBy::kTimedRuns, GoesBy::kSyscalls, GoesBy::kCreated}) {
      // What happens much less often than these waits is not what they go by.
      if (sums.x[static_cast<std::size_t>(by)].sum * 100 <= of.y.sum) continue;
      const Ratio its = ratio(of, sums, by);
      contradicted = contradicted || (best && contradict(its, best->ratio));
      if (!best || its.error < best->ratio.error) best = Found{its, by};
    }
  }
  if (!best) return std::nullopt;
  EstimatedCount out{static_cast<std::uint64_t>(std::llround(best->ratio.count)), std::nullopt, best->by};
  if (sums.phases >= kFewest && best->ratio.keeps && !contradicted)
    out.error = static_cast<std::uint64_t>(std::llround(best->ratio.error));
  return out;
}

void PhaseCounts::over(Tables& tables) const {
  Sums sums = sums_;
  if (open_) add(sums, *open_);
  if (sums.phases < 2) return;
  tables.phases = CountedPhases{sums.phases, {(*first_)[kTime], (*last_)[kTime]}};
  for (BlockingRow& row : tables.blocking) {
    if (row.in_syscall || row.folded != 0) continue;
    const auto found = sums.rows.find(identity(row));
    if (found != sums.rows.end()) row.begun = estimate(row, found->second, sums);
  }
}

void believe_times(BlockingRow& row) {
  constexpr double kMuchLonger = 2;
  constexpr std::uint64_t kFewCut = 10;  // one of so many
  if (!row.begun || row.waits.count() == 0) return;
  const std::uint64_t open_ns = row.blocked_now * row.oldest_ns.value_or(0);
  const auto ended_ns = static_cast<double>(row.in_window_ns - std::min(row.in_window_ns, open_ns));
  const double mean =
      std::max(1.0, static_cast<double>(row.waits.total()) / static_cast<double>(row.waits.count()));
  const bool cut = kFewCut * (row.ended_unknown + row.tainted) > row.waits.count();
  const auto longest = static_cast<double>(std::max(row.waits.max(), row.long_waits.max()));
  if (ended_ns <= (cut ? longest : kMuchLonger * mean) * static_cast<double>(row.begun->count)) return;
  row.begun = EstimatedCount{static_cast<std::uint64_t>(ended_ns / mean), std::nullopt, GoesBy::kTime};
}

}  // namespace gorotrace
