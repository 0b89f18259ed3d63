// A process as /proc and process_vm_readv show it. Knows nothing of Go.
// Threads: one owner thread, except what it has of Memory, which any thread may call.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace gorotrace {

// The seam behind which remote memory hides (tests give a fake one).
class Memory {
 public:
  virtual ~Memory() = default;
  // Reads exactly `out.size()` bytes at a *process* address; false when any byte is unmapped or the process
  // is gone.
  [[nodiscard]] virtual bool read(std::uint64_t address, std::span<std::uint8_t> out) const = 0;
  // One process_vm_readv per <= IOV_MAX iovecs; each remote range either arrives whole or its index is
  // reported failed. remote[i] fills local[i]; sizes equal.
  struct Range {
    std::uint64_t address;
    std::span<std::uint8_t> out;
  };
  // failed[i] set for ranges that did not arrive. Returns false when the process is gone.
  [[nodiscard]] virtual bool read_many(std::span<const Range> ranges, std::vector<bool>& failed) const = 0;
  // Bytes of all its pages, in memory, swapped out or huge: what was ever written lies in these. Short by
  // some pages for each CPU, whose count comes late (mm/ counts in batches). nullopt: not known.
  [[nodiscard]] virtual std::optional<std::uint64_t> used_bytes() const { return std::nullopt; }
  // Times in it are of this clock.
  [[nodiscard]] virtual TargetClock clock() const { return {}; }

  template <typename T>
  [[nodiscard]] std::optional<T> value(std::uint64_t address) const {
    T v;
    if (!read(address, {reinterpret_cast<std::uint8_t*>(&v), sizeof v})) return std::nullopt;
    return v;
  }
};

struct Mapping {
  std::uint64_t start, end, file_offset;
  bool readable, writable, executable;
  std::uint64_t device, inode;
  std::string path;
};

// Of the process that thread is of.
[[nodiscard]] Result<std::vector<Mapping>> mappings_of(pid_t task);

enum class Liveness { kAlive, kExited, kExeced };

class Process : public Memory {
 public:
  // kNoProcess when there is none; kPermission with the capability to add when it may not be read.
  [[nodiscard]] static Result<std::unique_ptr<Process>> open(pid_t host_pid);

  [[nodiscard]] pid_t pid() const { return pid_; }  // in our PID namespace
  [[nodiscard]] pid_t namespace_pid() const {
    return ns_pid_;
  }  // innermost NSpid; equals pid() without a namespace
  [[nodiscard]] const std::string& executable() const {
    return exe_;
  }  // readlink of /proc/PID/exe, sanitised
  [[nodiscard]] bool executable_deleted() const { return deleted_; }
  // The thread through which memory and files are reached, as /proc/<task>/...: pid() while the main thread
  // lives, then another one (procfs::living_task).
  [[nodiscard]] pid_t task() const { return task_; }
  // Path that opens the executable's inode from here whatever the mount namespace: "/proc/<task>/exe".
  [[nodiscard]] std::string executable_path() const;
  [[nodiscard]] std::uint64_t start_time_ticks() const { return start_time_; }  // /proc/PID/stat field 22
  // Where the initial stack starts, which the kernel puts anew at each exec: field 28; 0: unknown.
  [[nodiscard]] std::uint64_t start_stack() const { return start_stack_; }
  [[nodiscard]] Result<std::vector<Mapping>> mappings() const { return mappings_of(task_); }
  // Run-time minus link-time address of the executable; first_load_vaddr is the first PT_LOAD's page-aligned
  // vaddr.
  [[nodiscard]] Result<std::uint64_t> load_bias(std::uint64_t first_load_vaddr,
                                                bool position_independent) const;

  // pidfd + identity of the executable and stack start: tells an exec from the process we opened.
  [[nodiscard]] Liveness liveness() const;
  // A descriptor that is readable once the process has exited (pidfd_open(2)).
  [[nodiscard]] int exit_fd() const { return pidfd_.get(); }
  // The error, or, when the process has ended or runs another program, that: it is why the rest failed.
  [[nodiscard]] Error explain(Error error) const;
  // User + system CPU time of all threads, ns (process CPU clock of another process); nullopt when gone.
  [[nodiscard]] std::optional<std::uint64_t> cpu_time_ns() const;
  [[nodiscard]] std::size_t thread_count() const;

  [[nodiscard]] bool read(std::uint64_t address, std::span<std::uint8_t> out) const override;
  [[nodiscard]] bool read_many(std::span<const Range> ranges, std::vector<bool>& failed) const override;
  [[nodiscard]] std::optional<std::uint64_t> used_bytes() const override;
  [[nodiscard]] TargetClock clock() const override { return clock_; }

 private:
  Process() = default;
  // One process_vm_readv, through another thread when the one it went through has ended.
  [[nodiscard]] ssize_t read_memory(std::span<const iovec> local, std::span<const iovec> remote) const;

  [[nodiscard]] bool find_task() const;  // false: no thread lives

  pid_t pid_ = 0, ns_pid_ = 0;
  mutable std::atomic<pid_t> task_ = 0;
  std::string exe_;
  bool deleted_ = false;
  std::uint64_t start_time_ = 0, start_stack_ = 0, exe_device_ = 0, exe_inode_ = 0;
  TargetClock clock_;
  UniqueFd pidfd_;
  UniqueFd mem_;  // /proc/PID/mem of the address space that was opened
};

}  // namespace gorotrace
