// A capture file of one process as one execution trace: for whoever can take one file alone. Where losses or
// a group that went cut it into several (go_trace.h) the largest of them is taken. Pure but for files in
// memory.
#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>

#include "base/memory_file.h"
#include "base/result.h"
#include "export/go_trace.h"

namespace gorotrace {

struct LargestTrace {
  std::shared_ptr<const MappedBytes> bytes;
  TraceFigures figures;  // of all that there were
};

// path: of a capture file with that target. kUnsupported: there is nothing of which a trace could be made;
// kFailed once `unwanted`, too.
[[nodiscard]] Result<LargestTrace> largest_trace(const std::string& path, TargetId target,
                                                 const std::stop_token& unwanted);

}  // namespace gorotrace
