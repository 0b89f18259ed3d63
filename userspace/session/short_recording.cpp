#include "session/short_recording.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include "base/byte_size.h"
#include "base/clock.h"
#include "base/event_loop.h"
#include "base/plural.h"
#include "base/text.h"
#include "process/hold.h"
#include "recording/recorder.h"
#include "session/session.h"
#include "session/session_watch.h"

namespace gorotrace {
namespace {

constexpr std::chrono::milliseconds kSizeTick(100);
constexpr std::chrono::seconds kTellTick(1);  // the file says so often what is known of the target
constexpr std::size_t kQueuedBytes = std::size_t{32} << 20;

constexpr std::string_view kOverBudget = "over the budget";  // session/traced.cpp

std::unexpected<Error> nobody_waits() {
  return fail(ErrorKind::kFailed, "nobody waits for the capture any more");
}

// Readable once it is wanted no more.
class UnwantedFd {
 public:
  explicit UnwantedFd(const std::stop_token& unwanted)
      : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), poke_(unwanted, [this] { poke(); }) {}
  [[nodiscard]] int get() const { return fd_.get(); }

 private:
  void poke() const {
    constexpr std::uint64_t kOne = 1;
    [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &kOne, sizeof kOne);
  }
  UniqueFd fd_;
  std::stop_callback<std::function<void()>> poke_;
};

SessionOptions session_options(const ShortRecordingOptions& options, const Target& target,
                               Recorder& recorder) {
  SessionOptions out;
  out.groups = options.groups;
  out.budget.target_share = options.budget_share;
  out.budget.phases = false;
  out.sample_cpu = options.sample_cpu;
  out.capture.max_targets = 1;
  // Only a perf event follows a thread that is not the main one (capture/attach.cpp).
  if (target.process().task() != target.process().pid())
    out.capture.force_mode = AttachMode::kPerfEventCookie;
  out.recorder = &recorder;
  return out;
}

// From the first probe to the last.
class Run {
 public:
  Run(const ShortRecordingOptions& options, Session& session, TargetId target, Recorder& recorder)
      : options_(options),
        session_(session),
        target_(target),
        recorder_(recorder),
        begin_ns_(session.facts(target).begin_ns) {}

  // Until it is to end.
  [[nodiscard]] Status watch(const std::stop_token& unwanted);
  // What is known of the target; whole: its window is over.
  [[nodiscard]] StatFacts tell(bool whole);
  [[nodiscard]] ShortEnd end() const { return end_; }
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  void tick(EventLoop& loop);
  void look_at_size(EventLoop& loop);
  void ends(EventLoop& loop, ShortEnd end, std::string why);
  [[nodiscard]] std::string after() const { return format_duration(since(monotonic_ns(), begin_ns_)); }

  const ShortRecordingOptions& options_;
  Session& session_;
  const TargetId target_;
  Recorder& recorder_;
  const std::uint64_t begin_ns_;
  ShortEnd end_ = ShortEnd::kTime;
  std::string why_, held_;
};

void Run::ends(EventLoop& loop, ShortEnd end, std::string why) {
  if (!why_.empty()) return;
  end_ = end;
  why_ = std::move(why);
  loop.stop();
}

// What is left without the groups that the budget took is not what was asked for.
void Run::tick(EventLoop& loop) {
  session_.tick();
  const StatFacts facts = session_.facts(target_);
  if (!facts.ended_by.empty())
    return ends(loop, ShortEnd::kTarget, fmt::format("{} after {}", facts.ended_by, after()));
  if (facts.detached.empty()) return;
  const std::string& reason = facts.detached.front().reason;
  if (!reason.starts_with(kOverBudget)) return ends(loop, ShortEnd::kTarget, reason);
  // Behind it stands how the command line would be given more.
  ends(loop, ShortEnd::kBudget, fmt::format("{}, after {}", reason.substr(0, reason.find("; --")), after()));
}

void Run::look_at_size(EventLoop& loop) {
  const Recorder::Figures file = recorder_.figures();
  if (options_.max_bytes != 0 && file.bytes >= options_.max_bytes)
    return ends(loop, ShortEnd::kSize,
                fmt::format("as large as it may be, {}, after {}", format_bytes(file.bytes), after()));
  if (options_.max_records != 0 && file.records >= options_.max_records)
    ends(loop, ShortEnd::kSize,
         fmt::format("as long as it may be, {}, after {}", plural(file.records, "event"), after()));
}

// What the models had no room for may be in the file, what it had none for is not: the recorder knows.
StatFacts Run::tell(bool whole) {
  if (const std::string held = what_holds(session_.target(target_).process().pid()); !held.empty())
    held_ = fmt::format("the process was {} while it was looked at", held);
  StatFacts known = session_.facts(target_);
  if (!held_.empty()) known.notices.push_back(held_);
  if (!why_.empty()) known.notices.push_back("the capture ended early: " + why_);
  known.events = session_.events(target_, 0);
  if (!whole) known = so_far(std::move(known));
  recorder_.tell({target_, whole, known});
  return known;
}

Status Run::watch(const std::stop_token& unwanted) {
  auto made = EventLoop::make();
  if (!made) return std::unexpected(made.error());
  EventLoop& loop = *made;
  const UnwantedFd wanted_no_more(unwanted);
  auto watched = loop.on_readable(wanted_no_more.get(), [&] { loop.stop(); });
  if (!watched) return watched;
  SessionWatch watch(session_, loop, [this, &loop] { tick(loop); });
  if (auto begun = watch.begin(); !begun) return begun;
  (void)tell(false);
  loop.timers().every(kSizeTick, [this, &loop] { look_at_size(loop); });
  loop.timers().every(kTellTick, [this] { (void)tell(false); });
  loop.timers().at(steady_time(begin_ns_) + options_.duration, [&loop] { loop.stop(); });
  return loop.run();
}

}  // namespace

Result<ShortRecording> record_shortly(std::unique_ptr<Target> target, const ShortRecordingOptions& options,
                                      const std::stop_token& unwanted, const ShortRecordingCost& cost) {
  auto file = MemoryFile::make("gorotrace-capture");
  if (!file) return std::unexpected(file.error());
  Recorder::Options recorded;
  recorded.max_queued_bytes = kQueuedBytes;
  auto recorder = Recorder::make(file->path(), recorded);
  if (!recorder) return std::unexpected(recorder.error());
  const SessionOptions wanted = session_options(options, *target, **recorder);
  if (options.groups != 0) target->prepare_plan();
  ShortRecording out{.file = std::move(*file), .target = 0, .facts = {}, .end = {}, .why = {}, .dropped = 0};
  {
    auto made = Session::make(wanted);
    if (!made) return std::unexpected(made.error());
    if (unwanted.stop_requested()) return nobody_waits();
    Session& session = **made;
    session.expect(*target);
    const auto added = session.add(std::move(target));
    if (!added) return std::unexpected(added.error());
    Run run(options, session, *added, **recorder);
    const Status watched = run.watch(unwanted);
    if (!watched || unwanted.stop_requested()) {
      cost(session.facts(*added));
      return watched ? Result<ShortRecording>(nobody_waits()) : std::unexpected(watched.error());
    }
    session.finish();
    out.target = *added;
    out.facts = run.tell(true);
    out.end = run.end();
    out.why = run.why();
    cost(out.facts);
    if (const auto& contradiction = session.contradiction(*added)) return std::unexpected(*contradiction);
  }
  auto closed = (*recorder)->close();
  if (!closed) return std::unexpected(closed.error());
  out.dropped = (*recorder)->figures().dropped;
  return out;
}

}  // namespace gorotrace
