#include "process/file_users.h"

#include <sys/stat.h>

#include <cerrno>

#include "process/procfs.h"

namespace gorotrace {

std::optional<FileIdentity> executable_file(pid_t pid) {
  struct stat st{};
  if (::stat(procfs::path(pid, "exe").c_str(), &st) == 0) return FileIdentity::of(st);
  if (errno != ENOENT) return std::nullopt;
  // A main thread that has exited has none, and others run the file all the same.
  const pid_t task = procfs::living_task(pid);
  errno = ENOENT;
  if (task == 0 || task == pid || ::stat(procfs::path(task, "exe").c_str(), &st) != 0) return std::nullopt;
  return FileIdentity::of(st);
}

bool perhaps_same_file(const FileIdentity& a, const FileIdentity& b) {
  // xino puts a number of the file system into the upper bits.
  constexpr auto low = [](ino_t inode) { return inode & 0xffff'ffff; };
  return low(a.inode) == low(b.inode) && a.size == b.size && a.mtime_s == b.mtime_s &&
         a.mtime_ns == b.mtime_ns;
}

FileUsers users_of_file_of(pid_t pid) {
  const auto file = executable_file(pid);
  const auto name = procfs::read_file(pid, "comm");
  FileUsers users;
  if (!file) return users;
  for (const pid_t other : procfs::all_pids()) {
    errno = 0;
    const auto theirs = executable_file(other);
    const bool refused = !theirs && (errno == EACCES || errno == EPERM);  // ENOENT: a kernel thread, or gone
    if (theirs && perhaps_same_file(*theirs, *file)) users.pids.push_back(other);
    if (!refused) continue;
    const auto theirs_name = procfs::read_file(other, "comm");
    if (!name || !theirs_name || *theirs_name == *name) users.unknown.push_back(other);
  }
  return users;
}

}  // namespace gorotrace
