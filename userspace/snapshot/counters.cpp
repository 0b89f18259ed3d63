#include "snapshot/counters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/clock.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kMaxPs = 1u << 16;
constexpr std::uint64_t kGoidBatch = 16;  // runtime/proc.go _GoidCacheBatch
// runtime/runtime2.go _Prunning, kept in a system call since 1.26, and _Pgcstop: the world is stopped.
constexpr std::uint32_t kPrunning = 1, kPgcstop = 3;

constexpr std::size_t kSliceHeader = 24;

template <typename T>
T at(Bytes bytes, std::uint16_t begin, std::uint16_t offset) {
  return offset == kAbsent ? T{} : load<T>(bytes, static_cast<std::uint64_t>(offset) - begin).value_or(T{});
}

}  // namespace

CounterReader::Span CounterReader::span_of(
    std::initializer_list<std::pair<std::uint16_t, std::uint16_t>> fields) {  // {offset, size}
  Span span;
  for (const auto& [offset, size] : fields) {
    if (offset == kAbsent) continue;
    span.begin = std::min(span.begin, offset);
    span.end = std::max<std::uint16_t>(span.end, static_cast<std::uint16_t>(offset + size));
  }
  return span;
}

CounterReader::CounterReader(const Memory& memory, Config config)
    : memory_(memory),
      config_(config),
      sized_lists_(config.offsets.p_gFree_size != kAbsent),
      sched_(span_of({{config.offsets.sched_goidgen, 8},
                      {config.offsets.sched_ngsys, 4},
                      {config.offsets.sched_gFree_n, 4},
                      {config.offsets.sched_gFree_stack_size, 4},
                      {config.offsets.sched_gFree_noStack_size, 4}})),
      p_(span_of({{config.p_status, 4},
                  {config.offsets.p_schedtick, 4},
                  {config.offsets.p_syscalltick, 4},
                  {config.offsets.p_goidcache, 8},
                  {config.offsets.p_goidcacheend, 8},
                  {config.offsets.p_gFree_n, 4},
                  {config.offsets.p_gFree_size, 4}})) {}

// What one P that runs may have in hand (runtime/proc.go, 1.18-1.27). newproc1 takes a free g, or adds one to
// allgs; then, with no goid left, a batch from goidgen, which is its own two stores later; then the goid; and
// the probe sees the goroutine behind all that. goexit0 is seen before gdestroy frees the g; gfput, at 64,
// takes free ones off the P's list until 31 are left and only then puts them on the common one.
void CounterReader::note_in_hand(RuntimeCounters& out, std::uint64_t unused_goids, std::int64_t free) {
  out.created_ahead += unused_goids == 0 ? kGoidBatch : 1;
  out.exited_ahead += unused_goids == 0 ? kGoidBatch : 0;
  out.exited_behind += free >= 31 && free < 64 ? static_cast<std::uint64_t>(64 - free) : 1;
}

bool CounterReader::complete() const {
  const RuntimeOffsets& o = config_.offsets;
  return config_.allgs_address != 0 && config_.allp_address != 0 && config_.sched_address != 0 &&
         o.sched_goidgen != kAbsent && o.sched_ngsys != kAbsent && o.p_schedtick != kAbsent &&
         o.p_syscalltick != kAbsent && o.p_goidcache != kAbsent && o.p_goidcacheend != kAbsent &&
         (sized_lists_ ? o.sched_gFree_stack_size != kAbsent && o.sched_gFree_noStack_size != kAbsent
                       : o.sched_gFree_n != kAbsent && o.p_gFree_n != kAbsent);
}

// allp to its capacity: Ps that GOMAXPROCS dropped keep their ticks and goid caches (proc.go procresize).
// Without them, and without an error, they may be had at the next try.
Status CounterReader::find_ps() {
  ps_.clear();
  previous_.clear();
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
  std::vector<std::uint64_t> ps(capacity);
  if (memory_.read(data, {reinterpret_cast<std::uint8_t*>(ps.data()), capacity * sizeof(std::uint64_t)})) {
    ps_ = std::move(ps);
    allp_ = *allp;
  }
  return {};
}

// The slice's header says where its Ps are: each is stored once, and kept (procresize, 1.18-1.27).
bool CounterReader::add_pass(std::vector<Memory::Range>& ranges) {
  if (ps_.empty()) return false;
  const std::size_t first = ranges.size();
  bytes_.assign(2 * kSliceHeader + sched_.size() + ps_.size() * p_.size(), 0);
  std::uint8_t* to = bytes_.data();
  const auto want = [&](std::uint64_t address, std::size_t size) {
    ranges.push_back({address, {to, size}});
    to += size;
  };
  want(config_.allp_address, kSliceHeader);
  want(config_.allgs_address, kSliceHeader);
  want(config_.sched_address + sched_.begin, sched_.size());
  for (const std::uint64_t address : ps_) {
    if (address != 0) want(address + p_.begin, p_.size());
  }
  ranges_of_pass_ = ranges.size() - first;
  return true;
}

