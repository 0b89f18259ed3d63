#include "capture/attach.h"

#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "capture/apart.h"
#include "capture/detach.h"

namespace gorotrace {
namespace {

// LIBBPF_OPTS without its C extensions. libbpf refuses options whose padding is not zero, hence memset.
template <typename Options>
Options zeroed_options() {
  Options options;
  std::memset(&options, 0, sizeof options);
  options.sz = sizeof options;
  return options;
}

std::unexpected<Error> attach_error(int err, AttachMode mode, const std::string& path) {
  std::string hint;
  if (err == EPERM || err == EACCES) hint = " (CAP_PERFMON and CAP_BPF are needed, or root)";
  return fail_errno(err, fmt::format("attaching probes to {} by {}{}", path, name_of(mode), hint));
}

// The kernel's number for perf events that are uprobes.
Result<std::uint32_t> uprobe_event_type() {
  constexpr const char* kFile = "/sys/bus/event_source/devices/uprobe/type";
  std::ifstream in(kFile);
  std::uint32_t type = 0;
  if (!(in >> type)) return fail(ErrorKind::kKernel, fmt::format("{} cannot be read", kFile));
  return type;
}

// uprobe_multi filters by the memory of a process's main thread and takes no other one's number. Where that
// thread has exited there is no such memory, and nothing would be installed, silently; a perf event takes any
// thread (kernel/trace/bpf_trace.c uprobe_multi_link_filter, kernel/trace/trace_uprobe.c uprobe_perf_filter).
// A program that was loaded for the one cannot be attached by the other (bpf_prog_attach_check_attach_type).
Status can_follow(AttachMode mode, pid_t pid) {
  if (mode != AttachMode::kUprobeMulti || pid == kEveryProcess) return {};
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));  // refuses other threads
  if (process) return {};
  if (errno == ESRCH) return fail(ErrorKind::kNoProcess, fmt::format("process {} is gone", pid));
  return fail(ErrorKind::kFailed,
              fmt::format("the main thread of the process has exited, and {} goes by that", name_of(mode)));
}

// Links to be made in a process apart, where nothing may allocate (apart.h): all memory is had before.
// libbpf's bpf_link_create, unlike what works on programs, is no more than its system call.
class NewLinks {
 public:
  NewLinks(AttachMode mode, std::uint32_t event_type, pid_t pid, const std::string& path, const ProbeSet& set)
      : mode_(mode),
        event_type_(event_type),
        pid_(pid),
        path_(path.c_str()),
        program_fd_(bpf_program__fd(set.program)),
        points_(set.points),
        links_(mode == AttachMode::kUprobeMulti ? 1 : set.points.size()) {
    for (const AttachPoint& point : points_) {
      offsets_.push_back(point.file_offset);
      cookies_.push_back(point.cookie);
    }
  }

  // 0 or an errno: the first.
  int create() {
    if (mode_ == AttachMode::kUprobeMulti) return create_multi();
    int err = 0;
    for (std::size_t i = 0; i < points_.size() && err == 0; ++i)
      err = create_perf_event(points_[i], links_[i]);
    return err;
  }

  // What there is, also after a failure.
  Links take() {
    std::erase_if(links_, [](const UniqueFd& link) { return !link; });
    return std::move(links_);
  }

 private:
  // BPF_TRACE_UPROBE_MULTI, which headers of kernels before 6.6 lack.
  static constexpr auto kTraceUprobeMulti = static_cast<bpf_attach_type>(48);

  int create_multi() {
    auto options = zeroed_options<bpf_link_create_opts>();
    options.uprobe_multi.path = path_;
    options.uprobe_multi.offsets = offsets_.data();
    options.uprobe_multi.cookies = cookies_.data();
    options.uprobe_multi.cnt = static_cast<__u32>(points_.size());
    options.uprobe_multi.pid = pid_ == kEveryProcess ? 0 : static_cast<__u32>(pid_);
    links_[0] = UniqueFd(bpf_link_create(program_fd_, 0, kTraceUprobeMulti, &options));
    return links_[0] ? 0 : errno;
  }

