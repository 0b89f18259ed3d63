#include "capture/attach.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fstream>

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
  return fail_errno(err, fmt::format("attaching probes to {} by {}{}", path, attach_mode_name(mode), hint));
}

}  // namespace

Result<Links> attach_points(const bpf_program* program, AttachMode mode, pid_t pid, const std::string& path,
                            std::span<const AttachPoint> points) {
  Links links;
  if (mode == AttachMode::kUprobeMulti) {
    std::vector<unsigned long> offsets;
    std::vector<__u64> cookies;
    for (const AttachPoint& point : points) {
      offsets.push_back(point.file_offset);
      cookies.push_back(point.cookie);
    }
    auto options = zeroed_options<bpf_uprobe_multi_opts>();
    options.offsets = offsets.data();
    options.cookies = cookies.data();
    options.cnt = points.size();
    Link link(bpf_program__attach_uprobe_multi(program, pid, path.c_str(), nullptr, &options));
    if (!link) return attach_error(errno, mode, path);
    links.push_back(std::move(link));
    return links;
  }
  for (const AttachPoint& point : points) {
    auto options = zeroed_options<bpf_uprobe_opts>();
    if (mode == AttachMode::kPerfEventCookie) options.bpf_cookie = point.cookie;
    Link link(bpf_program__attach_uprobe_opts(program, pid, path.c_str(), point.file_offset, &options));
    if (!link) {
      const int err = errno;
      detach_links(std::move(links));
      return attach_error(err, mode, path);
    }
    links.push_back(std::move(link));
  }
  return links;
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
