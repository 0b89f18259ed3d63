#include "cli/flight_recorder.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/byte_size.h"
#include "base/clock.h"
#include "base/plural.h"
#include "base/text.h"
#include "cli/messages.h"
#include "cli/record_output.h"

namespace gorotrace {
namespace {

// What is dropped at once is a segment: so much more than --last is kept at most.
constexpr std::uint64_t kSegmentPart = 10, kShortestNs = 1'000'000'000, kLongestNs = 10'000'000'000;

Result<UniqueFd> take_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0)
    return fail_errno(error, "blocking SIGUSR1");
  UniqueFd fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return fail_errno(errno, "signalfd");
  return fd;
}

}  // namespace

Result<std::unique_ptr<FlightRecorder>> FlightRecorder::make(const std::string& last, const std::string& path,
                                                             std::optional<std::uint64_t> max_bytes) {
  if (last.empty()) return nullptr;
  const auto length = parse_duration(last);
  if (!length) return wrap(length.error(), "--last");
  if (*length < std::chrono::nanoseconds(kShortestNs))
    return fail(ErrorKind::kUsage, "--last must be 1s or more");
  auto files = WindowFiles::make(path);
  if (!files) return std::unexpected(files.error());
  auto signals = take_signals();
  if (!signals) return std::unexpected(signals.error());
  UniqueFd done(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!done) return fail_errno(errno, "eventfd");
  return std::unique_ptr<FlightRecorder>(
      new FlightRecorder({.last_ns = static_cast<std::uint64_t>(length->count()),
                          .max_bytes = max_bytes.value_or(kDefaultBytes)},
                         std::move(*files), std::move(*signals), std::move(done)));
}

FlightRecorder::FlightRecorder(const RollingChunks::Bounds& bounds, std::unique_ptr<WindowFiles> files,
                               UniqueFd signals, UniqueFd done)
    : bounds_(bounds), files_(std::move(files)), signals_(std::move(signals)), done_(std::move(done)) {}

FlightRecorder::~FlightRecorder() {
  files_->finish();
}

Result<std::unique_ptr<Recorder>> FlightRecorder::recorder(Recorder::Options options) {
  options.segment_ns = std::clamp(bounds_.last_ns / kSegmentPart, kShortestNs, kLongestNs);
  auto made = Recorder::in_memory(bounds_, options);
  recorder_ = made.get();
  return made;
}

void FlightRecorder::begins(EventLoop& loop) {
  const auto signals = loop.on_readable(signals_.get(), [this] {
    signalfd_siginfo info;
    while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) again_ = true;
    write_soon();
  });
  const auto done = loop.on_readable(done_.get(), [this] { tell_written(); });
  for (const Status& watched : {signals, done}) {
    if (!watched)
      say(fmt::format("(no window can be written before the end: {})\n", watched.error().message));
  }
}

WindowKept FlightRecorder::told(const KeptChunks& kept, std::string why, bool goes_on) const {
  return {.from_the_start = kept.from_the_start,
          .goes_on = goes_on,
          .asked_ns = bounds_.last_ns,
          .dropped_bytes = kept.dropped_bytes,
          .why = std::move(why)};
}

FlightRecorder::Written FlightRecorder::written_of(const KeptChunks& kept) {
  return {.path = {},
          .took_ns = since(kept.to_ns, kept.from_ns),
          .records = kept.records,
          .bytes = kept.bytes,
          .dropped_bytes = kept.dropped_bytes,
          .from_the_start = kept.from_the_start};
}

// One at a time: each that is being written holds on to its memory.
void FlightRecorder::write_soon() {
  if (writing_ || !std::exchange(again_, false)) return;
  writing_ = true;
  tell_();
  recorder_->ask_kept([this](KeptChunks kept) {
    Written about = written_of(kept);
    WindowKept in_front = told(kept, "SIGUSR1", true);
    files_->write_later(std::move(kept), std::move(in_front),
                        [this, about](Result<std::string> path) mutable {
                          Result<Written> written(std::move(about));
                          if (path) {
                            written->path = *path;
                          } else {
                            written = std::unexpected(path.error());
                          }
                          {
                            const std::lock_guard lock(mutex_);
                            written_ = std::move(written);
                          }
                          const std::uint64_t one = 1;
                          (void)!::write(done_.get(), &one, sizeof one);
                        });
  });
}

void FlightRecorder::tell_written() {
  std::uint64_t count = 0;
  (void)!::read(done_.get(), &count, sizeof count);
  std::optional<Result<Written>> written;
  {
    const std::lock_guard lock(mutex_);
    written.swap(written_);
  }
  if (!written) return;
  writing_ = false;
  if (*written) {
    say(fmt::format("(SIGUSR1: {})\n", text(**written)));
  } else {
    say(fmt::format("(SIGUSR1: no window was written: {})\n", written->error().message));
    if (failed_) failed_ = std::unexpected(written->error());
  }
  write_soon();
}

Status FlightRecorder::end(const Recorder& recorder, const RecordOutput& output, std::string why) {
  files_->finish();
  again_ = false;
  tell_written();
  KeptChunks kept = recorder.kept();
  // The stream goes on while the probes are taken away.
  if (const std::uint64_t end = output.end_ns(); end != 0) kept.to_ns = std::min(kept.to_ns, end);
  const auto path = files_->write(kept, told(kept, std::move(why), false));
  if (!path) {
    output.tell_end(std::unexpected(path.error()));
    return std::unexpected(path.error());
  }
  Written written = written_of(kept);
  written.path = *path;
  output.tell_end({}, &written);
  return failed_;
}

std::string FlightRecorder::progress(const Recorder::Figures& figures) const {
  return fmt::format("the last {} of {} in {} of memory", format_duration(figures.kept_ns),
                     format_duration(bounds_.last_ns), format_bytes(figures.bytes));
}

std::string FlightRecorder::text(const Written& w) const {
  std::error_code unknown;
  const auto size = std::filesystem::file_size(w.path, unknown);
  std::string text = w.from_the_start ? "all of it" : "the last " + format_duration(w.took_ns);
  if (w.from_the_start && w.took_ns < bounds_.last_ns) {
    text += fmt::format(" ({} were asked for)", format_duration(bounds_.last_ns));
  } else if (w.took_ns < bounds_.last_ns) {
    text += fmt::format(" ({} were asked for: they are more than the {} of --max-size)",
                        format_duration(bounds_.last_ns), format_bytes(bounds_.max_bytes));
  }
  text += fmt::format(", {}, {} in {}", plural(w.records, "event"), format_bytes(unknown ? w.bytes : size),
                      printable(w.path));
  if (const std::string& kept = files_->kept_as(); !kept.empty() && !std::exchange(told_kept_, true))
    text += fmt::format(" (what was there is kept as {})", printable(kept));
  if (!w.from_the_start) text += fmt::format(", {} from before dropped", format_bytes(w.dropped_bytes));
  return text;
}

}  // namespace gorotrace
