// What a capture file holds: the items of the stream, and what a reader on another machine needs beside them,
// which live reports have from the process, the binary and the session. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "evidence/facts.h"
#include "evidence/mapping.h"
#include "golang/pclntab.h"
#include "model/target_id.h"
#include "stream/checkpoint.h"
#include "stream/item.h"
#include "symbols/stack_table.h"

namespace gorotrace {

// The frames of a program counter, as Symbolizer::frames() gives them: a pc that a stack or a row names is
// named before the end of the chunk in which it is first used. The last naming holds: a plugin may have come.
struct FramesNamed {
  TargetId target = 0;
  std::uint64_t pc = 0;  // of the process
  PcKind kind = PcKind::kReturnAddress;
  std::vector<Frame> frames;  // innermost first; names printable()
};

inline constexpr std::size_t kMaxMappings = 1024;

// Where a target's code lay when it began: for profiles.
struct MappingsTold {
  TargetId target = 0;
  std::vector<ExecutableMapping> mappings;
};

// What the session knew of a target; the last one holds. `whole`: as of the end of its window.
struct FactsTold {
  TargetId target = 0;
  bool whole = false;
  StatFacts facts;
};

// What is open of a target where a segment begins: whoever could not read what is before goes on from here.
struct CheckpointTold {
  TargetId target = 0;
  Checkpoint checkpoint;
};

// One instant on both clocks: converts the file's times, which are CLOCK_MONOTONIC, to CLOCK_REALTIME.
struct ClockPair {
  std::uint64_t monotonic_ns = 0;
  std::int64_t realtime_ns = 0;  // since 1970
};

// In front of a flight recorder's file: it is the last part of a recording, kept in memory until then.
struct WindowKept {
  bool from_the_start = false;      // nothing was dropped, and the file is as any other
  bool goes_on = false;             // the recording does
  std::uint64_t asked_ns = 0;       // what was to be kept
  std::uint64_t dropped_bytes = 0;  // of chunks from before the part
  std::string why;                  // it was written: "SIGUSR1", "goroutines>10000: 10017"
};

using FileItem =
    std::variant<Item, FramesNamed, FactsTold, CheckpointTold, ClockPair, MappingsTold, WindowKept>;

}  // namespace gorotrace
