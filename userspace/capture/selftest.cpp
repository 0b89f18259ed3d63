#include "capture/selftest.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <string_view>
#include <thread>

#include "base/unique_fd.h"
#include "capture/attach.h"
#include "capture/detach.h"
#include "capture/own_code.h"

namespace gorotrace {
namespace {

int log_libbpf(libbpf_print_level, const char* format, va_list arguments) {
  char line[1024];
  const int length = std::vsnprintf(line, sizeof line, format, arguments);
  std::string_view text(line, static_cast<std::size_t>(std::clamp<int>(length, 0, sizeof line - 1)));
  while (text.ends_with('\n')) text.remove_suffix(1);  // libbpf ends its lines, and names itself in them
  if (!text.empty()) spdlog::trace("{}", text);
  return 0;
}

// libbpf asks the kernel what it can do, and takes a want of descriptors for a no: loading then fails with
// "Invalid argument".
Status enough_descriptors() {
  std::array<UniqueFd, 16> held;
  for (UniqueFd& fd : held) {
    fd.reset(::eventfd(0, EFD_CLOEXEC));
    if (!fd) return fail_errno(errno, "loading BPF programs");
  }
  return {};
}

std::uint64_t hits_of(const SelftestSkeleton& skeleton, std::uint32_t cookie) {
  std::uint64_t hits = 0;
  if (bpf_map_lookup_elem(bpf_map__fd(skeleton->maps.selftest_hits), &cookie, &hits) != 0) return 0;
  return hits;
}

// One hit from this thread, one from another: uprobe_multi with a pid sees only one thread of the process in
// kernels 6.6 to 6.9 without commit 46ba0e49b642 ("bpf: fix multi-uprobe PID filtering logic").
Result<Links> try_mode(AttachMode mode) {
  auto skeleton = load_selftest(mode);
  if (!skeleton) return std::unexpected(skeleton.error());
  auto first = own_code_offset(gt_own_trial), second = own_code_offset(gt_own_trial_thread);
  if (!first) return std::unexpected(first.error());
  if (!second) return std::unexpected(second.error());
  const std::array<AttachPoint, 2> points = {AttachPoint{*first, 1}, AttachPoint{*second, 2}};
  auto links = attach_points((*skeleton)->progs.gt_selftest, mode, ::getpid(), kOwnExecutable, points);
  if (!links) return links;
  gt_own_trial();
  std::thread(gt_own_trial_thread).join();
  const bool cookies = mode != AttachMode::kPerfEventIp;
  const std::uint64_t seen_first = hits_of(*skeleton, cookies ? 1 : 0);
  const std::uint64_t seen_second = cookies ? hits_of(*skeleton, 2) : seen_first - 1;
  if (seen_first != (cookies ? 1u : 2u) || seen_second != 1) {
    detach_links(std::move(*links));
    return fail(ErrorKind::kKernel, fmt::format("{}: of one hit in each of two threads {} and {} were seen",
                                                name_of(mode), seen_first, seen_second));
  }
  return links;
}

}  // namespace

void redirect_libbpf_log() {
  libbpf_set_print(log_libbpf);
}

std::unexpected<Error> load_error(int err) {
  if (err == EPERM || err == EACCES)
    return fail(ErrorKind::kPermission,
                "the kernel does not let us load BPF programs: run as root, or with CAP_BPF, CAP_PERFMON and "
                "CAP_SYS_PTRACE; root of a user namespace has them there alone: trace from the node; kernel "
                "lockdown in confidentiality mode forbids it to everyone");
  const bool no_types = err == ESRCH;  // libbpf's word for it (btf__load_vmlinux_btf)
  if (no_types && ::access("/sys/kernel", F_OK) != 0)
    return fail(ErrorKind::kKernel,
                "/sys is empty here, and with it the description of the kernel's types "
                "(/sys/kernel/btf/vmlinux): mount it ('mount -t sysfs sysfs /sys'), in a container bind the "
                "host's");
  if (no_types)
    return fail(ErrorKind::kKernel,
                "this kernel does not describe its types (no /sys/kernel/btf/vmlinux): it must be built with "
                "CONFIG_DEBUG_INFO_BTF");
  Error error = fail_errno(err, "loading BPF programs").error();
  if (error.kind == ErrorKind::kFailed) error.kind = ErrorKind::kKernel;
  return std::unexpected(error);
}

Result<SelftestSkeleton> load_selftest(AttachMode mode) {
  if (auto enough = enough_descriptors(); !enough) return std::unexpected(enough.error());
  SelftestSkeleton skeleton(gorotrace_selftest__open());
  if (!skeleton) return load_error(errno);
  skeleton->rodata->gt_cookies = mode != AttachMode::kPerfEventIp;
  if (mode != AttachMode::kUprobeMulti) {
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, skeleton->obj)
        bpf_program__set_expected_attach_type(program, static_cast<bpf_attach_type>(0));
  }
  if (const int err = gorotrace_selftest__load(skeleton.get())) return load_error(-err);
  return skeleton;
}

Result<SelftestResult> choose_attach_mode(std::optional<AttachMode> forced) {
  redirect_libbpf_log();
  std::string tried;
  for (const AttachMode mode :
       {AttachMode::kUprobeMulti, AttachMode::kPerfEventCookie, AttachMode::kPerfEventIp}) {
    if (forced && *forced != mode) continue;
    auto links = try_mode(mode);
    if (links) {
      spdlog::debug("attach mode {}: its self-test saw every hit", name_of(mode));
      return SelftestResult{mode, std::move(*links)};
    }
    if (links.error().kind == ErrorKind::kPermission || links.error().kind == ErrorKind::kResources)
      return std::unexpected(links.error());
    spdlog::debug("attach mode {} does not work here: {}", name_of(mode), links.error().message);
    if (tried.ends_with(links.error().message)) continue;
    if (!tried.empty()) tried += "; ";
    tried += links.error().message;
  }
  return fail(ErrorKind::kKernel, "no way to attach uprobes works on this kernel: " + tried);
}

}  // namespace gorotrace
