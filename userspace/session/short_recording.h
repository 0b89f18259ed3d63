// One target, recorded for some seconds into a file in memory: what a person asks for who waits for it. It
// ends earlier when tracing takes more than the budget (nothing comes back in phases), when the file is as
// large as it may be, when the target ends, and at once when nobody waits for it any more. However it ends
// nothing is attached behind it.
// Threads: the caller's is control; the session's are gone when it returns.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/enum_names.h"
#include "base/memory_file.h"
#include "base/result.h"
#include "evidence/facts.h"
#include "model/target_id.h"
#include "session/target.h"

namespace gorotrace {

struct ShortRecordingOptions {
  GroupMask groups = 0;
  double budget_share = 0.10;  // of the target's CPU time
  double sample_cpu = 0;       // SessionOptions::sample_cpu
  std::chrono::nanoseconds duration{0};
  // Of the file; looked at ten times a second. 0: as many as come.
  std::uint64_t max_bytes = 0, max_records = 0;
};

enum class ShortEnd : std::uint8_t { kTime, kBudget, kSize, kTarget };
template <>
inline constexpr auto kEnumNames<ShortEnd> = enum_names<ShortEnd>({
    {ShortEnd::kTime, "time"},
    {ShortEnd::kBudget, "budget"},
    {ShortEnd::kSize, "size"},
    {ShortEnd::kTarget, "target"},
});

struct ShortRecording {
  MemoryFile file;  // a capture file of one target
  TargetId target = 0;
  StatFacts facts;  // as at its end; `why` is among the notices
  ShortEnd end = ShortEnd::kTime;
  std::string why;            // it ended before its time, for a person; "" when it did not
  std::uint64_t dropped = 0;  // records that came and are not in the file
};

// What it cost until it failed or nobody waited for it: facts.cost of a window that has no file.
using ShortRecordingCost = std::function<void(const StatFacts& facts)>;

// cost: called once when something was attached, whether or not there is a recording in the end. kFailed once
// `unwanted`.
[[nodiscard]] Result<ShortRecording> record_shortly(std::unique_ptr<Target> target,
                                                    const ShortRecordingOptions& options,
                                                    const std::stop_token& unwanted,
                                                    const ShortRecordingCost& cost);

}  // namespace gorotrace
