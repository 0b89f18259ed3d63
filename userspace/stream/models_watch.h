// What a condition asks of the models while a stream goes by: how many goroutines there are, and how many
// wait for long. Threads: look() on that of the models' owner; seen() on any.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "stream/models.h"

namespace gorotrace {

class ModelsWatch {
 public:
  static constexpr std::uint64_t kPeriodNs = 100'000'000;

  struct Seen {
    pid_t host_pid = 0;
    // As the runtime counts them (NumGoroutine), which is read at intervals; where it cannot be, as the
    // probes do. nullopt: neither is known yet.
    std::optional<std::uint64_t> live;
    // For each of longer_than_ns how many of the program's goroutines have waited for more than that, as far
    // as it is proven: those who waited before the probes came count from when they were on. nullopt: the
    // block group is off.
    std::optional<std::vector<std::uint64_t>> waiting;
    std::uint64_t panics = 0;  // and fatal errors, that the probes told of
  };

  explicit ModelsWatch(std::vector<std::uint64_t> longer_than_ns)
      : longer_than_ns_(std::move(longer_than_ns)) {}

  // Of targets whose window is open, once it is due: each kPeriodNs, but for no more than a twentieth of the
  // thread's time.
  void look(const Models& models, std::uint64_t now_ns);
  [[nodiscard]] std::vector<Seen> seen() const;

 private:
  [[nodiscard]] Seen seen_of(const Models::Of& of, std::uint64_t at_ns) const;

  const std::vector<std::uint64_t> longer_than_ns_;
  std::uint64_t due_ns_ = 0;
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
};

}  // namespace gorotrace
