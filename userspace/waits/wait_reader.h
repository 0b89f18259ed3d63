// Reads what each goroutine of a snapshot waits on, and its labels. A second look at the process, without
// stopping it: a goroutine that moved since the snapshot says so and shows nothing.
// Threads: one owner; may run beside anything. Hostile input: every list is bounded by the number of
// goroutines, every pointer is only given to process_vm_readv.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "golang/binary.h"
#include "golang/modules.h"
#include "process/process.h"
#include "snapshot/goroutines.h"
#include "waits/wait_object.h"

namespace gorotrace {

class WaitReader {
 public:
  enum class Find : std::uint8_t {
    kLabels,   // and no object
    kQueues,   // channels and semaphores, and no label
    kObjects,  // labels and every kind of object
    kHolders,  // and who may hold a mutex: stacks of other goroutines are searched, every stack is read
  };
  struct Config {
    RuntimeOffsets offsets;
    std::vector<std::string> wait_reasons;             // GoBinary::wait_reasons()
    std::shared_ptr<const Modules> modules = nullptr;  // none: nothing is told by whose code it is
    std::uint64_t semtable_address = 0;                // process address of runtime.semtable; 0 = not known
    std::uint64_t cache_line_pad = 64;  // internal/cpu.CacheLinePadSize: 64 on amd64, 128 on arm64
    bool labels_in_map = false;         // before 1.24 (runtime/pprof/label.go labelMap)
    Find find = Find::kHolders;
    std::uint64_t max_between_looks_ns = 50'000;  // as GoroutineReader::Config
  };
  // The configuration for a binary that runs as the first of these modules.
  [[nodiscard]] static Config config_for(const GoBinary& binary, std::shared_ptr<const Modules> modules);

  // process: what /proc says of descriptors and threads; may be null (tests with fake memory), then those are
  // not established.
  WaitReader(const Memory& memory, const Process* process, Config config);

  // kNoProcess when it ended meanwhile.
  [[nodiscard]] Result<Waits> read(const Snapshot& snapshot) const;
  // Of locks whose holder is not known in `waits`, whatever Config::find says: read() looks for them with
  // kHolders, and this again for goroutines that were read anew since.
  [[nodiscard]] Status find_holders(const Snapshot& snapshot, Waits& waits) const;

 private:
  const Memory& memory_;
  const Process* process_;
  Config config_;
};

}  // namespace gorotrace
