// Which processes run code of a file.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "elf/file_window.h"

namespace gorotrace {

// Of the executable of a process; nullopt when it is gone, has none or may not be asked.
[[nodiscard]] std::optional<FileIdentity> executable_file(pid_t pid);

// The same file, perhaps seen through another mount: an overlay shows the inode of the file below it under a
// device of its own (Documentation/filesystems/overlayfs.rst, "Inode properties").
[[nodiscard]] bool perhaps_same_file(const FileIdentity& a, const FileIdentity& b);

struct FileUsers {
  std::vector<pid_t> pids;  // perhaps_same_file; the target, too
  // Processes of its name that we may not ask. (Some machines have one that nobody may, so one of another
  // name must not count.)
  std::vector<pid_t> unknown;
};
// Who runs the file, of all processes that /proc shows: as its executable, or, where the target has it as a
// library, as either.
[[nodiscard]] FileUsers users_of_file(pid_t target, const FileIdentity& file);

}  // namespace gorotrace
