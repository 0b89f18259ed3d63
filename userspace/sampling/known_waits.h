// Since when the goroutines of a snapshot have waited, from whoever can prove it: probes that saw the park,
// or no event since; sampling that saw the goroutine stand still; garbage collections that found it waiting.
// Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/enum_names.h"
#include "model/model.h"
#include "sampling/sampling.h"
#include "snapshot/goroutines.h"

namespace gorotrace {

enum class WaitSource : std::uint8_t { kNobody, kProbes, kSampling, kCollections };
template <>
inline constexpr auto kEnumNames<WaitSource> = enum_names<WaitSource>({
    {WaitSource::kNobody, "nobody"},
    {WaitSource::kProbes, "probes"},
    {WaitSource::kSampling, "sampling"},
    {WaitSource::kCollections, "collections"},
});

struct KnownWait {
  WaitSource source = WaitSource::kNobody;
  bool exact = false;          // since_ns is the park itself; else it waited then already
  std::uint64_t since_ns = 0;  // CLOCK_MONOTONIC
  // It was seen to move then or later, so it has not waited since longer ago; 0: not seen.
  std::uint64_t moved_ns = 0;
  [[nodiscard]] bool known() const { return source != WaitSource::kNobody; }
};

// By collections alone (snapshot/collection_times.h).
[[nodiscard]] KnownWait known_wait(const GoroutineSnapshot& g);

// Of each goroutine of the snapshot: the park that a probe saw, else the earliest time that is proven.
// `standing`: of sampling up to just before the snapshot; it holds for a goroutine that the snapshot found in
// the very same standing. `open`: as of the snapshot's end; what began after the goroutine was read, or was
// open only before, says nothing of it. `moves`: of sampling, too.
[[nodiscard]] std::vector<KnownWait> known_waits(const Snapshot& snapshot,
                                                 std::span<const StandingWait> standing,
                                                 std::span<const LastMove> moves, const OpenWaits& open);

}  // namespace gorotrace
