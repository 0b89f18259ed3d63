#include "export/wait_profiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/plural.h"
#include "export/recorded_stacks.h"
#include "golang/version.h"

namespace gorotrace {
namespace {

constexpr std::array<PprofType, 2> kTypes{PprofType{"contentions", "count"},
                                          PprofType{"delay", "nanoseconds"}};

// Inside of what the program called, by the skips of runtime/chan.go, select.go and sema.go.
bool below_call(const Frame& frame) {
  const std::string_view f = frame.function;
  if (f == "runtime.selectgo" || f == "runtime.chanrecv1" || f == "runtime.chanrecv2" ||
      f == "runtime.chansend1")
    return false;
  return f.starts_with("runtime.") || f.starts_with("sync.runtime_") || f.starts_with("internal/sync.") ||
         f.starts_with("internal/poll.runtime_") || f == "sync.(*Mutex).lockSlow" ||
         f == "sync.(*Mutex).unlockSlow" || f == "sync.(*RWMutex).rUnlockSlow";
}

enum class Kind { kNone, kBlock, kMutex };  // kMutex: of both profiles

// stack: as it was recorded.
Kind kind_of(const std::string& reason, const std::vector<ProfileCall>& stack) {
  if (reason.starts_with("chan receive") || reason.starts_with("chan send") || reason.starts_with("select")) {
    // For ever: no profile tells of what cannot end.
    return reason.contains("(nil chan)") || reason.contains("(no cases)") ? Kind::kNone : Kind::kBlock;
  }
  if (reason == "sync.Mutex.Lock" || reason.starts_with("sync.RWMutex.")) return Kind::kMutex;
  if (reason.starts_with("sync.WaitGroup.Wait") || reason.starts_with("sync.Cond.Wait")) return Kind::kBlock;
  // Up to 1.19 of everything in package sync; the runtime's own semaphores pass by another function.
  if (reason != "semacquire" || passes(stack, "runtime.semacquire")) return Kind::kNone;
  return passes(stack, "sync.runtime_SemacquireMutex") ? Kind::kMutex : Kind::kBlock;
}

// Since 1.23 these profiles are unwound by frame pointers (runtime/mprof.go saveblockevent): a wrapper is
// left out only with what was inlined into it (runtime.CallersFrames); before, callers() left out all of
// them.
RecordedStacks::Wrappers wrappers_of(const std::string& go_version) {
  const auto version = GoVersion::parse(go_version);
  return version && version->minor >= 23 ? RecordedStacks::Wrappers::kShowLone
                                         : RecordedStacks::Wrappers::kLeaveOut;
}

class WaitProfile {
 public:
  explicit WaitProfile(RecordedTarget& target)
      : target_(target),
        stacks_(target.symbols, wrappers_of(target.facts.target.go_version)),
        profile_(kTypes, kTypes[0], target.mappings) {}

  void block() {
    for (const BlockingRow& row : target_.tables.blocking) {
      if (row.in_syscall || row.system || row.waits.count() == 0) continue;
      std::vector<ProfileCall> calls = stacks_.calls(row.stack);
      if (kind(row.reason, calls) == Kind::kNone) continue;
      add(std::move(calls), {row.waits.count(), row.waits.total()}, labels(row.label));
    }
    // Those that go on.
    std::map<std::tuple<std::uint64_t, std::uint8_t, LabelId>, Sum> open;
    for (const OpenGoroutine& g : target_.open->goroutines) {
      if (!g.wait || g.wait->row.in_syscall || g.wait->row.system) continue;
      const OpenStay& wait = *g.wait;
      Sum& sum = open[{wait.row.stack, wait.row.reason, wait.row.label}];
      ++sum.count;
      sum.ns += target_.open->at_ns - std::min(wait.from_ns, target_.open->at_ns);
    }
    for (const auto& [key, sum] : open) {
      const auto& [stack, reason, label] = key;
      std::vector<ProfileCall> calls = stacks_.calls(stack);
      if (kind(reason, calls) == Kind::kNone) continue;
      PprofLabels labels = this->labels(label);
      labels.emplace_back("wait", "open");
      add(std::move(calls), sum, labels);
    }
  }

  void mutex() {
    std::map<std::uint64_t, Sum> by_waker;                        // its stack
    std::optional<std::pair<std::uint64_t, std::uint8_t>> place;  // rows of one stand beside each other
    Kind kind = Kind::kNone;                                      // of the place
    for (const auto& [row, sum] : target_.chains.rows()) {
      if (row.system) continue;
      if (const std::pair at(row.stack, row.reason); place != at) {
        place = at;
        kind = this->kind(row.reason, stacks_.calls(row.stack));
      }
      if (kind != Kind::kMutex) continue;
      Sum& of_waker = by_waker[row.chain.steps == 0 ? 0 : row.chain.wakers[0].stack];
      of_waker.count += sum.count;
      of_waker.ns += sum.total_ns;
    }
    for (const auto& [stack, sum] : by_waker) add(stacks_.calls(stack), sum, {});
    if (const std::uint64_t n = target_.chains.left_out(); n != 0)
      profile_.comment(fmt::format("{} of other stacks are left out", plural(n, "wait")));
  }

  Result<std::string> finish(const ProfileTime& time) {
    add_notes(profile_, target_, TableKind::kBlocking);
    return profile_.finish(time.unix_ns, time.duration_ns);
  }

 private:
  struct Sum {
    std::uint64_t count = 0, ns = 0;
  };

  [[nodiscard]] Kind kind(std::uint8_t reason, const std::vector<ProfileCall>& calls) const {
    const auto& reasons = target_.facts.wait_reasons;
    return reason < reasons.size() ? kind_of(reasons[reason], calls) : Kind::kNone;
  }
  [[nodiscard]] PprofLabels labels(LabelId label) const { return labels_of(target_, label); }
  void add(std::vector<ProfileCall> calls, const Sum& sum, const PprofLabels& labels) {
    profile_.sample(locations_of(profile_, without_leaf(std::move(calls), below_call)),
                    std::array{static_cast<std::int64_t>(sum.count), static_cast<std::int64_t>(sum.ns)},
                    labels);
  }

  RecordedTarget& target_;
  RecordedStacks stacks_;
  PprofBuilder profile_;
};

}  // namespace

Result<std::string> block_profile(RecordedTarget& target, const ProfileTime& time) {
  WaitProfile profile(target);
  profile.block();
  return profile.finish(time);
}

Result<std::string> mutex_profile(RecordedTarget& target, const ProfileTime& time) {
  WaitProfile profile(target);
  profile.mutex();
  return profile.finish(time);
}

}  // namespace gorotrace
