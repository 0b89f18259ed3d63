// A population of goroutines whose whole course is known: what a look at any instant sees, and the truth.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <vector>

#include "looks.h"
#include "sampling/instants.h"

namespace gorotrace::simulated {

inline constexpr std::uint64_t kMs = 1'000'000;
inline constexpr std::uint8_t kReason[] = {3, 7, 9};

// One stretch of a goroutine's life.
struct TrueStay {
  std::uint64_t from_ns;
  GStatus status;
  std::uint8_t reason;
};

struct Goroutine {
  std::uint64_t goid;
  std::vector<TrueStay> stays;  // ascending; the last lasts for ever

  [[nodiscard]] std::size_t at(std::uint64_t t) const {
    const auto after = std::upper_bound(stays.begin(), stays.end(), t,
                                        [](std::uint64_t x, const TrueStay& s) { return x < s.from_ns; });
    return static_cast<std::size_t>(after - stays.begin()) - 1;
  }
  [[nodiscard]] GWords words(std::uint64_t t) const {
    const std::size_t i = at(t);
    GWords w;
    w.goid = goid;
    w.stack_lo = 0x10000;
    w.stack_hi = 0x20000;
    w.status = static_cast<std::uint32_t>(stays[i].status);
    w.wait_reason = stays[i].reason;
    w.gopc = 0x4000 + goid % 3;
    w.startpc = 0x5000;
    if (w.at_rest()) {
      w.sched_pc = 0x400000 + stays[i].reason;
      w.sched_sp = 0x1f000;
    }
    // casgstatus: each time it leaves running.
    std::size_t left = 0;
    for (std::size_t k = 0; k < i; ++k) left += stays[k].status == GStatus::kRunning ? 1 : 0;
    w.tracking_seq = static_cast<std::uint8_t>(left);
    return w;
  }
  [[nodiscard]] double ns(std::uint64_t from, std::uint64_t to, GStatus status, std::uint8_t reason) const {
    double sum = 0;
    for (std::size_t i = at(from); i < stays.size() && stays[i].from_ns < to; ++i) {
      const std::uint64_t end = i + 1 < stays.size() ? std::min(stays[i + 1].from_ns, to) : to;
      if (stays[i].status != status || (status == GStatus::kWaiting && stays[i].reason != reason)) continue;
      sum += static_cast<double>(end - std::max(stays[i].from_ns, from));
    }
    return sum;
  }
};

struct Population {
  std::vector<Goroutine> goroutines;
  [[nodiscard]] double ns(std::uint64_t from, std::uint64_t to, GStatus status, std::uint8_t reason) const {
    double sum = 0;
    for (const Goroutine& g : goroutines) sum += g.ns(from, to, status, reason);
    return sum;
  }
};

// Alternates runs of mean run_ns with waits of mean wait_ns for `reason`, both exponential, from before 0 on.
inline Goroutine alternating(std::uint64_t goid, std::uint8_t reason, double run_ns, double wait_ns,
                             std::uint64_t until_ns, std::mt19937_64& random) {
  Goroutine g{goid, {}};
  std::exponential_distribution<double> run(1 / run_ns), wait(1 / wait_ns);
  bool running = std::bernoulli_distribution(run_ns / (run_ns + wait_ns))(random);
  double t = 0;
  while (t < static_cast<double>(until_ns)) {
    g.stays.push_back(
        {static_cast<std::uint64_t>(t), running ? GStatus::kRunning : GStatus::kWaiting, reason});
    t += std::max(1.0, running ? run(random) : wait(random));
    running = !running;
  }
  return g;
}

// What a scheduler does, without its thread: `wanted` slots at each instant of [0, until_ns]. `length_ns`: of
// the cells of the instants, given what the look at that time saw.
using Length = std::function<std::uint64_t(std::uint64_t at_ns)>;
template <typename Follower>
void look(
    Follower& sampling, const Population& population, std::uint64_t until_ns, std::size_t wanted,
    std::uint64_t seed, const Length& length_ns = [](std::uint64_t) { return kLookPeriodNs; }) {
  std::mt19937_64 random(seed);
  Instants instants(1, length_ns(1), seed + 1);
  std::vector<Choice> choices;
  const auto take = [&](std::uint64_t at) {
    choose_slots(population.goroutines.size(), wanted, random, choices);
    sampling.begin_look(at, wanted >= population.goroutines.size());
    for (const Choice& choice : choices) {
      const GWords words = population.goroutines[choice.slot].words(at);
      if (const auto want = sampling.see(choice, &words)) sampling.place(*want, 0x1000u + words.wait_reason);
    }
    sampling.end_look(static_cast<std::int64_t>(population.goroutines.size()));
  };
  take(1);
  for (std::uint64_t at = instants.next(1, length_ns(1)); at < until_ns;
       at = instants.next(at, length_ns(at)))
    take(at);
  take(until_ns);
  sampling.end_segment();
}

}  // namespace gorotrace::simulated
