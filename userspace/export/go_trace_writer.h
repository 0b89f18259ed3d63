// A timeline as execution trace files. The format has rules that a reader enforces to the last event
// (internal/trace/order.go): this keeps what the file says of each goroutine, thread and P, and writes what
// must stand between that and the next step, whatever steps come. Not thread-safe.
//
// Ps are not in a capture file: they are made up, as few as possible. A thread that stops running goroutines
// keeps its P until another one needs it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/seeded_hash.h"
#include "export/go_trace.h"
#include "export/go_trace_file.h"
#include "export/go_trace_tables.h"
#include "export/timeline.h"
#include "export/trace_names.h"

namespace gorotrace {

class GoTraceWriter : public TimelineVisitor {
 public:
  GoTraceWriter(const GoTraceOptions& options, TraceFiles files, TraceNames& names);

  [[nodiscard]] Status begins(std::uint64_t at_ns) override;
  [[nodiscard]] Status stands(const StandingGoroutine& standing) override;
  [[nodiscard]] Status step(const Step& step) override;
  [[nodiscard]] Status ends(std::uint64_t at_ns, std::uint64_t lost) override;

  // Names have come: files that waited for them are finished.
  [[nodiscard]] Status names_came();
  [[nodiscard]] Status finish();
  void set_clocks(const ClockPair& clocks) {
    if (clocks_.monotonic_ns == 0) clocks_ = clocks;
  }
  [[nodiscard]] const TraceFigures& figures() const { return figures_; }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  enum class State : std::uint8_t { kUnwritten, kRunnable, kRunning, kSyscall, kWaiting };
  struct Goroutine {
    State state = State::kUnwritten;  // as the file says
    // It runs or is in a system call on a thread that is not known yet: written when that is, or at the end.
    State standing = State::kUnwritten;
    bool leaving = false;  // its system call is over, and how is told later
    std::uint64_t seq = 0;
    std::uint64_t thread = 0;  // of one that runs or is in a system call
    std::uint64_t stack = 0;   // of one that waits, and what it consists of
    StackRef waits_at;
  };
  struct Thread {
    std::uint64_t number = 0;
    std::size_t stream = 0;
    std::uint32_t p = kNone;
    std::uint64_t goid = 0;
  };
  struct P {
    std::uint64_t seq = 0;
    std::uint64_t thread = 0;
  };
  struct Waiting {  // a file that lacks names
    std::size_t number = 0;
    std::unique_ptr<GoTraceFile> file;
    std::unique_ptr<GoTraceTables> tables;
  };

  [[nodiscard]] Status have_file();
  [[nodiscard]] Status open(std::uint64_t at_ns);
  [[nodiscard]] Status close();
  [[nodiscard]] Status next_file();
  [[nodiscard]] Status finish(Waiting& waiting);
  void write_standing(std::uint64_t goid, const Goroutine& g);
  void restate(std::uint64_t goid, Goroutine& g, bool has_p);

  [[nodiscard]] bool ends_call_in_place(const Step& step) const;
  [[nodiscard]] bool over(std::uint64_t goid) const;
  [[nodiscard]] Thread& thread(std::uint64_t number);
  void event(const Thread& t, std::uint64_t at_ns, GoEvent event,
             std::initializer_list<std::uint64_t> args = {});
  void status_of_none(std::uint64_t goid, const Goroutine& g);
  void have_p(Thread& t, std::uint64_t at_ns);
  void new_p(Thread& t, bool in_syscall);
  void stop_p(Thread& t);
  void mark(const Thread& t);
  void leave(Thread& t);
  void bind(Thread& t, std::uint64_t goid, Goroutine& g, State state);
  void unbind(Thread& t, Goroutine& g, State state);
  void block(const Step& s, Goroutine& g);
  Thread& run(std::uint64_t goid, Goroutine& g, std::uint64_t number, std::uint64_t at_ns);
  void stand_on(Thread& t, std::uint64_t goid, Goroutine& g, State state);
  void create(const Step& s);
  void unblock(const Step& s, Goroutine& g);
  void end_syscall(const Step& s, Goroutine& g, bool blocked);
  void ended(std::uint64_t goid);
  void end_on_thread(const Step& s, Goroutine& g);
  [[nodiscard]] std::uint64_t reason(std::string_view wait_reason);
  // go_trace_pauses.cpp
  [[nodiscard]] Status pause(const Step& told);
  void begin_world_stop(std::uint64_t goid, const Thread& t, std::uint64_t at_ns, std::string_view reason,
                        std::uint64_t stack);
  void end_world_stop(std::uint64_t at_ns, std::string_view reason);
  void restate_pauses();
  // go_trace_panics.cpp
  [[nodiscard]] Status instant(const Step& s);

  const GoTraceOptions options_;
  const TraceFiles files_;
  TraceNames& names_;
  ClockPair clocks_;

  SeededMap<std::uint64_t, Goroutine> goroutines_;
  // Of the file that is open.
  std::unique_ptr<GoTraceFile> file_;
  std::unique_ptr<GoTraceTables> tables_;
  SeededMap<std::uint64_t, Thread> threads_;
  SeededSet<std::uint64_t> ended_;  // goids
  std::vector<P> ps_;
  std::set<std::uint32_t> idle_, unused_, in_syscall_;  // Ps: of no thread, of one without a goroutine, ...
  std::size_t no_thread_ = 0;                           // stream of events that are of no thread
  std::uint64_t begin_ns_ = 0, now_ns_ = 0, events_ = 0, made_up_ = 0;
  std::vector<std::pair<std::string_view, std::uint64_t>> reasons_;
  struct WorldStop {
    std::uint64_t goid;    // who stopped it
    std::uint64_t string;  // the reason's
    bool reason_to_come;
    std::string reason;
  };
  std::optional<WorldStop> world_stop_;  // in the file
  bool collects_ = false;                // likewise a collection
  std::uint64_t gc_seq_ = 0;             // of the last event of collections

  std::vector<Waiting> waiting_;
  TraceFigures figures_;
};

}  // namespace gorotrace
