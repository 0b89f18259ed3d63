#include "snapshot/far_end.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/clock.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kPiece = 256 * 1024;
constexpr std::uint64_t kLink = 16;  // the caller's frame pointer and the return address above it

}  // namespace

std::optional<FarEnd> walk_far_end(const Memory& memory, const Code& code,
                                   const std::function<bool(std::uint64_t pc)>& outermost, std::uint64_t fp,
                                   std::uint64_t stack_hi, std::size_t keep_first, std::size_t keep_last,
                                   std::uint64_t deadline_ns) {
  FarEnd out;
  std::vector<std::uint64_t> ring(std::max<std::size_t>(keep_last, 1));
  std::uint64_t behind = 0;  // return addresses met behind the first ones
  std::vector<std::uint8_t> piece;
  std::uint64_t base = 0, last = 0;
  while (fp != 0 && fp % 8 == 0 && fp < stack_hi && stack_hi - fp >= kLink) {
    if (fp < base || fp - base + kLink > piece.size()) {
      if (monotonic_ns() > deadline_ns) return std::nullopt;
      base = fp;
      piece.resize(std::min(kPiece, stack_hi - base));
      if (!memory.read(base, piece)) return std::nullopt;
    }
    const auto caller = load<std::uint64_t>(piece, fp - base), pc = load<std::uint64_t>(piece, fp - base + 8);
    // Frames of callers lie above; equal or below would be a cycle.
    if (!caller || !pc || !code.holds(*pc) || (*caller != 0 && *caller <= fp)) return std::nullopt;
    last = *pc;
    if (out.first.size() < keep_first) {
      out.first.push_back(*pc);
    } else {
      ring[behind++ % ring.size()] = *pc;
    }
    fp = *caller;
  }
  if (!outermost || !outermost(last)) return std::nullopt;
  out.between = behind - std::min<std::uint64_t>(behind, ring.size());
  for (std::uint64_t i = out.between; i < behind; ++i) out.last.push_back(ring[i % ring.size()]);
  return out;
}

}  // namespace gorotrace
