#include "capture/detach.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <mutex>
#include <span>
#include <system_error>
#include <thread>

#include "capture/apart.h"

namespace gorotrace {
namespace {

constexpr std::size_t kSideBySide = 16;

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

// False at the end of the pipe.
bool read_byte(int fd) {
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(fd, &byte, 1);
  } while (got < 0 && errno == EINTR);
  return got == 1;
}

// Until its writers are gone, for kPatienceMs at most: they may be stopped. While a process that was made by
// vfork(2) has not gone its parent's thread does not stop, and whoever waits for the tracer to stop (a shell,
// behind Ctrl-Z) would wait for ever.
void await_end(int fd) {
  constexpr int kPatienceMs = 3000;
  pollfd end{fd, POLLIN, 0};
  while (::poll(&end, 1, kPatienceMs) < 0 && errno == EINTR) {
  }
}

bool write_byte(int fd) {
  const char byte = 0;
  return ::write(fd, &byte, 1) == 1;
}

void close_all_but(std::span<const int> ascending) {
  unsigned first = 0;
  for (const int fd : ascending) {
    const auto kept = static_cast<unsigned>(fd);
    if (kept > first) ::close_range(first, kept - 1, 0);
    first = kept + 1;
  }
  ::close_range(first, std::numeric_limits<unsigned>::max(), 0);
}

// What the exit of one process lets go of.
class Holder {
 public:
  Holder(const Pipe& ready, const Pipe& go)
      : ready_(ready.write.get()), go_(go.read.get()), kept_{ready_, go_} {}
  void add(const UniqueFd& link) { kept_.push_back(link.get()); }

  void run() {
    std::ranges::sort(kept_);
    const auto held = run_apart(Descriptors::kCopied, [this] {
      close_all_but(kept_);
      if (write_byte(ready_)) await_end(go_);
    });
    if (!held) (void)write_byte(ready_);  // nobody need wait for it
  }

 private:
  int ready_, go_;
  std::vector<int> kept_;
};

}  // namespace

void detach_links(Links links) {
  if (links.empty()) return;
  // Processes of two calls would hold each other's pipes, and wait for each other.
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  Pipe ready, go;
  if (!ready.open() || !go.open()) return;
  std::vector<Holder> holders(std::min(kSideBySide, links.size()), Holder(ready, go));
  for (std::size_t i = 0; i < links.size(); ++i) holders[i % holders.size()].add(links[i]);
  std::vector<std::jthread> asleep;
  try {
    for (Holder& holder : holders) asleep.emplace_back([&holder] { holder.run(); });
  } catch (const std::system_error&) {  // no thread to be had: the links left over go from here
  }
  for (std::size_t i = 0; i < asleep.size(); ++i) (void)read_byte(ready.read.get());
  links.clear();  // references that are not the last, where a process was to be had
  go.write.reset();
}

}  // namespace gorotrace
