// Which processes are to be looked at, and when: those that run at the start, and those that execute a
// program later, as the kernel tells it. Scans of /proc come now and then as a net, and soon when something
// was lost. A process may load a Go library at any time, of which nobody tells: it is looked at again once
// its address space has grown by what a Go runtime takes, which is compared a few times while its program is
// young and at every scan. Pure but for what it is given. Threads: one owner thread.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/timers.h"

namespace gorotrace {

// One program in one process. Where the initial stack starts differs from exec to exec, unless the addresses
// are not randomised (personality(2)).
struct ProgramId {
  std::uint64_t start_time = 0;   // of the process, clock ticks since boot
  std::uint64_t start_stack = 0;  // 0: not known
  bool operator==(const ProgramId&) const = default;
};

struct SeenProgram {
  ProgramId id;
  std::uint64_t addresses = 0;  // procfs::Stat::addresses
};

enum class LookFor : std::uint8_t {
  kProgram,  // it is a program that was not looked at
  kRest,     // what of the same program is new, or could not be looked at
};

struct DiscoveryCounts {
  std::uint64_t executed = 0;     // programs that the kernel told of
  std::uint64_t lost = 0;         // that it could not tell of, or that the queue had no room for
  std::uint64_t short_lived = 0;  // ended before anybody looked at them
  std::uint64_t looked_at = 0;    // programs
  std::uint64_t grown = 0;        // looks at programs that had grown by as much as a Go runtime takes
  std::uint64_t scans = 0;
};

class Discovery {
 public:
  // Most programs that live shorter are over by then, and a Go runtime has come up.
  static constexpr std::chrono::milliseconds kSettle{250};
  static constexpr std::size_t kMostQueued = 4096;
  static constexpr std::size_t kMostSeen = 65536;
  static constexpr std::chrono::milliseconds kBetweenScans{1000};  // however much is lost
  // Less than half of what a Go runtime reserves when it comes up, on 64 bits: the summaries of its page
  // allocator have 585 MiB (runtime/mpagealloc_64bit.go, summaryLevelBits; 1.18-1.27). With its threads'
  // stacks a library takes 1.5 GiB or more.
  static constexpr std::uint64_t kRuntimeTakes = std::uint64_t{256} << 20;
  // After the look at a program: most libraries are loaded when it starts. Each reads one line of /proc.
  static constexpr std::array<std::chrono::milliseconds, 3> kYoungLooks{
      {std::chrono::milliseconds(1000), std::chrono::milliseconds(5000), std::chrono::milliseconds(20000)}};
  // Those that are due at about the same time wake us once.
  static constexpr std::chrono::milliseconds kTogether{500};

  struct Proc {  // the seam to /proc
    std::function<std::vector<pid_t>()> all;
    // nullopt: it is gone, or has no program (a kernel thread, a zombie).
    std::function<std::optional<SeenProgram>(pid_t)> program;
  };
  [[nodiscard]] static Proc proc();

  using Look = std::function<void(pid_t, LookFor)>;
  Discovery(Proc proc, std::chrono::nanoseconds scan_every, Look look)
      : proc_(std::move(proc)), scan_every_(scan_every), look_(std::move(look)) {}

  void executed(const std::vector<pid_t>& pids, MonotonicTime now);
  // As many in all as the kernel says.
  void lost_by_kernel(std::uint64_t count, MonotonicTime now);
  // Once more, at that time: it was refused for what may not last.
  void again(pid_t pid, MonotonicTime when);
  // Looks at what is due, and scans when that is. The first call scans, and looks at everything at once.
  void work(MonotonicTime now);
  [[nodiscard]] MonotonicTime next() const;  // when work() is due
  [[nodiscard]] const DiscoveryCounts& counts() const { return counts_; }

 private:
  enum class Why : std::uint8_t {
    kExecuted,
    kFound,  // by a scan; looked at only if this program of it was not yet
    kAgain,
  };
  struct Queued {
    pid_t pid;
    MonotonicTime due;
    Why why;
  };
  struct Young {
    pid_t pid;
    std::size_t looks = 0;  // of kYoungLooks
  };
  void queue(pid_t pid, MonotonicTime due, Why why);
  void look_at(const Queued& queued, MonotonicTime now);
  void look_anew(pid_t pid, const SeenProgram& program, MonotonicTime now);
  void compare(pid_t pid, SeenProgram& seen, const SeenProgram& program);
  void compare_young(MonotonicTime now);
  void expect_growth(Young young, MonotonicTime now);
  void scan(MonotonicTime now);
  void scan_soon(MonotonicTime now);

  const Proc proc_;
  const std::chrono::nanoseconds scan_every_;
  const Look look_;
  std::deque<Queued> queue_;  // by due, but for the few of again()
  std::vector<Queued> again_;
  std::multimap<MonotonicTime, Young> young_;
  std::map<pid_t, SeenProgram> seen_;  // as large as each was, at the least, since it was looked at
  std::optional<MonotonicTime> last_scan_;
  MonotonicTime next_scan_{};
  bool overflowed_ = false;
  std::uint64_t lost_by_kernel_ = 0;
  DiscoveryCounts counts_;
};

}  // namespace gorotrace
