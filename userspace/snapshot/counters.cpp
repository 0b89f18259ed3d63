#include "snapshot/counters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "base/bytes.h"
#include "base/clock.h"

namespace gorotrace {
namespace {

constexpr int kPasses = 16;
constexpr std::uint64_t kMaxPs = 1u << 16;
constexpr std::uint64_t kGoidBatch = 16;  // runtime/proc.go _GoidCacheBatch
// runtime/runtime2.go _Prunning, kept in a system call since 1.26, and _Pgcstop: the world is stopped.
constexpr std::uint32_t kPrunning = 1, kPgcstop = 3;

struct Span {
  std::uint16_t begin = kAbsent;
  std::uint16_t end = 0;
  explicit Span(std::initializer_list<std::pair<std::uint16_t, std::uint16_t>> fields) {  // {offset, size}
    for (const auto& [offset, size] : fields) {
      if (offset == kAbsent) continue;
      begin = std::min(begin, offset);
      end = std::max<std::uint16_t>(end, static_cast<std::uint16_t>(offset + size));
    }
  }
  [[nodiscard]] std::size_t size() const { return end > begin ? end - begin : 0u; }
};

template <typename T>
T at(Bytes bytes, const Span& span, std::uint16_t offset) {
  return offset == kAbsent ? T{}
                           : load<T>(bytes, static_cast<std::uint64_t>(offset) - span.begin).value_or(T{});
}

}  // namespace

CounterReader::CounterReader(const Memory& memory, Config config) : memory_(memory), config_(config) {}

// What one P that runs may have in hand (runtime/proc.go, 1.18-1.27). newproc1 takes a free g, or adds one to
// allgs; then, with no goid left, a batch from goidgen, which is its own two stores later; then the goid; and
// the probe sees the goroutine behind all that. goexit0 is seen before gdestroy frees the g; gfput, at 64,
// takes free ones off the P's list until 31 are left and only then puts them on the common one.
void CounterReader::note_in_hand(RuntimeCounters& out, std::uint64_t unused_goids, std::int64_t free) {
  out.created_ahead += unused_goids == 0 ? kGoidBatch : 1;
  out.exited_ahead += unused_goids == 0 ? kGoidBatch : 0;
  out.exited_behind += free >= 31 && free < 64 ? static_cast<std::uint64_t>(64 - free) : 1;
}

Result<RuntimeCounters> CounterReader::read() {
  const RuntimeOffsets& o = config_.offsets;
  const bool sized_lists = o.p_gFree_size != kAbsent;  // gList counts itself since Go 1.25
  const bool complete =
      config_.allgs_address != 0 && config_.allp_address != 0 && config_.sched_address != 0 &&
      o.sched_goidgen != kAbsent && o.sched_ngsys != kAbsent && o.p_schedtick != kAbsent &&
      o.p_syscalltick != kAbsent && o.p_goidcache != kAbsent && o.p_goidcacheend != kAbsent &&
      (sized_lists ? o.sched_gFree_stack_size != kAbsent && o.sched_gFree_noStack_size != kAbsent
                   : o.sched_gFree_n != kAbsent && o.p_gFree_n != kAbsent);
  if (!complete) {
    return fail(ErrorKind::kUnsupported,
                "the runtime's counters cannot be read: where this binary keeps them is not known");
  }
  const Span sched({{o.sched_goidgen, 8},
                    {o.sched_ngsys, 4},
                    {o.sched_gFree_n, 4},
                    {o.sched_gFree_stack_size, 4},
                    {o.sched_gFree_noStack_size, 4}});
  const Span p({{config_.p_status, 4},
                {o.p_schedtick, 4},
                {o.p_syscalltick, 4},
                {o.p_goidcache, 8},
                {o.p_goidcacheend, 8},
                {o.p_gFree_n, 4},
                {o.p_gFree_size, 4}});

  std::vector<std::uint64_t> ps;
  std::vector<std::uint8_t> bytes, previous;  // of the last two passes; empty: the pass did not arrive
  std::vector<Memory::Range> ranges;
  std::vector<bool> failed;
  RuntimeCounters out;
  for (int pass = 0; pass < kPasses && !out.settled; ++pass) {
    // allp to its capacity: Ps that GOMAXPROCS dropped keep their ticks and goid caches (proc.go procresize).
    const auto allp = memory_.value<std::array<std::uint64_t, 3>>(config_.allp_address);
    if (!allp)
      return fail(ErrorKind::kNoProcess, "runtime.allp cannot be read: the process is gone or replaced");
    const auto [data, length, capacity] = *allp;
    if (data == 0 || length == 0 || length > capacity || capacity > kMaxPs) {
      return fail(ErrorKind::kUnsupported,
                  fmt::format("runtime.allp is not a slice of Ps: data {:#x}, length {}, "
                              "capacity {}",
                              data, length, capacity));
    }
    ps.assign(capacity, 0);
    std::swap(bytes, previous);
    bytes.clear();
    if (!memory_.read(data, {reinterpret_cast<std::uint8_t*>(ps.data()), capacity * sizeof(std::uint64_t)}))
      continue;

    constexpr std::size_t kAllgsHeader = 24;
    bytes.assign(kAllgsHeader + sched.size() + ps.size() * p.size(), 0);
    ranges.clear();
    std::uint8_t* to = bytes.data();
    const auto want = [&](std::uint64_t address, std::size_t size) {
      ranges.push_back({address, {to, size}});
      to += size;
    };
    want(config_.allgs_address, kAllgsHeader);
    want(config_.sched_address + sched.begin, sched.size());
    for (const std::uint64_t address : ps) {
      if (address != 0) want(address + p.begin, p.size());
    }
    if (!memory_.read_many(ranges, failed)) {
      return fail(ErrorKind::kNoProcess, "the process is gone: it ended while its counters were read");
    }
    if (std::find(failed.begin(), failed.end(), true) != failed.end()) {
      bytes.clear();
      continue;
    }
    out.time_ns = monotonic_ns();
    out.settled = bytes == previous;
  }
  if (bytes.empty())
    return fail(ErrorKind::kFailed, "the runtime's counters cannot be read: its Ps are not mapped");

  const Bytes all(bytes);
  const Bytes sched_bytes = ranges[1].out;
  std::uint64_t unused_goids = 0;
  const auto goroutines = static_cast<std::int64_t>(load<std::uint64_t>(all, 8).value_or(0));
  std::int64_t free = sized_lists ? at<std::int32_t>(sched_bytes, sched, o.sched_gFree_stack_size) +
                                        at<std::int32_t>(sched_bytes, sched, o.sched_gFree_noStack_size)
                                  : at<std::int32_t>(sched_bytes, sched, o.sched_gFree_n);
  if (per_p_.size() < ps.size()) per_p_.resize(ps.size());
  std::size_t range = 2;
  for (std::size_t i = 0; i < ps.size(); ++i) {
    if (ps[i] == 0) continue;
    const Bytes words = ranges[range++].out;
    const auto next_goid = at<std::uint64_t>(words, p, o.p_goidcache),
               end_goid = at<std::uint64_t>(words, p, o.p_goidcacheend);
    const auto own_free = at<std::int32_t>(words, p, sized_lists ? o.p_gFree_size : o.p_gFree_n);
    // Between the two stores of a new batch: it is whole, but who knows.
    const bool torn = next_goid > end_goid;
    if (torn) out.settled = false;
    const std::uint64_t unused = torn ? kGoidBatch : end_goid - next_goid;
    unused_goids += unused;
    free += own_free;
    const auto status =
        config_.p_status == kAbsent ? kPrunning : at<std::uint32_t>(words, p, config_.p_status);
    if (status == kPrunning) note_in_hand(out, unused, own_free);
    // procresize may be taking apart the free lists of Ps that go (gfpurge).
    if (status == kPgcstop) out.settled = false;
    // Both are uint32 that wrap: only their growth since the last read is added.
    PerP& kept = per_p_[i];
    const auto schedtick = at<std::uint32_t>(words, p, o.p_schedtick);
    const auto syscalltick = at<std::uint32_t>(words, p, o.p_syscalltick);
    kept.switches += static_cast<std::uint32_t>(schedtick - kept.schedtick);
    kept.syscalls += static_cast<std::uint32_t>(syscalltick - kept.syscalltick);
    kept.schedtick = schedtick;
    kept.syscalltick = syscalltick;
  }
  for (const PerP& kept : per_p_) {
    out.switches += kept.switches;
    out.syscalls += kept.syscalls;
  }
  out.created = at<std::uint64_t>(sched_bytes, sched, o.sched_goidgen) - unused_goids;
  out.system = at<std::int32_t>(sched_bytes, sched, o.sched_ngsys);
  out.live = goroutines - free - out.system;
  return out;
}

}  // namespace gorotrace