std::optional<RuntimeCounters> CounterReader::take_pass(const std::vector<bool>& failed, std::size_t first) {
  if (ps_.empty()) return std::nullopt;
  const auto from = failed.begin() + static_cast<std::ptrdiff_t>(first);
  const bool arrived = std::find(from, from + static_cast<std::ptrdiff_t>(ranges_of_pass_), true) ==
                       from + static_cast<std::ptrdiff_t>(ranges_of_pass_);
  if (!arrived || std::memcmp(bytes_.data(), allp_.data(), sizeof allp_) != 0) {
    ps_.clear();
    previous_.clear();
    return std::nullopt;
  }
  const bool unchanged = bytes_ == previous_;
  if (!unchanged || !last_.settled) {
    last_ = figures(unchanged);
    previous_ = bytes_;
  }
  last_.time_ns = monotonic_ns();
  // procresize gives the slice its new length before the new Ps are in it.
  if (std::find(ps_.begin(), ps_.begin() + static_cast<std::ptrdiff_t>(allp_[1]), 0u) !=
      ps_.begin() + static_cast<std::ptrdiff_t>(allp_[1]))
    ps_.clear();
  return last_;
}

Result<RuntimeCounters> CounterReader::read(int passes) {
  if (!complete()) {
    return fail(ErrorKind::kUnsupported,
                "the runtime's counters cannot be read: where this binary keeps them is not known");
  }
  std::optional<RuntimeCounters> out;
  for (int pass = 0; pass < passes && !(out && out->settled); ++pass) {
    if (ps_.empty()) {
      if (auto found = find_ps(); !found) return std::unexpected(found.error());
    }
    ranges_.clear();
    if (!add_pass(ranges_)) continue;
    if (!memory_.read_many(ranges_, failed_))
      return fail(ErrorKind::kNoProcess, "the process is gone: it ended while its counters were read");
    out = take_pass(failed_, 0);
  }
  if (!out) return fail(ErrorKind::kFailed, "the runtime's counters cannot be read: its Ps are not mapped");
  return *out;
}

// Of bytes_. Twice the same: what was read at different times was true at one time.
RuntimeCounters CounterReader::figures(bool unchanged) {
  const RuntimeOffsets& o = config_.offsets;
  RuntimeCounters out;
  out.settled = unchanged;
  const Bytes all(bytes_);
  const Bytes sched = all.subspan(2 * kSliceHeader, sched_.size());
  std::uint64_t unused_goids = 0;
  const auto goroutines = load<std::uint64_t>(all, kSliceHeader + 8).value_or(0);
  const auto list = [&](std::uint16_t size) -> std::int64_t {
    return at<std::int32_t>(sched, sched_.begin, size);
  };
  std::int64_t free = sized_lists_ ? list(o.sched_gFree_stack_size) + list(o.sched_gFree_noStack_size)
                                   : list(o.sched_gFree_n);
  if (per_p_.size() < ps_.size()) per_p_.resize(ps_.size());
  std::size_t words_at = 2 * kSliceHeader + sched_.size();
  for (std::size_t i = 0; i < ps_.size(); ++i) {
    if (ps_[i] == 0) continue;
    const Bytes words = all.subspan(words_at, p_.size());
    words_at += p_.size();
    const auto next_goid = at<std::uint64_t>(words, p_.begin, o.p_goidcache),
               end_goid = at<std::uint64_t>(words, p_.begin, o.p_goidcacheend);
    const auto own_free = at<std::int32_t>(words, p_.begin, sized_lists_ ? o.p_gFree_size : o.p_gFree_n);
    // Between the two stores of a new batch: it is whole, but who knows.
    const bool torn = next_goid > end_goid;
    if (torn) out.settled = false;
    const std::uint64_t unused = torn ? kGoidBatch : end_goid - next_goid;
    unused_goids += unused;
    free += own_free;
    const auto status =
        config_.p_status == kAbsent ? kPrunning : at<std::uint32_t>(words, p_.begin, config_.p_status);
    if (status == kPrunning) note_in_hand(out, unused, own_free);
    // procresize may be taking apart the free lists of Ps that go (gfpurge).
    if (status == kPgcstop) out.settled = false;
    // Both are uint32 that wrap: only their growth since the last read is added.
    PerP& kept = per_p_[i];
    const auto schedtick = at<std::uint32_t>(words, p_.begin, o.p_schedtick);
    const auto syscalltick = at<std::uint32_t>(words, p_.begin, o.p_syscalltick);
    kept.switches += static_cast<std::uint32_t>(schedtick - kept.schedtick);
    kept.syscalls += static_cast<std::uint32_t>(syscalltick - kept.syscalltick);
    kept.schedtick = schedtick;
    kept.syscalltick = syscalltick;
  }
  for (const PerP& kept : per_p_) {
    out.switches += kept.switches;
    out.syscalls += kept.syscalls;
  }
  out.created = at<std::uint64_t>(sched, sched_.begin, o.sched_goidgen) - unused_goids;
  out.system = at<std::int32_t>(sched, sched_.begin, o.sched_ngsys);
  // The length is what the process says: it may be none that a difference of numbers with a sign can have.
  out.live = static_cast<std::int64_t>(goroutines - static_cast<std::uint64_t>(free + out.system));
  return out;
}

}  // namespace gorotrace
