#include "recording/moment_series.h"

#include <algorithm>
#include <utility>

namespace gorotrace {
namespace {

// Times that a hostile file names are anything.
std::optional<std::uint64_t> sum(std::uint64_t a, std::uint64_t b) {
  std::uint64_t out = 0;
  return __builtin_add_overflow(a, b, &out) ? std::nullopt : std::optional(out);
}

Sample sample_of(std::uint64_t at_ns, const Models::Of& of, const Came& came) {
  Sample sample;
  sample.at_ns = at_ns;
  sample.totals = of.totals(at_ns);
  for (unsigned i = 0; i < GT_GROUP_COUNT; ++i) {
    auto& covered = sample.totals.covered[i];
    if (!covered.empty() && covered.back().to_ns >= at_ns)
      sample.groups |= group_bit(static_cast<gt_group>(i));
    covered = {};  // it grows with the window: a copy for each moment would grow with its square
  }
  sample.totals.covered_by_sampling = {};
  if (sample.totals.runs) sample.totals.runs->covered = {};
  sample.live_known = sample.totals.looked;
  sample.counters = of.counters;
  if (of.cost) sample.cost = {of.cost->hits, of.cost->charged_ns, of.cost->target_cpu_ns};
  sample.events.received = came.records;
  sample.events.dropped = {{"lost", came.lost}};
  sample.events.produced = came.records + came.lost;
  return sample;
}

}  // namespace

std::optional<std::uint64_t> MomentSeries::next(std::optional<std::uint64_t> window_ns) const {
  if (most_ == 0 || !window_ns) return std::nullopt;
  const auto at =
      samples_.empty() ? sum(*window_ns, wanted_.from_ns.value_or(0)) : sum(samples_.back().at_ns, step_ns_);
  const auto end = wanted_.to_ns ? sum(*window_ns, *wanted_.to_ns) : std::nullopt;
  if (!at || !end || *at < *end) return at;
  // The stream goes on behind the part: its end is a moment like the others.
  return samples_.empty() || samples_.back().at_ns >= *end ? std::nullopt : end;
}

void MomentSeries::take(std::uint64_t at_ns, const Models::Of& of, const Came& came) {
  samples_.push_back(sample_of(at_ns, of, came));
  if (samples_.size() < most_ || samples_.size() < 3) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < samples_.size(); i += 2, ++kept) {
    if (kept != i) samples_[kept] = std::move(samples_[i]);
  }
  samples_.resize(kept);
  step_ns_ *= 2;
}

std::vector<Sample> MomentSeries::finish(std::uint64_t from_ns, std::uint64_t end_ns, const Models::Of& of,
                                         const Came& came) {
  if (most_ == 0) return {};
  std::erase_if(samples_, [&](const Sample& s) { return s.at_ns < from_ns || s.at_ns > end_ns; });
  // Of a rest of a step a rate would be noise.
  if (samples_.size() > 1 && samples_.back().at_ns < end_ns && end_ns - samples_.back().at_ns < step_ns_ / 2)
    samples_.pop_back();
  if (samples_.empty() || samples_.back().at_ns < end_ns) samples_.push_back(sample_of(end_ns, of, came));
  return std::move(samples_);
}

}  // namespace gorotrace
