// A file whose code a process has mapped: its executable, or a shared library. Which one it is, how to open
// exactly that one, and where it lies. Knows nothing of Go.
// Threads: any; refers to its process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "elf/image.h"
#include "process/process.h"

namespace gorotrace {

// As the process's mappings tell of it; nothing is opened for it.
struct SharedLibrary {
  std::string path;  // as the process sees it, sanitised; without what the kernel appends to a deleted one's
  std::vector<Mapping> code;  // its executable mappings
};
// Files besides the executable of which code is mapped, in the order of addresses. A file that was mapped
// under several names is several.
[[nodiscard]] std::vector<SharedLibrary> shared_libraries(const std::vector<Mapping>& mappings,
                                                          const std::string& executable);

// Opens the file that is mapped and no other one, also when it was deleted or replaced since. kUnsupported
// for what is no regular file; kPermission for a deleted one when links of /proc/PID/map_files may not be
// followed. task: a thread of the process that lives (procfs::living_task).
[[nodiscard]] Result<UniqueFd> open_library(pid_t pid, pid_t task, const SharedLibrary& library);

class CodeFile {
 public:
  [[nodiscard]] static CodeFile executable_of(const Process& process) { return CodeFile(process); }
  // As open_library().
  [[nodiscard]] static Result<CodeFile> library_of(const Process& process, SharedLibrary library);

  [[nodiscard]] bool is_executable() const { return !fd_; }
  [[nodiscard]] const std::string& path() const {
    return is_executable() ? process_->executable() : library_.path;
  }
  // Opens this very file from here whatever the mount namespace, as long as this object and the process live.
  [[nodiscard]] std::string open_path() const;
  // Process address minus link-time address. `image`: of this file.
  [[nodiscard]] Result<std::uint64_t> load_bias(const ElfImage& image) const;

 private:
  explicit CodeFile(const Process& process) : process_(&process) {}

  const Process* process_;
  SharedLibrary library_;  // of a library
  UniqueFd fd_;            // of a library
};

// The same for each segment that a mapping shows code of: one value where the file was loaded once.
[[nodiscard]] std::vector<std::uint64_t> load_biases(std::span<const ElfImage::Segment> segments,
                                                     std::span<const Mapping> code);

}  // namespace gorotrace
