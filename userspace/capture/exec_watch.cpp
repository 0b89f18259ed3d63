#include "capture/exec_watch.h"

#include <bpf/libbpf.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "capture/bpf_handles.h"
#include "capture/selftest.h"
#include "gorotrace_exec.skel.h"

namespace gorotrace {
namespace {

struct Deleter {
  void operator()(gorotrace_exec* skeleton) const { gorotrace_exec__destroy(skeleton); }
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};

int collect(void* context, void* data, std::size_t size) {
  __u32 number = 0;
  if (size < sizeof number) return 0;
  std::memcpy(&number, data, sizeof number);
  static_cast<std::vector<pid_t>*>(context)->push_back(static_cast<pid_t>(number));
  return 0;
}

}  // namespace

struct ExecWatch::Loaded {
  std::unique_ptr<gorotrace_exec, Deleter> skeleton;
  Link link;
  std::vector<pid_t> taken;
  std::unique_ptr<ring_buffer, Deleter> ring;
};

ExecWatch::ExecWatch(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
ExecWatch::ExecWatch(ExecWatch&& other) noexcept = default;
ExecWatch& ExecWatch::operator=(ExecWatch&& other) noexcept = default;
ExecWatch::~ExecWatch() = default;

Result<ExecWatch> ExecWatch::start() {
  redirect_libbpf_log();
  struct stat ours{};
  if (::stat("/proc/self/ns/pid", &ours) != 0)
    return fail_errno(errno, "asking for our own PID namespace (/proc/self/ns/pid)");
  auto loaded = std::make_unique<Loaded>();
  loaded->skeleton.reset(gorotrace_exec__open());
  if (!loaded->skeleton) return load_error(errno);
  loaded->skeleton->rodata->gt_reader_namespace = static_cast<__u32>(ours.st_ino);
  if (const int err = gorotrace_exec__load(loaded->skeleton.get())) return load_error(-err);
  loaded->ring.reset(
      ring_buffer__new(bpf_map__fd(loaded->skeleton->maps.gt_execs), collect, &loaded->taken, nullptr));
  if (!loaded->ring) return fail_errno(errno, "mapping the ring of executed programs");
  loaded->link.reset(bpf_program__attach(loaded->skeleton->progs.gt_exec_seen));
  if (!loaded->link) return fail_errno(errno, "attaching to the tracepoint sched_process_exec");
  return ExecWatch(std::move(loaded));
}

int ExecWatch::fd() const {
  return ring_buffer__epoll_fd(loaded_->ring.get());
}

std::vector<pid_t> ExecWatch::take() {
  (void)ring_buffer__consume(loaded_->ring.get());  // `collect` refuses nothing
  return std::exchange(loaded_->taken, {});
}

std::uint64_t ExecWatch::lost() const {
  return std::atomic_ref(loaded_->skeleton->bss->gt_execs_lost).load(std::memory_order_relaxed);
}

}  // namespace gorotrace
