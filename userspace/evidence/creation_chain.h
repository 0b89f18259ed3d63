// From a goroutine back to the program's own code: the go statement that made it, then the one that made its
// creator, and so on while they are the library's. What is known of each comes from probes, from the
// runtime's own ancestors, or from goroutines that live. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/seeded_hash.h"
#include "golang/pclntab.h"
#include "symbols/stack_table.h"

namespace gorotrace {

// One go statement, with names.
struct ChainLink {
  std::uint64_t creator = 0;   // goid of who ran it; 0 = several, the runtime, or not known
  std::vector<Frame> stack;    // of who ran it, leaf first; empty = not seen
  std::vector<Frame> site;     // the statement, innermost first; empty of goroutine 1, which has none
  std::optional<Frame> start;  // the function that it starts
};

[[nodiscard]] bool has_user_code(const std::vector<Frame>& frames);

// What to name behind a go statement (the first link's) to say whose code led there: the statements of its
// creators and at last the nearest frame of the program itself. Empty where the statement is the program's
// own, or nothing more is known.
[[nodiscard]] std::vector<Frame> way_from_user_code(const std::vector<ChainLink>& chain);

// How many goroutines came by it. Without frames: of those nothing is known.
struct CountedWay {
  std::vector<Frame> frames;
  std::uint64_t count = 0;
};

// How one goroutine was made.
struct KnownCreation {
  std::uint64_t creator = 0, gopc = 0, startpc = 0;
  std::span<const std::uint64_t> pcs = {};  // the creator's stack at the go statement
  PcKind kind = PcKind::kReturnAddress;
};

class KnownCreations {
 public:
  static constexpr std::size_t kMaxLinks = 8;

  // Of what several tell of one goroutine, what lacks is added. Where they contradict one another the goid
  // means two goroutines (a C thread's is used again), and nothing is known of it.
  void add(std::uint64_t goid, const KnownCreation& creation);
  // How goid was made, its creator, ...: kMaxLinks at most, until `last` says that this is enough, and nobody
  // twice.
  template <typename Last>
  [[nodiscard]] std::vector<KnownCreation> chain(std::uint64_t goid, const Last& last) const {
    std::vector<KnownCreation> out;
    std::vector<std::uint64_t> seen;
    while (goid != 0 && out.size() < kMaxLinks && std::ranges::find(seen, goid) == seen.end()) {
      seen.push_back(goid);
      const auto found = known_.find(goid);
      // Of a C thread's goroutine there is no go statement (runtime/proc.go oneNewExtraM).
      if (found == known_.end() || found->second.gopc == 0) break;
      out.push_back(found->second);
      if (last(out.back())) break;
      goid = out.back().creator;
    }
    return out;
  }

 private:
  SeededMap<std::uint64_t, KnownCreation> known_;
};

}  // namespace gorotrace
