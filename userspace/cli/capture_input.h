// A capture file as a command reads it: what the file lacks is told on stderr, and of several processes one
// is chosen.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "base/result.h"
#include "recording/replay.h"

namespace gorotrace {

// All items, in order; `gap`: a part of the file could not be read. The first error of either ends it.
[[nodiscard]] Status read_capture(const std::string& file, const std::function<Status(const FileItem&)>& item,
                                  const std::function<Status()>& gap);

[[nodiscard]] Result<Recording> replay_capture(const std::string& file, const PartWanted& wanted,
                                               const DetailsWanted& details);

// Which of the file's processes (PIDs, in the order in which they began) is meant by -p; pid 0: -p is absent,
// and the file must hold one alone. kUsage: it is not clear; kFailed: there is none.
[[nodiscard]] Result<std::size_t> choose_process(const std::string& file, pid_t pid,
                                                 std::span<const pid_t> pids);
[[nodiscard]] Result<RecordedTarget*> choose_target(const std::string& file, pid_t pid,
                                                    const Recording& recording);

}  // namespace gorotrace
