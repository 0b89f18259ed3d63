#include "cli/stat_window.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/clock.h"
#include "base/plural.h"
#include "base/text.h"
#include "process/hold.h"

namespace gorotrace {
namespace {

constexpr std::chrono::milliseconds kForAnAnswer(2);  // models take some 10 ms
constexpr std::chrono::nanoseconds kAfterASignal(StopSignal::kGraceNs);
constexpr std::chrono::seconds kAfterAnOrder(5);         // SIGTERM, SIGHUP
constexpr std::chrono::milliseconds kShortestLine(100);  // as of -i
constexpr int kPartOfALine = 10;  // that is left of the window: part of the line before

}  // namespace

StatWindow::StatWindow(Session& session, StopSignal& stop, OutputQueue& out, WindowOutput& printer,
                       const Options& options)
    : session_(session),
      stop_(stop),
      out_(out),
      printer_(printer),
      options_(options),
      targets_(session.targets()) {
  for (const TargetId target : targets_)
    last_begin_ns_ = std::max(last_begin_ns_, session.facts(target).begin_ns);
}

Status StatWindow::watch() {
  const auto ran = run_loop();
  loop_ = nullptr;
  {
    const KeptTime::Step step(kept_);
    look_for_holds();
    session_.finish();
  }
  if (session_.samples_asked()) write_lines(session_.await_samples());
  if (ran) last_lines();
  return ran;
}

Status StatWindow::run_loop() {
  auto made = EventLoop::make();
  if (!made) return std::unexpected(made.error());
  EventLoop& loop = *made;
  loop_ = &loop;
  auto watched = loop.on_readable(stop_.fd(), [&] {
    ended_by_ = stop_.take();
    if (ended_by_) loop.stop();
  });
  if (watched) {
    watched = loop.on_readable(out_.event_fd(), [&] {
      out_.acknowledge();
      if (out_.error() != 0) loop.stop();
    });
  }
  if (!watched) return watched;
  const MonotonicTime begin = steady_time(last_begin_ns_);
  if (auto first = take_first(); !first) return first;
  SessionWatch watch(session_, loop, [this] {
    const KeptTime::Step step(kept_);
    session_.tick();
  });
  if (auto begun = watch.begin(); !begun) return begun;
  loop.timers().every(options_.interval, begin + options_.interval, [this] { lines(); });
  // Behind the line that is due at the same time.
  if (options_.duration) loop.timers().at(begin + *options_.duration, [&] { loop.stop(); });
  printer_.begins(loop);
  const auto ran = loop.run();
  printer_.ends();
  kept_.overslept(loop.overslept());
  return ran;
}

Status StatWindow::take_first() {
  const KeptTime::Step step(kept_);
  session_.ask_samples();
  auto first = session_.await_samples();
  if (!first) return std::unexpected(first.error());
  last_ = std::move(*first);
  for (const TargetId target : targets_) {  // nothing has been counted before
    if (!last_.contains(target)) last_[target].at_ns = session_.facts(target).begin_ns;
  }
  look_for_holds();
  return {};
}

void StatWindow::look_for_holds() {
  for (const TargetId target : targets_) {
    const pid_t pid = session_.target(target).process().pid();
    if (!holds_[target].look(what_holds(pid))) continue;
    const std::string& now = holds_[target].now();
    printer_.note(fmt::format("process {} {}", pid, now.empty() ? "goes on" : "is " + now));
  }
}

void StatWindow::tell_left_out() {
  if (left_out_ == 0) return;
  printer_.note(fmt::format("{} left out: the output was not read", plural(left_out_, "line")));
  left_out_in_all_ += std::exchange(left_out_, 0);
}

void StatWindow::lines() {
  const KeptTime::Step step(kept_);
  record(false);
  if (ends_with_this_interval()) return;  // last_lines()
  if (!out_.room()) {
    ++left_out_;
    return;
  }
  if (session_.samples_asked()) return;  // that one covers some of this time, the next one the rest
  tell_left_out();
  look_for_holds();
  session_.ask_samples();
  await_lines();
}

void StatWindow::await_lines() {
  loop_->timers().at(loop_->timers().now() + kForAnAnswer, [this] {
    const KeptTime::Step step(kept_);
    if (!session_.samples_asked()) return;
    if (auto now = session_.take_samples()) {
      write_lines(std::move(*now));
    } else {
      await_lines();
    }
  });
}

void StatWindow::write_lines(Result<Session::Samples> now) {
  if (!now) return;  // the next line covers this time, too
  for (auto& [target, sample] : *now) {
    if (sample.at_ns <= last_[target].at_ns) continue;  // its window was over before
    printer_.interval(interval_row(last_[target], sample), session_.facts(target));
    last_[target] = std::move(sample);
  }
}

// What the models had no room for may be in the file, what it had none for is not: the recorder knows.
void StatWindow::record(bool whole) {
  if (options_.recorder == nullptr) return;
  for (const TargetId target : targets_) {
    StatFacts known = facts(target);
    known.events = session_.events(target, 0);
    if (!whole) known = so_far(std::move(known));
    options_.recorder->tell({target, whole, std::move(known)});
  }
}

bool StatWindow::ends_with_this_interval() const {
  if (!options_.duration) return false;
  const MonotonicTime end = steady_time(last_begin_ns_) + *options_.duration;
  return loop_->timers().now() + options_.interval / kPartOfALine >= end;
}

void StatWindow::last_lines() {
  if (!out_.room()) {
    ++left_out_;
    return;
  }
  session_.ask_samples();
  auto rest = session_.await_samples();
  if (!rest) return;  // the summary, too, will say that the models do not answer
  std::chrono::nanoseconds longest(0);
  for (const auto& [target, sample] : *rest) {
    const std::uint64_t from_ns = last_[target].at_ns;
    if (sample.at_ns > from_ns) longest = std::max(longest, std::chrono::nanoseconds(sample.at_ns - from_ns));
  }
  // So little tells a person nothing; a program gets intervals without a gap.
  if (!printer_.wants_all() && longest < kShortestLine) return;
  tell_left_out();
  write_lines(std::move(rest));
  if (printer_.has_lines() && longest < options_.interval - options_.interval / kPartOfALine)
    printer_.note(
        fmt::format("the last line is of {}", format_duration(static_cast<std::uint64_t>(longest.count()))));
}

StatFacts StatWindow::facts(TargetId target) const {
  StatFacts f = session_.facts(target);
  if (const auto held = holds_.find(target); held != holds_.end()) {
    for (std::string& notice : held->second.notices()) f.notices.push_back(std::move(notice));
  }
  if (left_out_in_all_ > 0) {
    f.notices.push_back(
        fmt::format("{} left out: the output was not read", plural(left_out_in_all_, "interval line")));
  }
  if (options_.duration && !ended_by_ && f.end_ns > last_begin_ns_) {
    const std::chrono::nanoseconds took(f.end_ns - last_begin_ns_);
    const std::uint64_t goroutines = f.counters_end ? static_cast<std::uint64_t>(f.counters_end->live) : 0;
    if (auto text = kept_.not_kept(*options_.duration, took, goroutines); !text.empty())
      f.notices.push_back(std::move(text));
  }
  return f;
}

Status StatWindow::report() {
  auto made = EventLoop::make();
  if (!made) return std::unexpected(made.error());
  EventLoop& loop = *made;
  bool gave_up = false;
  Status asked;
  const auto give_up_after = [&](std::chrono::nanoseconds patience) {
    loop.timers().at(loop.timers().now() + patience, [&] {
      gave_up = true;
      loop.stop();
    });
  };
  tell_left_out();
  record(true);
  std::size_t next = 0;  // the summary of one target is held at a time
  const auto write = [&] {
    while (out_.error() == 0 && next < targets_.size() && out_.room()) {
      const TargetId target = targets_[next];
      const auto tables = session_.tables(target);
      if (!tables) {
        asked = std::unexpected(tables.error());
        loop.stop();
        return;
      }
      printer_.summary(facts(target), *tables, session_.symbols(target));
      ++next;
    }
    if (out_.error() != 0 || (next == targets_.size() && out_.idle())) loop.stop();
  };
  auto watched = loop.on_readable(out_.event_fd(), [&] {
    out_.acknowledge();
    write();
  });
  if (watched && !ended_by_) {
    watched = loop.on_readable(stop_.fd(), [&] {
      if (!stop_.take()) return;
      loop.forget(stop_.fd());
      give_up_after(kAfterASignal);
    });
  }
  if (!watched) return watched;
  if (ended_by_ && *ended_by_ != SIGINT) give_up_after(kAfterAnOrder);
  loop.timers().at(loop.timers().now(), write);
  if (auto ran = loop.run(); !ran) return ran;
  if (!asked) return asked;
  if (gave_up)
    return fail(ErrorKind::kFailed, "the summary is not whole: what is written to stdout was not read");
  // A reader that went away early (| head) is no error.
  if (const int error = out_.error(); error != 0 && error != EPIPE)
    return fail_errno(error, "cannot write to stdout");
  return {};
}

}  // namespace gorotrace
