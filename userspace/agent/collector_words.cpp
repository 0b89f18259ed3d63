#include "agent/collector_words.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace gorotrace {
namespace {

constexpr std::size_t kPauses = 256;
constexpr int kPasses = 4;
constexpr std::uint64_t kMostThreads = 1u << 16;  // the runtime's own limit is 10,000 (debug.SetMaxThreads)

// runtime/mstats.go, 1.18 to 1.27: these words lie in this order, without a gap, in front of numgc.
struct PauseWords {
  std::uint64_t last_gc_unix, pause_total_ns;
  std::array<std::uint64_t, kPauses> pause_ns, pause_end;
  std::uint32_t numgc;
};
constexpr std::size_t kBeforeEnds = offsetof(PauseWords, pause_end);

// Where the words are is taken from one of them. The runtime writes the others of a collection together
// (runtime/mgc.go gcMarkTermination), so they prove themselves.
bool holds(const PauseWords& words) {
  if (words.numgc == 0) return words.last_gc_unix == 0 && words.pause_total_ns == 0;
  const std::size_t last = (words.numgc - 1) % kPauses;
  if (words.last_gc_unix != words.pause_end[last]) return false;
  std::uint64_t sum = 0;
  for (const std::uint64_t pause : words.pause_ns) sum += pause;
  return words.numgc <= kPauses ? sum == words.pause_total_ns : sum <= words.pause_total_ns;
}

}  // namespace

std::optional<GcPauses> read_gc_pauses(const MetricsSource& source) {
  const MetricsOffsets& o = source.offsets;
  if (source.at.memstats == 0 || o.memstats_pause_end == kNoOffset || o.memstats_pause_end < kBeforeEnds ||
      o.memstats_numgc != o.memstats_pause_end + sizeof(PauseWords::pause_end))
    return std::nullopt;
  const std::uint64_t at = source.at.memstats + o.memstats_pause_end - kBeforeEnds;
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto words = source.memory.value<PauseWords>(at);
    if (!words) return std::nullopt;
    if (!holds(*words)) continue;
    GcPauses out{words->last_gc_unix, words->pause_total_ns, words->numgc, {}};
    const std::size_t count = std::min<std::size_t>(words->numgc, kPauses);
    out.last.assign(words->pause_ns.begin(), words->pause_ns.begin() + static_cast<std::ptrdiff_t>(count));
    std::ranges::sort(out.last);
    return out;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> count_threads(const MetricsSource& source) {
  if (source.at.allm == 0 || source.offsets.m_alllink == kNoOffset) return std::nullopt;
  auto m = source.memory.value<std::uint64_t>(source.at.allm);
  std::uint64_t count = 0;
  for (; m && *m != 0; ++count) {
    if (count == kMostThreads) return std::nullopt;
    m = source.memory.value<std::uint64_t>(*m + source.offsets.m_alllink);
  }
  return m ? std::optional(count) : std::nullopt;
}

}  // namespace gorotrace
