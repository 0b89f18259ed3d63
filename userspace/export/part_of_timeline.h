// A part of what a timeline tells: up to where it begins, states are followed and not told; then a stretch
// begins with the state of every goroutine of which one is known, as a slice of a trace does. Not
// thread-safe. Memory: live goroutines.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "export/go_trace.h"
#include "export/timeline.h"

namespace gorotrace {

class PartOfTimeline : public TimelineVisitor {
 public:
  // to: is told the part; outlives this.
  PartOfTimeline(const TracePart& part, TimelineVisitor& to) : part_(part), to_(to) {}

  Status begins(std::uint64_t at_ns) override;
  Status stands(const StandingGoroutine& standing) override;
  Status step(const Step& step) override;
  Status ends(std::uint64_t at_ns, std::uint64_t lost) override;

  // Behind the whole timeline. kUsage: nothing of it lies in the part.
  [[nodiscard]] Status finish() const;

 private:
  struct Known {
    StandingGoroutine standing;
    bool left = false;  // its system call, and it is not known how (StepKind::kSyscallLeft)
  };
  [[nodiscard]] Status begin_part();
  void follow(const Step& step);
  void follow_pause(const Step& step);

  const TracePart part_;
  TimelineVisitor& to_;
  std::map<std::uint64_t, Known> known_;  // by goid, in the stretch before the part
  // In the stretch before the part: a collection goes on; the world stands still since that step.
  bool marking_ = false;
  std::optional<Step> stopped_;
  std::string stopped_reason_;
  std::uint64_t since_ns_ = 0;  // the stretch
  bool told_ = false;           // the part of this stretch has begun
  bool any_ = false;            // that of some stretch has
};

}  // namespace gorotrace
