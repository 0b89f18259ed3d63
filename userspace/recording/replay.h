// A capture file, read back into what a live session would say at its end: tables, facts and names of each
// target. Memory: the models', and one chunk; not the file's size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "evidence/facts.h"
#include "evidence/mapping.h"
#include "evidence/wait_chains.h"
#include "model/open_state.h"
#include "recording/chunk_file.h"
#include "recording/file_item.h"
#include "recording/file_lack.h"
#include "recording/part_of_window.h"
#include "recording/recorded_symbols.h"

namespace gorotrace {

struct RecordedTarget {
  TargetId id = 0;
  std::uint64_t start_time_ticks = 0;       // TargetBegun::start_time_ticks
  std::string label_key;                    // TargetBegun::label_key
  Tables tables;                            // as of the end of its window
  std::vector<ExecutableMapping> mappings;  // as it began
  StatFacts facts;                          // with what the file lacks among the notices
  RecordedSymbols symbols;
  FileLack lack;
  // As they are wanted.
  WaitChains chains;  // of the part
  std::optional<OpenState> open;
  std::vector<Sample> series;  // totals at evenly spaced moments, and at the end (recording/moment_series.h)
};

// What else is wanted than what every report has.
struct DetailsWanted {
  std::size_t moments = 0;  // how many a series has at most
  bool chains = false;      // who ended whose waits
  bool open = false;        // what is open at the end of the part
};

struct Recording {
  std::vector<std::unique_ptr<RecordedTarget>> targets;  // in the order in which they began
  std::optional<ClockPair> clocks;                       // the first
  std::optional<WindowKept> window;                      // a flight recorder wrote it
  FileDamage damage;
  std::uint64_t records = 0, lost = 0;  // in the file; lost before they came into it
};

// Everything that a file holds, in order; `gap`: a part of it could not be read, and a segment follows.
struct FileVisitor {
  std::function<Status(const FileItem&)> item;
  std::function<void()> segment = [] {};  // one begins
  std::function<void()> gap = [] {};
};
[[nodiscard]] Result<FileDamage> read_items(const std::string& path, const FileVisitor& visitor);

// wanted: of a part the tables are the difference of those at its ends. kUsage: it begins behind a target's
// end.
[[nodiscard]] Result<Recording> replay(const std::string& path, const PartWanted& wanted = {},
                                       const DetailsWanted& details = {});

}  // namespace gorotrace
