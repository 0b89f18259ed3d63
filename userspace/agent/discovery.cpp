#include "agent/discovery.h"

#include <algorithm>
#include <utility>

#include "process/procfs.h"

namespace gorotrace {

Discovery::Proc Discovery::proc() {
  // Nothing here is read from a process's memory, so none of them can make us wait.
  return {procfs::all_pids, [](pid_t pid) -> std::optional<SeenProgram> {
            const auto text = procfs::read_file(pid, "stat", 4096);
            const auto stat = text ? procfs::parse_stat(*text) : std::nullopt;
            if (!stat || (stat->flags & procfs::kKernelThread) != 0) return std::nullopt;
            // The main thread of a living process may have ended: the others are looked for by who looks.
            if (stat->has_exited() && procfs::living_task(pid) == 0) return std::nullopt;
            return SeenProgram{{stat->start_time, stat->start_stack}, stat->addresses};
          }};
}

void Discovery::scan_soon(MonotonicTime now) {
  const MonotonicTime soonest = last_scan_ ? std::max(now, *last_scan_ + kBetweenScans) : now;
  next_scan_ = std::min(next_scan_, soonest);
}

void Discovery::queue(pid_t pid, MonotonicTime due, Why why) {
  if (queue_.size() < kMostQueued) {
    queue_.push_back({pid, due, why});
    return;
  }
  overflowed_ = true;
  if (why != Why::kFound) ++counts_.lost;  // the next scan finds what a scan found
}

void Discovery::executed(const std::vector<pid_t>& pids, MonotonicTime now) {
  counts_.executed += pids.size();
  for (const pid_t pid : pids) queue(pid, now + kSettle, Why::kExecuted);
}

void Discovery::lost_by_kernel(std::uint64_t count, MonotonicTime now) {
  if (count == lost_by_kernel_) return;
  counts_.lost += count - std::exchange(lost_by_kernel_, count);
  scan_soon(now);
}

void Discovery::again(pid_t pid, MonotonicTime when) {
  if (again_.size() < kMostQueued) again_.push_back({pid, when, Why::kAgain});
}

void Discovery::look_anew(pid_t pid, const SeenProgram& program, MonotonicTime now) {
  seen_[pid] = program;
  ++counts_.looked_at;
  look_(pid, LookFor::kProgram);
  expect_growth({pid}, now);
}

void Discovery::look_at(const Queued& queued, MonotonicTime now) {
  const auto program = proc_.program(queued.pid);
  const auto seen = seen_.find(queued.pid);
  if (!program) {
    if (queued.why == Why::kExecuted) ++counts_.short_lived;
    if (seen != seen_.end()) seen_.erase(seen);
    return;
  }
  if (queued.why == Why::kExecuted || seen == seen_.end() || seen->second.id != program->id) {
    look_anew(queued.pid, *program, now);
  } else if (queued.why == Why::kAgain) {
    seen->second = *program;
    look_(queued.pid, LookFor::kRest);
  }
}

// Whatever it gave back before counts as given back: what came since the look is at least the difference.
void Discovery::compare(pid_t pid, SeenProgram& seen, const SeenProgram& program) {
  seen.addresses = std::min(seen.addresses, program.addresses);
  if (program.addresses - seen.addresses < kRuntimeTakes) return;
  seen.addresses = program.addresses;
  ++counts_.grown;
  look_(pid, LookFor::kRest);
}

void Discovery::expect_growth(Young young, MonotonicTime now) {
  if (young.looks == kYoungLooks.size() || young_.size() == kMostQueued) return;  // scans compare it, too
  const auto since_boot = (now + kYoungLooks.at(young.looks)).time_since_epoch();
  young_.emplace(MonotonicTime((since_boot / kTogether + 1) * kTogether), young);
}

void Discovery::compare_young(MonotonicTime now) {
  std::vector<Young> due;
  for (; !young_.empty() && young_.begin()->first <= now; young_.erase(young_.begin()))
    due.push_back(young_.begin()->second);
  for (Young& young : due) {
    const auto seen = seen_.find(young.pid);
    const auto program = seen != seen_.end() ? proc_.program(young.pid) : std::nullopt;
    if (!program || program->id != seen->second.id) continue;
    compare(young.pid, seen->second, *program);
    ++young.looks;
    expect_growth(young, now);
  }
}

void Discovery::scan(MonotonicTime now) {
  const bool first = !last_scan_;
  last_scan_ = now;
  next_scan_ = now + scan_every_;
  ++counts_.scans;
  const std::vector<pid_t> pids = proc_.all();
  std::erase_if(seen_, [&](const auto& entry) { return !std::ranges::binary_search(pids, entry.first); });
  for (const pid_t pid : pids) {
    const auto program = proc_.program(pid);
    const auto seen = seen_.find(pid);
    if (!program) continue;
    if (seen != seen_.end() && seen->second.id == program->id) {
      compare(pid, seen->second, *program);
    } else if (first) {
      look_anew(pid, *program, now);
    } else {
      queue(pid, now + kSettle, Why::kFound);
    }
  }
}

void Discovery::work(MonotonicTime now) {
  if (!last_scan_ || now >= next_scan_) scan(now);
  std::vector<Queued> due;
  while (!queue_.empty() && queue_.front().due <= now) {
    due.push_back(queue_.front());
    queue_.pop_front();
  }
  const auto later = std::ranges::partition(again_, [now](const Queued& queued) { return queued.due > now; });
  due.insert(due.end(), later.begin(), later.end());
  again_.erase(later.begin(), later.end());
  for (const Queued& queued : due) look_at(queued, now);
  compare_young(now);
  if (std::exchange(overflowed_, false) || seen_.size() > kMostSeen) scan_soon(now);
}

MonotonicTime Discovery::next() const {
  if (!last_scan_) return MonotonicTime::min();
  MonotonicTime next = next_scan_;
  if (!queue_.empty()) next = std::min(next, queue_.front().due);
  if (!young_.empty()) next = std::min(next, young_.begin()->first);
  for (const Queued& queued : again_) next = std::min(next, queued.due);
  return next;
}

}  // namespace gorotrace
