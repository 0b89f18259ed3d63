#include "process/file_users.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "process/process.h"
#include "process/procfs.h"

namespace gorotrace {

namespace {

// Of an inode: xino puts a number of the file system into the upper bits.
std::uint64_t low_part(std::uint64_t inode) {
  return inode & 0xffff'ffff;
}

}  // namespace

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
  return low_part(a.inode) == low_part(b.inode) && a.size == b.size && a.mtime_s == b.mtime_s &&
         a.mtime_ns == b.mtime_ns;
}

namespace {

// A mapping whose file may not be looked at counts if its number fits.
bool has_code_of(pid_t pid, const FileIdentity& file) {
  const pid_t task = procfs::living_task(pid);
  const auto mappings = task != 0 ? mappings_of(task) : Result<std::vector<Mapping>>();
  if (!mappings) return false;
  return std::ranges::any_of(*mappings, [&](const Mapping& m) {
    if (!m.executable || low_part(m.inode) != low_part(file.inode)) return false;
    struct stat st{};
    const std::string link = procfs::path(task, fmt::format("map_files/{:x}-{:x}", m.start, m.end));
    if (::stat(link.c_str(), &st) == 0) return perhaps_same_file(FileIdentity::of(st), file);
    return errno == EPERM || errno == EACCES;
  });
}

}  // namespace

FileUsers users_of_file(pid_t target, const FileIdentity& file) {
  const auto name = procfs::read_file(target, "comm");
  const auto own = executable_file(target);
  const bool library = !own || !perhaps_same_file(*own, file);
  FileUsers users;
  for (const pid_t other : procfs::all_pids()) {
    errno = 0;
    const auto theirs = executable_file(other);
    const bool refused = !theirs && (errno == EACCES || errno == EPERM);  // ENOENT: a kernel thread, or gone
    if ((theirs && perhaps_same_file(*theirs, file)) || (library && has_code_of(other, file)))
      users.pids.push_back(other);
    if (!refused) continue;
    const auto theirs_name = procfs::read_file(other, "comm");
    if (!name || !theirs_name || *theirs_name == *name) users.unknown.push_back(other);
  }
  return users;
}

}  // namespace gorotrace
