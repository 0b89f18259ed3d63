// Two windows of one program, or of two builds of it, held against each other: what grew, what got slower,
// what is new. Places are told by their functions, for addresses and lines move from build to build. Pure but
// for the look-ups.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evidence/facts.h"
#include "symbols/stack_table.h"

namespace gorotrace {

struct ComparedWindow {
  const StatFacts& facts;
  const Tables& tables;
  Symbolizer& symbols;
};

// Of waits with one reason under the same functions of the program and its libraries.
struct ComparedWaits {
  struct Side {
    std::uint64_t count = 0;                       // that ended, both ends seen
    double per_s = 0;                              // of them
    double blocked = 0;                            // goroutines, in the mean of the window
    std::optional<std::uint64_t> mean_ns, p99_ns;  // nullopt: none ended
  };
  std::string reason;
  std::vector<std::string> functions;  // leaf first
  std::string at;                      // "worker.go:88" of the first, as of the later window
  std::optional<Side> before, after;   // absent: nobody waited there
};
// Of goroutines that one go statement made.
struct ComparedSite {
  struct Side {
    std::uint64_t live = 0;  // at the end
    double created_per_s = 0, exited_per_s = 0;
  };
  std::string start, by;  // the function that is started, and the one with the go statement; "" = none
  std::optional<Side> before, after;
};
// Of panics with values of one type, thrown under the same functions and recovered in the same one.
struct ComparedPanics {
  struct Side {
    std::uint64_t count = 0;
    double per_s = 0;
  };
  std::string type;                    // "": not known
  std::vector<std::string> functions;  // leaf first
  std::string at;                      // of the first, as of the later window
  bool recovered = false;
  std::string recovered_in;           // "" = not known, or not recovered
  std::optional<Side> before, after;  // absent: none
};
// Of times in which the world stood still for one reason, or of collections.
struct ComparedPauses {
  struct Side {
    std::uint64_t count = 0;  // both ends seen
    double per_s = 0;
    double share = 0;                                      // of the window
    std::optional<std::uint64_t> mean_ns, p99_ns, max_ns;  // nullopt: none
  };
  std::string reason;  // as runtime/trace says it; "": collections
  std::optional<Side> before, after;
};

struct Comparison {
  std::vector<ComparedWaits> waits;    // most changed first, by `blocked`
  std::vector<ComparedSite> sites;     // most grown first
  std::vector<ComparedPanics> panics;  // most changed first, by `per_s`
  std::vector<ComparedPauses> pauses;  // likewise, by `share`
};
// "worker.go:88"
[[nodiscard]] std::string file_line(const Frame& frame);
[[nodiscard]] Comparison compare(const ComparedWindow& before, const ComparedWindow& after);

}  // namespace gorotrace
