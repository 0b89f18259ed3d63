// stat, from the moment at which its targets are attached: a line per interval, the end of the window, the
// summary.
//
// The rule for a reader who does not read:
// * While anything is attached nobody waits for it. A line for which the queue has no room is left out, and
//   counted; the next one covers its time. The end of the window comes as if all had been read.
// * The summary is never left out. It is written once everything is detached, when no target pays any more:
//   then it may take as long as the reader wants (a pipe to less), until a signal comes. A signal that comes
//   behind the window's end leaves the reader one more second.
// * A window that SIGINT ended is as one that ended by itself: the person who pressed Ctrl-C is there, and
//   may press it again (cli/stop_signal.h). Who sends SIGTERM or SIGHUP may not be: 5 s, then we go without.
// Threads: control thread.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/result.h"
#include "cli/hold_watch.h"
#include "cli/kept_time.h"
#include "cli/output_queue.h"
#include "cli/stop_signal.h"
#include "cli/window_output.h"
#include "session/session.h"
#include "session/session_watch.h"

namespace gorotrace {

class StatWindow {
 public:
  struct Options {
    std::optional<std::chrono::nanoseconds> duration;  // until a signal or the targets' end when absent
    std::chrono::nanoseconds interval{1'000'000'000};
    Recorder* recorder = nullptr;  // is told what is known of the targets, at each line and at the end
  };
  // All that is referred to outlives this object. The session has its targets.
  StatWindow(Session& session, StopSignal& stop, OutputQueue& out, WindowOutput& printer,
             const Options& options);

  // Until the window has ended and nothing is attached any more, also when it fails.
  [[nodiscard]] Status watch();
  // The recorder is told what is known of the targets by now, as it is at each line.
  void tell_recorder() { record(false); }
  // The signal that ended the window, if one did.
  [[nodiscard]] std::optional<int> ended_by() const { return ended_by_; }
  // The summaries, until they are written or the rule above ends it.
  [[nodiscard]] Status report();

 private:
  [[nodiscard]] Status run_loop();
  [[nodiscard]] Status take_first();
  // A line is asked for when it is due, and written once the models have answered.
  void lines();
  void await_lines();
  void write_lines(Result<Session::Samples> now);
  // The last interval ends with the window and has the length that is left: its line comes behind the end,
  // and the one that would be due (nearly) at the same time is left to it.
  [[nodiscard]] bool ends_with_this_interval() const;
  void last_lines();
  void look_for_holds();
  void tell_left_out();
  // With what is known here alone.
  [[nodiscard]] StatFacts facts(TargetId target) const;
  void record(bool whole);

  Session& session_;
  StopSignal& stop_;
  OutputQueue& out_;
  WindowOutput& printer_;
  Options options_;
  EventLoop* loop_ = nullptr;  // of run_loop()
  Session::Samples last_;      // what the next line subtracts
  const std::vector<TargetId> targets_;
  std::map<TargetId, HoldWatch> holds_;
  KeptTime kept_;
  std::uint64_t last_begin_ns_ = 0;  // of the target that was attached last
  std::uint64_t left_out_ = 0, left_out_in_all_ = 0;
  std::optional<int> ended_by_;  // a signal
};

}  // namespace gorotrace