  int create_perf_event(const AttachPoint& point, UniqueFd& link) const {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = event_type_;
    attributes.uprobe_path = reinterpret_cast<std::uint64_t>(path_);
    attributes.probe_offset = point.file_offset;
    // Without a pid it must name a CPU; its program runs on every one (kernel/trace/trace_uprobe.c,
    // __uprobe_perf_func).
    const int cpu = pid_ == kEveryProcess ? 0 : -1;
    UniqueFd event(
        static_cast<int>(::syscall(SYS_perf_event_open, &attributes, pid_, cpu, -1, PERF_FLAG_FD_CLOEXEC)));
    if (!event) return errno;
    UniqueFd with_cookie;
    if (mode_ == AttachMode::kPerfEventCookie) {
      auto options = zeroed_options<bpf_link_create_opts>();
      options.perf_event.bpf_cookie = point.cookie;
      with_cookie = UniqueFd(bpf_link_create(program_fd_, event.get(), BPF_PERF_EVENT, &options));
      if (!with_cookie) return errno;
    } else if (::ioctl(event.get(), PERF_EVENT_IOC_SET_BPF, program_fd_) != 0) {
      return errno;
    }
    if (::ioctl(event.get(), PERF_EVENT_IOC_ENABLE, 0) != 0) return errno;
    // A link keeps its event (kernel/bpf/syscall.c bpf_perf_link_attach).
    link = std::move(with_cookie ? with_cookie : event);
    return 0;
  }

  AttachMode mode_;
  std::uint32_t event_type_;
  pid_t pid_;
  const char* path_;
  int program_fd_;
  std::span<const AttachPoint> points_;
  std::vector<unsigned long> offsets_;
  std::vector<__u64> cookies_;
  Links links_;
};

}  // namespace

Result<std::vector<Links>> attach_sets(AttachMode mode, pid_t pid, const std::string& path,
                                       std::span<const ProbeSet> sets) {
  if (auto can = can_follow(mode, pid); !can) return std::unexpected(can.error());
  std::uint32_t event_type = 0;
  if (mode != AttachMode::kUprobeMulti) {
    auto type = uprobe_event_type();
    if (!type) return std::unexpected(type.error());
    event_type = *type;
  }
  std::vector<NewLinks> made;
  for (const ProbeSet& set : sets) made.emplace_back(mode, event_type, pid, path, set);
  int err = 0;
  const auto done = run_apart(Descriptors::kShared, [&] {
    for (std::size_t i = 0; i < made.size() && err == 0; ++i) err = made[i].create();
  });
  std::vector<Links> links;
  for (NewLinks& set : made) links.push_back(set.take());
  if (done && err == 0) return links;
  Links unwanted;
  for (Links& of_set : links) std::ranges::move(of_set, std::back_inserter(unwanted));
  detach_links(std::move(unwanted));
  if (!done) return wrap(done.error(), "attaching probes to " + path);
  return attach_error(err, mode, path);
}

Result<Links> attach_points(const bpf_program* program, AttachMode mode, pid_t pid, const std::string& path,
                            std::span<const AttachPoint> points) {
  const ProbeSet set{program, points};
  auto links = attach_sets(mode, pid, path, std::span(&set, 1));
  if (!links) return std::unexpected(links.error());
  return std::move(links->front());
}

Result<ExecutableMappings> ExecutableMappings::make(pid_t pid, const std::string& path) {
  struct stat file{};
  if (::stat(path.c_str(), &file) != 0) return fail_errno(errno, "reading " + path);
  const std::string maps = fmt::format("/proc/{}/maps", pid);
  std::ifstream in(maps);
  if (!in) return fail_errno(errno ? errno : ESRCH, "reading " + maps);
  ExecutableMappings out;
  for (std::string line; std::getline(in, line);) {
    Mapping mapping{};
    char permissions[5] = {};
    std::uint64_t inode = 0;
    // start-end perms offset dev inode path: proc(5). The device is not compared: overlayfs and btrfs show
    // another one here than stat does.
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %" SCNu64, &mapping.start,
                    &mapping.end, permissions, &mapping.offset, &inode) != 5)
      continue;
    if (inode == file.st_ino && permissions[2] == 'x') out.mappings_.push_back(mapping);
  }
  if (out.mappings_.empty())
    return fail(ErrorKind::kNoProcess, fmt::format("{} maps no code of {}", maps, path));
  return out;
}

std::optional<std::uint64_t> ExecutableMappings::address_of(std::uint64_t file_offset) const {
  for (const Mapping& m : mappings_)
    if (file_offset >= m.offset && file_offset - m.offset < m.end - m.start)
      return m.start + (file_offset - m.offset);
  return std::nullopt;
}

std::optional<std::uint64_t> ExecutableMappings::file_offset_of(std::uint64_t address) const {
  for (const Mapping& m : mappings_)
    if (address >= m.start && address < m.end) return m.offset + (address - m.start);
  return std::nullopt;
}

}  // namespace gorotrace
