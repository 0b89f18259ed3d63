#include "govern/slowdown.h"

#include <algorithm>
#include <cmath>

namespace gorotrace {
namespace {

constexpr double kKept = 0.9;  // of what is known, at each stretch
// A stretch with less than this says nothing.
constexpr double kLeastCpuNs = 2e6, kFewestCounts = 10;
constexpr double kFewestStretches = 2.5;  // after what is older has lost weight: three
constexpr double kWorstError = 0.15;      // of the ratio of two rates
constexpr double kMostLost = 0.97, kMostWeight = 32;

}  // namespace

void Slowdown::Sums::add(double cpu_ns, const Counts& counts) {
  stretches = kKept * stretches + 1;
  cpu.fade(kKept);
  cpu.add(cpu_ns);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    counted[i].fade(kKept);
    counted[i].add(counts[i]);
    products[i] = kKept * products[i] + counts[i] * cpu_ns;
  }
}

void Slowdown::traced(std::optional<bool> traced, std::uint64_t at_ns) {
  if (traced == traced_) return;
  end_stretch();
  traced_ = traced;
  since_ns_ = at_ns;
}

void Slowdown::read(const Reading& reading) {
  if (!traced_ || reading.at_ns < since_ns_ || (last_ && reading.at_ns <= last_->at_ns)) return;
  if (!first_) {
    first_ = reading;
  } else {
    last_ = reading;
  }
}

void Slowdown::charged(std::uint64_t cpu_ns, double charged_ns) {
  if (!traced_) return;
  const Cost now{static_cast<double>(cpu_ns), charged_ns};
  if (cost_) {
    stretch_.cpu_ns += std::max(0.0, now.cpu_ns - cost_->cpu_ns);
    stretch_.charged_ns += std::max(0.0, now.charged_ns - cost_->charged_ns);
  }
  cost_ = now;
}

void Slowdown::end_stretch() {
  if (first_ && last_) {
    Counts counted{};
    for (std::size_t i = 0; i < counted.size(); ++i)
      counted[i] = static_cast<double>(last_->counted[i]) - static_cast<double>(first_->counted[i]);
    const double cpu = static_cast<double>(last_->cpu_ns) - static_cast<double>(first_->cpu_ns);
    const bool backwards = std::ranges::any_of(counted, [](double n) { return n < 0; });
    const double own = stretch_.cpu_ns > 0 ? std::max(0.0, 1 - stretch_.charged_ns / stretch_.cpu_ns) : 1;
    if (cpu >= kLeastCpuNs && !backwards) {
      if (*traced_) {
        on_.add(cpu, counted);
      } else {
        off_.add(cpu * own, counted);
      }
    }
  }
  if (traced_ == true && stretch_.cpu_ns > 0)
    all_ = {kKept * all_.cpu_ns + stretch_.cpu_ns, kKept * all_.charged_ns + stretch_.charged_ns};
  stretch_ = {};
  cost_.reset();
  first_.reset();
  last_.reset();
}

std::optional<Slowdown::Rate> Slowdown::rate(const Sums& sums, std::size_t i) {
  if (sums.stretches < kFewestStretches || sums.counted[i].sum < kFewestCounts * sums.stretches)
    return std::nullopt;
  const RatioEstimate of = estimate_ratio(sums.stretches, sums.counted[i], sums.cpu, sums.products[i]);
  return Rate{of.each, of.error / sums.cpu.sum};
}

std::optional<double> Slowdown::times() const {
  std::optional<double> best;
  double error = kWorstError;
  for (std::size_t i = 0; i < on_.counted.size(); ++i) {
    const auto on = rate(on_, i), off = rate(off_, i);
    if (!on || !off || std::hypot(on->error, off->error) >= error) continue;
    error = std::hypot(on->error, off->error);
    best = on->each / off->each;
  }
  return best;
}

double Slowdown::weight() const {
  const auto known = times();
  if (!known || all_.charged_ns <= 0) return 1;
  const double lost = std::clamp(1 - 1 / *known, 0.0, kMostLost);
  return std::clamp(lost * all_.cpu_ns / all_.charged_ns, 1.0, kMostWeight);
}

}  // namespace gorotrace
