#include "waits/syscalls.h"

#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "base/number.h"
#include "base/seeded_hash.h"
#include "process/procfs.h"
#include "waits/batch.h"

namespace gorotrace::waits {
namespace {

// Our PID of each thread by the one the target knows itself by (m.procid): they differ in a PID namespace.
SeededMap<std::uint32_t, pid_t> host_threads(const Process& process) {
  SeededMap<std::uint32_t, pid_t> out;
  std::error_code error;
  const std::filesystem::path tasks = procfs::path(process.pid(), "task");
  for (std::filesystem::directory_iterator at(tasks, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    const auto tid = whole_number<pid_t>(name);
    if (!tid) continue;
    if (process.pid() == process.namespace_pid()) {
      out[static_cast<std::uint32_t>(*tid)] = *tid;
      continue;
    }
    const auto text = procfs::read_file(process.pid(), fmt::format("task/{}/status", name));
    const auto status = text ? procfs::parse_status(*text) : std::nullopt;
    if (status) out[static_cast<std::uint32_t>(status->namespace_pid)] = *tid;
  }
  return out;
}

}  // namespace

std::optional<KernelSyscall> parse_syscall(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto number = [&](auto& value, int base) {
    while (at != end && *at == ' ') ++at;
    if (base == 16) {
      if (end - at < 2 || at[0] != '0' || at[1] != 'x') return false;
      at += 2;
    }
    const auto [next, error] = std::from_chars(at, end, value, base);
    at = next;
    return error == std::errc();
  };
  KernelSyscall call;
  if (!number(call.number, 10)) return std::nullopt;
  for (std::uint64_t& argument : call.arguments) {
    if (!number(argument, 16)) return std::nullopt;
  }
  if (!number(call.sp, 16) || !number(call.pc, 16)) return std::nullopt;
  return call;
}

Status find_syscalls(const Context& context, std::span<Waiter> waiters, FileTable& files) {
  if (context.process == nullptr) return {};
  const RuntimeOffsets& o = context.config.offsets;
  std::vector<Waiter*> chosen;
  std::vector<std::uint64_t> ticks;
  for (Waiter& w : waiters) {
    const GoroutineSnapshot& g = context.snapshot.goroutines[w.index];
    if (w.reason != Reason::kSyscall || g.thread_id == 0 || w.words.m != g.m) continue;
    chosen.push_back(&w);
    ticks.push_back(o.m_syscalltick == kAbsent ? 0 : w.words.m + o.m_syscalltick);
  }
  if (chosen.empty()) return {};
  Batch batch(context.memory);
  if (!batch.read(ticks, sizeof(std::uint64_t))) return gone();
  const auto threads = host_threads(*context.process);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    Waiter& w = *chosen[i];
    const auto thread = threads.find(context.snapshot.goroutines[w.index].thread_id);
    if (thread == threads.end()) continue;
    const auto text =
        procfs::read_file(context.process->pid(), fmt::format("task/{}/syscall", thread->second));
    const auto call = text ? parse_syscall(*text) : std::nullopt;
    if (!call) continue;
    SyscallWait wait;
    wait.thread = thread->second;
    wait.number = call->number;
    wait.name = syscall_name(call->number);
    wait.arguments = call->arguments;
    wait.on_goroutine_stack = call->sp >= w.words.stack_lo && call->sp < w.words.stack_hi;
    // AT_FDCWD and the like are no descriptors.
    const auto fd = static_cast<std::int32_t>(call->arguments[0]);
    if (takes_descriptor(wait.name) && fd >= 0) wait.descriptor = {fd, files.describe(fd)};
    w.objects.push_back({Certainty::kLikely, "/proc/PID/task/TID/syscall", std::move(wait)});
    // Since 1.26 running <-> syscall moves nothing in g, but each system call m.syscalltick (runtime/proc.go
    // reentersyscall).
    const auto tick = load<std::uint64_t>(batch.at(i), 0);
    w.provable = tick.has_value();
    if (tick) w.evidence.push_back({ticks[i], *tick & 0xffff'ffff, 0xffff'ffff});
    w.evidence.push_back({w.words.m + o.m_curg, w.g});
  }
  return {};
}

}  // namespace gorotrace::waits
