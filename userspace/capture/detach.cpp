#include "capture/detach.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/unique_fd.h"

namespace gorotrace {
namespace {

constexpr std::size_t kSideBySide = 16;

// Our files that are perf events. On kernels before 6.6 a site's perf event has a link beside it (none
// before 5.15, where the "link" is the event's file itself), and the link alone keeps it
// (kernel/bpf/syscall.c bpf_perf_link_release).
std::vector<int> perf_event_files() {
  std::vector<int> found;
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;  // the iterator's own descriptor, or another thread's
    const auto file = std::filesystem::read_symlink(at->path(), gone);
    if (!gone && file == "anon_inode:[perf_event]") found.push_back(std::atoi(at->path().filename().c_str()));
  }
  return found;
}

struct Pipe {
  UniqueFd read, write;
  bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read.reset(ends[0]);
    write.reset(ends[1]);
    return true;
  }
};

ssize_t read_byte(int fd) {
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(fd, &byte, 1);
  } while (got < 0 && errno == EINTR);
  return got;
}

// The child: only what is safe after fork() beside other threads.
[[noreturn]] void hold(const std::vector<int>& others, const Pipe& ready, const Pipe& go) {
  for (const int fd : others) ::close(fd);
  ::close(go.write.get());
  const char byte = 0;
  if (::write(ready.write.get(), &byte, 1) == 1)
    (void)read_byte(go.read.get());  // until its writers are gone
  ::_exit(0);
}

// False when nothing was done.
bool detach_in_children(Links& links) {
  // Children of two calls would hold each other's pipes, and wait for each other.
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  Pipe ready, go;
  if (!ready.open() || !go.open()) return false;
  const std::size_t n = std::min(kSideBySide, links.size());
  std::vector<int> closed_by_all = perf_event_files();
  for (const Link& link : links) std::erase(closed_by_all, bpf_link__fd(link.get()));
  std::vector<std::vector<int>> others(n, closed_by_all);
  for (std::size_t i = 0; i < links.size(); ++i) {
    for (std::size_t child = 0; child < n; ++child)
      if (i % n != child) others[child].push_back(bpf_link__fd(links[i].get()));
  }
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::vector<pid_t> children;
  for (std::size_t i = 0; i < n; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) hold(others[i], ready, go);
    if (pid > 0) children.push_back(pid);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ready.write.reset();
  std::size_t holding = 0;
  while (holding < children.size() && read_byte(ready.read.get()) == 1) ++holding;
  links.clear();  // references that are not the last, where a child was to be had
  go.write.reset();
  for (const pid_t pid : children) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  return true;
}

}  // namespace

void detach_links(Links links) {
  if (links.empty() || detach_in_children(links)) return;
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i; (i = next.fetch_add(1)) < links.size();) links[i].reset();
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < std::min(kSideBySide, links.size()); ++i) threads.emplace_back(work);
  work();
}

}  // namespace gorotrace
