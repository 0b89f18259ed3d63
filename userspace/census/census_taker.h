// Takes the census of one process: its thread looks at the goroutines at random instants, within a share of
// one CPU. Threads: control thread, but for the one it runs; a caller waits for a look at most.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "census/census.h"
#include "census/pace.h"
#include "snapshot/allgs_cache.h"
#include "snapshot/chunk_reader.h"
#include "snapshot/counters.h"
#include "snapshot/goroutines.h"

namespace gorotrace {

struct CensusSubject {
  GoroutineReader::Config goroutines;
  std::optional<CounterReader::Config> counters;  // the witness of the census: runtime.NumGoroutine
  CensusConfig census;
  bool stacks = true;
  bool whole = false;  // every look is at every goroutine: follows each of them, however rarely
};

struct CensusCost {
  std::uint64_t cpu_ns = 0;   // of the thread
  std::uint64_t time_ns = 0;  // it has run for
  std::uint64_t missed = 0;   // periods without a look: no share left, or the thread did not get to run
};

class CensusTaker {
 public:
  // `memory` outlives this object. The seed decides instants and choices.
  CensusTaker(const Memory& memory, CensusSubject subject, std::uint64_t seed);
  ~CensusTaker();

  // Looks at once, then on its own until stop(), which looks once more. Both return the time of that look.
  // An error ends the census (the process is gone): tables() then has what it saw.
  [[nodiscard]] Result<std::uint64_t> start(double cpu_share);
  std::uint64_t stop();
  [[nodiscard]] bool running() const { return thread_.joinable(); }
  void set_share(double cpu_share);

  [[nodiscard]] CensusTables tables() const;
  [[nodiscard]] std::array<std::uint64_t, kGStates> in_state() const;
  [[nodiscard]] std::vector<StandingWait> standing() const;
  [[nodiscard]] std::vector<LastMove> moves() const;
  [[nodiscard]] CensusCost cost() const;
  // Stacks seen since the last call: the tables name them by id.
  [[nodiscard]] StackSet take_stacks();

 private:
  void run();
  [[nodiscard]] Status look(bool whatever_it_costs);
  [[nodiscard]] Status look_at(std::span<const Choice> chunk);
  [[nodiscard]] Status place_wanted();  // the stacks that the chunk's goroutines want, and their rows
  void charge(std::size_t slots, bool all);

  const Memory& memory_;
  const bool stacks_wanted_, whole_;
  const GoroutineReader::Config config_;
  GoroutineReader reader_;
  ChunkReader words_;
  AllgsCache allgs_;
  std::optional<CounterReader> counters_;
  std::mt19937_64 random_;

  mutable std::mutex mutex_;  // what follows; held during a look
  std::condition_variable wake_;
  bool stop_ = false, failed_ = false;
  Census census_;
  Pace pace_{0};
  CensusCost cost_;
  std::uint64_t last_look_ns_ = 0;
  std::uint64_t thread_cpu_ns_ = 0;  // of the present thread, charged so far
  StackSet stacks_;

  // The thread's own, kept for their capacity.
  std::vector<Choice> by_address_, choices_;
  std::size_t ordered_ = 0;                         // slots that by_address_ holds
  std::vector<std::uint64_t> gs_, wanted_gs_;       // rising
  std::vector<std::uint32_t> positions_, read_as_;  // of gs_ in the chunk, and back
  struct Wanted {
    std::uint64_t g;
    std::uint32_t number;
    std::size_t at;
  };
  std::vector<Wanted> wanted_;
  std::uint64_t stacks_until_ns_ = 0;

  std::thread thread_;
};

}  // namespace gorotrace
