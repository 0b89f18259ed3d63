#include "base/clock.h"

#include <sys/stat.h>
#include <time.h>

#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>

namespace gorotrace {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr ino_t kInitialTimeNamespace = 0xEFFFFFFA;  // include/linux/proc_ns.h PROC_TIME_INIT_INO

std::uint64_t own_reading_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * kSecond + static_cast<std::uint64_t>(t.tv_nsec);
}

// No thread of ours changes its time namespace (setns(2) lets none of a process with several).
std::uint64_t own_offset_ns() {
  static const auto offset = static_cast<std::uint64_t>(monotonic_offset("/proc/self").value_or(0));
  return offset;
}

}  // namespace

// "monotonic           0         0\nboottime            0         0\n": kernel/time/namespace.c show_offset.
std::optional<std::int64_t> parse_monotonic_offset(std::string_view timens_offsets) {
  const std::string text(timens_offsets);
  std::int64_t seconds = 0, ns = 0, offset = 0;
  if (std::sscanf(text.c_str(), "monotonic %" SCNd64 " %" SCNd64, &seconds, &ns) != 2) return std::nullopt;
  if (ns < 0 || ns >= kSecond || __builtin_mul_overflow(seconds, kSecond, &offset) ||
      __builtin_add_overflow(offset, ns, &offset))
    return std::nullopt;
  return offset;
}

// The file tells of the namespace that the process's children will be in (proc_timens_show_offsets). That is
// its own, too, but for one that made a namespace for its children and has not run another program since.
// A kernel before 5.6 has neither namespaces nor the file.
std::optional<std::int64_t> monotonic_offset(const std::string& proc_directory) {
  struct stat own{}, of_children{};
  const bool known = ::stat((proc_directory + "/ns/time").c_str(), &own) == 0;
  if (known && own.st_ino == kInitialTimeNamespace) return 0;
  if (known && ::stat((proc_directory + "/ns/time_for_children").c_str(), &of_children) == 0 &&
      own.st_ino != of_children.st_ino)
    return std::nullopt;
  std::ifstream file(proc_directory + "/timens_offsets");
  if (!file) return known ? std::nullopt : std::optional<std::int64_t>(0);
  // Of a process that has ended meanwhile a read fails, which an iterator over the stream would throw.
  std::string line;
  std::getline(file, line);
  return parse_monotonic_offset(line);
}

std::uint64_t monotonic_ns() {
  return own_reading_ns() - own_offset_ns();
}

std::chrono::steady_clock::time_point steady_time(std::uint64_t monotonic_ns) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(monotonic_ns + own_offset_ns()));
}

std::optional<std::int64_t> TargetClock::to_monotonic(std::int64_t theirs) const {
  if (!offset_ns_ || theirs <= 0) return std::nullopt;
  std::int64_t ours = 0;
  if (theirs == std::numeric_limits<std::int64_t>::max() ||
      __builtin_sub_overflow(theirs, *offset_ns_, &ours))
    return std::numeric_limits<std::int64_t>::max();
  if (ours <= 0) return std::nullopt;
  return ours;
}

}  // namespace gorotrace
