// The one clock: CLOCK_MONOTONIC of the initial time namespace in ns, which bpf_ktime_get_ns reads. What a
// process reads, the Go runtime's nanotime included, has the offset of its time namespace added
// (time_namespaces(7)): ours is taken off here, a target's by TargetClock. Threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gorotrace {

// ns that the time namespace adds to CLOCK_MONOTONIC, from the text of /proc/PID/timens_offsets; nullopt when
// it has an unknown form.
[[nodiscard]] std::optional<std::int64_t> parse_monotonic_offset(std::string_view timens_offsets);
// Of the process of that directory of /proc. nullopt: it cannot be told, see the definition.
[[nodiscard]] std::optional<std::int64_t> monotonic_offset(const std::string& proc_directory);

[[nodiscard]] std::uint64_t monotonic_ns();
// 0 when `at` lies before it.
[[nodiscard]] constexpr std::uint64_t since(std::uint64_t at, std::uint64_t begin) {
  return at > begin ? at - begin : 0;
}
// The same moment for std::chrono::steady_clock, which reads our own namespace's CLOCK_MONOTONIC.
[[nodiscard]] std::chrono::steady_clock::time_point steady_time(std::uint64_t monotonic_ns);

// CLOCK_MONOTONIC as a target reads it.
class TargetClock {
 public:
  constexpr TargetClock() = default;
  // nullopt: its offset is not known, and no time of it means anything to us.
  constexpr explicit TargetClock(std::optional<std::int64_t> offset_ns) : offset_ns_(offset_ns) {}

  // A time of the target on monotonic_ns()'s clock. nullopt for what is no time: 0 and less, one before the
  // boot, or any at all when the offset is not known. The greatest (runtime/time.go when: never) stays that.
  [[nodiscard]] std::optional<std::int64_t> to_monotonic(std::int64_t theirs) const;
  [[nodiscard]] std::optional<std::int64_t> offset_ns() const { return offset_ns_; }

 private:
  std::optional<std::int64_t> offset_ns_ = 0;
};

}  // namespace gorotrace
