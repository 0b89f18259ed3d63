// Where a binary keeps what runtime/metrics reads: addresses and offsets, both proven by the binary's own
// code. The offsets come from DWARF or from our table; the address of each variable is the only one at which
// every function that is known to use a field of it does use that field. So an offset that moved in a patch
// release leaves no address, and a refusal by name, never a wrong number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "golang/binary.h"
#include "golang/metrics_offsets.h"

namespace gorotrace {

// Link-time addresses; 0: the code did not give exactly one, and `MetricsLayout::missing` says why.
struct MetricsGlobals {
  std::uint64_t memstats = 0;           // runtime.memstats
  std::uint64_t gcController = 0;       // runtime.gcController
  std::uint64_t mheap = 0;              // runtime.mheap_
  std::uint64_t work = 0;               // runtime.work
  std::uint64_t sched = 0;              // runtime.sched
  std::uint64_t allp = 0;               // runtime.allp
  std::uint64_t allgs = 0;              // runtime.allgs
  std::uint64_t allm = 0;               // runtime.allm
  std::uint64_t ncgocall = 0;           // runtime.ncgocall
  std::uint64_t gcCPULimiter = 0;       // runtime.gcCPULimiter, since 1.19
  std::uint64_t startingStackSize = 0;  // runtime.startingStackSize, since 1.19
  std::uint64_t gcCleanups = 0;         // runtime.gcCleanups, since 1.25
  std::uint64_t finqueued = 0;          // runtime.finqueued, since 1.25
  std::uint64_t finexecuted = 0;        // runtime.finexecuted, since 1.25
  std::uint64_t extraMInUse = 0;        // runtime.extraMInUse, since 1.21
  std::uint64_t extraMLength = 0;       // runtime.extraMLength, since 1.21
};

struct MetricsLayout {
  MetricsOffsets offsets;
  std::string offsets_source;  // of MetricsOffsetsWithSource
  MetricsGlobals globals;
  // What was looked for and not found, or found at odds with the code: "runtime.memstats: no address at which
  // runtime.gcMarkTermination uses numgc ...". One sentence each.
  std::vector<std::string> missing;
};

// By the table, or by DWARF where the table leaves something missing; of versions newer than the table by
// DWARF, or else what metrics_offsets_from_types() has. kUnsupported when nothing knows the version.
[[nodiscard]] Result<MetricsLayout> find_metrics_layout(const GoBinary& binary);
// The same for given offsets: tests plant wrong ones.
[[nodiscard]] MetricsLayout find_metrics_layout(const GoBinary& binary, const MetricsOffsets& offsets);

}  // namespace gorotrace
