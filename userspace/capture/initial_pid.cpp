#include "capture/initial_pid.h"

#include <fmt/format.h>
#include <linux/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/unique_fd.h"
#include "capture/selftest.h"

namespace gorotrace {
namespace {
// include/linux/proc_ns.h PROC_PID_INIT_INO, by name in include/uapi/linux/nsfs.h since 6.18.
constexpr ino_t kInitialPidNamespace = 0xEFFFFFFC;
}  // namespace

bool in_initial_pid_namespace() {
  struct stat ours{};
  return ::stat("/proc/self/ns/pid", &ours) == 0 && ours.st_ino == kInitialPidNamespace;
}

Result<InitialPids> InitialPids::make() {
  redirect_libbpf_log();
  TaskSkeleton skeleton(gorotrace_task__open_and_load());
  if (!skeleton) return load_error(errno);
  return InitialPids(std::move(skeleton));
}

Status InitialPids::iterate(pid_t pid) const {
  // Of this process alone, since 6.1 (commit f0d74c4da1f0). Before, an argument that the kernel does not know
  // is refused (kernel/bpf/bpf_iter.c, E2BIG or EINVAL), and all tasks are looked at.
  bpf_iter_link_info only{};
  only.task.pid = static_cast<__u32>(pid);
  bpf_iter_attach_opts options;
  std::memset(&options, 0, sizeof options);
  options.sz = sizeof options;
  options.link_info = &only;
  options.link_info_len = sizeof only;
  Link link(bpf_program__attach_iter(skeleton_->progs.gt_find_task, &options));
  if (!link) link.reset(bpf_program__attach_iter(skeleton_->progs.gt_find_task, nullptr));
  if (!link) return fail_errno(errno, "attaching an iterator over the kernel's tasks");
  const UniqueFd file(bpf_iter_create(bpf_link__fd(link.get())));
  if (!file) return fail_errno(errno, "opening an iterator over the kernel's tasks");
  std::array<char, 64> nothing{};  // the program writes none of it
  ssize_t got = 0;
  do {
    got = ::read(file.get(), nothing.data(), nothing.size());
  } while (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
  if (got < 0) return fail_errno(errno, "reading an iterator over the kernel's tasks");
  return {};
}

Result<std::uint32_t> InitialPids::find(pid_t pid) const {
  skeleton_->bss->gt_wanted_pid = pid;
  skeleton_->bss->gt_found_tgid = 0;
  if (auto done = iterate(pid); !done)
    return wrap(done.error(), fmt::format("finding process {} in the initial PID namespace", pid));
  const int found = skeleton_->bss->gt_found_tgid;
  if (found == 0) return fail(ErrorKind::kNoProcess, fmt::format("the kernel knows no process {}", pid));
  return static_cast<std::uint32_t>(found);
}

}  // namespace gorotrace
