// One program on many sites of one process, by whichever mechanism the kernel has.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "capture/bpf_handles.h"
#include "capture/capture.h"

namespace gorotrace {

// As a pid: no filter, whoever maps the file's code is hit, now or later.
inline constexpr pid_t kEveryProcess = -1;

struct AttachPoint {
  std::uint64_t file_offset;
  std::uint64_t cookie;
};

struct ProbeSet {
  const bpf_program* program;
  std::span<const AttachPoint> points;
};

// The links of each set, in their order. All or nothing: on failure nothing stays attached. uprobe_multi
// gives one link for a set, the others one for a point. `pid`: a process, or the thread of one whose main
// thread has exited (Process::task()); kUprobeMulti takes no such thread.
[[nodiscard]] Result<std::vector<Links>> attach_sets(AttachMode mode, pid_t pid, const std::string& path,
                                                     std::span<const ProbeSet> sets);

// One set.
[[nodiscard]] Result<Links> attach_points(const bpf_program* program, AttachMode mode, pid_t pid,
                                          const std::string& path, std::span<const AttachPoint> points);

// The address at which `pid` has mapped executable byte `file_offset` of the file of that inode. One read of
// /proc/<pid>/maps per call of make.
class ExecutableMappings {
 public:
  [[nodiscard]] static Result<ExecutableMappings> make(pid_t pid, const std::string& path);
  [[nodiscard]] std::optional<std::uint64_t> address_of(std::uint64_t file_offset) const;
  [[nodiscard]] std::optional<std::uint64_t> file_offset_of(std::uint64_t address) const;

 private:
  struct Mapping {
    std::uint64_t start, end, offset;
  };
  std::vector<Mapping> mappings_;
};

}  // namespace gorotrace
