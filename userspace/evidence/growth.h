// Which stacks and creation sites became more from look to look. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evidence/dump.h"
#include "evidence/dump_select.h"
#include "evidence/dump_subject.h"
#include "evidence/quality.h"

namespace gorotrace {

// By function, file and line, so that two runs of a program compare.
struct PlaceLess {
  bool operator()(const std::vector<Frame>& a, const std::vector<Frame>& b) const;
};
[[nodiscard]] Frame place(std::string function, std::string file, int line);
[[nodiscard]] Frame no_stack(std::string_view why);  // the pseudo frame of a goroutine without a stack
using PlaceCounts = std::map<std::vector<Frame>, std::uint64_t, PlaceLess>;

// One look, reduced to counts. A goroutine without a stack counts under one pseudo frame.
struct Population {
  DumpSubject subject;  // whose goroutines
  std::uint64_t unix_ns = 0, goroutines = 0;
  bool exact = true;  // every goroutine looked at, every stack proven
  // By which they were chosen (DumpFilter::conditions); absent when that is not known.
  std::optional<std::vector<std::string>> conditions = {};
  PlaceCounts stacks;  // leaf first
  PlaceCounts sites;   // [start function, place of the go statement]; one element without a go statement
  // Of those of `sites` whose statement is the library's: by which ways the program's code led there. No
  // frame: not known.
  std::map<std::vector<Frame>, PlaceCounts, PlaceLess> ways = {};
};
[[nodiscard]] Population population(const DumpView& view, const Selection& selection);

struct Grown {
  std::vector<Frame> places;
  std::uint64_t first = 0, last = 0;
  bool never_shrank = true;           // from no look to the next
  std::vector<CountedWay> ways = {};  // of a creation site at the last look, most goroutines first
};

struct Growth {
  DumpSubject from, to;
  // Of two processes of one program: that a goroutine is older, or that a row never shrank, means nothing.
  bool two_processes = false;
  std::size_t looks = 0;
  std::uint64_t from_unix_ns = 0, to_unix_ns = 0, first = 0, last = 0;  // goroutines
  bool exact = true;
  // Conditions by which goroutines of one look alone were chosen: then rows differ by them, too.
  std::vector<std::string> only_before, only_after;
  [[nodiscard]] bool chosen_alike() const { return only_before.empty() && only_after.empty(); }
  [[nodiscard]] Quality quality() const {
    return exact && chosen_alike() ? Quality::kExact : Quality::kEstimated;
  }
  std::vector<Grown> stacks, sites;  // those that grew, most first
  std::size_t stacks_shrunk = 0, sites_shrunk = 0;
};

class GrowthTracker {
 public:
  void add(const Population& look);
  [[nodiscard]] Growth result() const;

 private:
  struct Track {
    std::uint64_t first = 0, last = 0;
    bool never_shrank = true;
  };
  using Tracks = std::map<std::vector<Frame>, Track, PlaceLess>;
  static void follow(Tracks& tracks, const PlaceCounts& counts, bool first_look);
  static std::size_t collect(const Tracks& tracks, std::vector<Grown>& grown);  // how many shrank

  Growth so_far_;
  std::optional<std::vector<std::string>> conditions_;  // of the first look
  Tracks stacks_, sites_;
  std::map<std::vector<Frame>, PlaceCounts, PlaceLess> ways_;  // at the last look
};

}  // namespace gorotrace
