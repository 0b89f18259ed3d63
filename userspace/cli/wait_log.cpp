#include "cli/wait_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/json_writer.h"

namespace gorotrace {
namespace {

constexpr std::chrono::milliseconds kTurn{50};
// At the end: without a byte taken, and in all.
constexpr std::uint64_t kGraceNs = 1'000'000'000, kMaxEndNs = 10'000'000'000;

// Without a reader: ENXIO, nothing to wait for yet.
int open_for_writing(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666);
}

std::string line_of(const TargetBegun& target, StackNumbers& stacks, const Wait& wait) {
  const auto& reasons = target.wait_reasons;
  return json_text([&](JsonWriter& json) {
           json.object([&] {
             json.field("host_pid", target.host_pid);
             json.field("goid", wait.goid);
             json.field("reason", wait.in_syscall                ? "syscall"
                                  : wait.reason < reasons.size() ? reasons[wait.reason]
                                                                 : fmt::format("reason {}", wait.reason));
             json.name_field("stack", stacks.name(wait.stack));
             json.field("start_ns", wait.start_ns);
             json.field("end_ns", wait.end_ns);
           });
         }) +
         "\n";
}

}  // namespace

Result<std::unique_ptr<WaitLog>> WaitLog::open(const std::string& path, RunStacks& stacks) {
  struct stat there{};
  std::optional<ClaimedFile> claimed;
  UniqueFd file;
  if (::stat(path.c_str(), &there) != 0 || S_ISREG(there.st_mode)) {
    auto made = ClaimedFile::open(path);
    if (!made) return wrap(made.error(), "--waits");
    claimed.emplace(std::move(*made));
  } else {
    file.reset(open_for_writing(path));
    if (!file && errno != ENXIO) return fail_errno(errno, "--waits: opening " + path);
  }
  std::unique_ptr<WaitLog> log(new WaitLog(path, std::move(claimed), std::move(file), stacks));
  log->thread_ = std::thread([log = log.get()] { log->run(); });
  return log;
}

WaitLog::~WaitLog() {
  end();
}

void WaitLog::end() {
  if (ending_ns_ == 0) ending_ns_ = monotonic_ns();
  if (thread_.joinable()) thread_.join();
}

void WaitLog::run() {
  bool able = true;
  for (;;) {
    const bool last = ending_ns_ != 0;
    const auto ended = queue_.pop(last ? std::chrono::milliseconds(0) : kTurn);
    if (!ended) {
      if (last) return;
      continue;
    }
    std::string text;
    StackNumbers& stacks = stacks_.at(ended->target->host_pid);
    for (const Wait& wait : ended->waits) text += line_of(*ended->target, stacks, wait);
    able = able && write(text);
    if (!able) unwritten_ += ended->waits.size();
  }
}

bool WaitLog::out_of_time(std::uint64_t moved_ns) const {
  const std::uint64_t ending = ending_ns_, now = monotonic_ns();
  if (ending == 0) return false;
  return now - std::max(ending, moved_ns) > kGraceNs || now - ending > kMaxEndNs;
}

bool WaitLog::open_fifo() {
  const std::uint64_t since = monotonic_ns();
  while (!file_) {
    file_ = UniqueFd(open_for_writing(path_));
    if (file_) return true;
    if (errno != ENXIO || out_of_time(since)) {
      error_ = errno;
      return false;
    }
    std::this_thread::sleep_for(kTurn);
  }
  return true;
}

bool WaitLog::begin_anew() {
  if (!claimed_) return true;
  if (auto anew = claimed_->begin_anew(); !anew) {
    why_ = anew.error().message;
    return false;
  }
  file_ = claimed_->take();
  claimed_.reset();
  return true;
}

bool WaitLog::write(std::string_view text) {
  if (!begin_anew() || !open_fifo()) return false;
  std::uint64_t taken_ns = monotonic_ns();
  while (!text.empty()) {
    if (out_of_time(taken_ns)) return false;
    const ssize_t n = ::write(file_.get(), text.data(), text.size());
    if (n > 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
      taken_ns = monotonic_ns();
      continue;
    }
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
      error_ = errno;
      return false;
    }
    pollfd ready{.fd = file_.get(), .events = POLLOUT, .revents = 0};
    (void)::poll(&ready, 1, static_cast<int>(kTurn.count()));
  }
  return true;
}

Status WaitLog::close() {
  end();
  if (why_.empty() && !begin_anew()) return fail(ErrorKind::kFailed, "--waits: " + why_);
  const std::uint64_t missing = queue_.dropped() + unwritten_;
  errno = 0;
  file_.reset();  // some file systems say only now that they had no room
  if (error_ == 0) error_ = errno;
  if (missing == 0 && error_ == 0) return {};
  const std::string why = !why_.empty()     ? why_
                          : error_ == ENXIO ? "nobody read it"
                          : error_ != 0     ? std::strerror(error_)
                                            : "it was not read fast enough";
  return fail(ErrorKind::kFailed,
              fmt::format("--waits: {} waits could not be written to {}: {}", missing, path_, why));
}

}  // namespace gorotrace
