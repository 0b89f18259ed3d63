#include "export/go_trace_writer.h"

#include <algorithm>
#include <utility>

namespace gorotrace {
namespace {

// Values of events (tracev2.GoStatus, tracev2.ProcStatus).
constexpr std::uint64_t kStatusRunnable = 1, kStatusRunning = 2, kStatusSyscall = 3, kStatusWaiting = 4;
constexpr std::uint64_t kPRunning = 1, kPIdle = 2, kPSyscall = 3;
// Linux has no thread of such a number (PID_MAX_LIMIT): of goroutines whose thread is not known.
constexpr std::uint64_t kMadeUp = std::uint64_t{1} << 22;
// Before all others: as late as the thread's last event.
constexpr std::uint64_t kBefore = 0;

}  // namespace

GoTraceWriter::GoTraceWriter(const GoTraceOptions& options, TraceFiles files, TraceNames& names)
    : options_(options), files_(std::move(files)), names_(names) {}

// ---- files

Status GoTraceWriter::begins(std::uint64_t at_ns) {
  goroutines_.clear();
  world_stop_.reset();
  collects_ = false;
  now_ns_ = at_ns;
  return {};
}

// A stretch that a loss ends before anything came is no file. What reads traces knows no such (Go 1.22:
// "frontier is empty").
Status GoTraceWriter::have_file() {
  return file_ == nullptr ? open(now_ns_) : Status{};
}

Status GoTraceWriter::open(std::uint64_t at_ns) {
  auto sink = files_.open(figures_.files);
  if (!sink) return std::unexpected(sink.error());
  begin_ns_ = at_ns;
  file_ = std::make_unique<GoTraceFile>(std::move(*sink), options_.version, at_ns, clocks_);
  tables_ = std::make_unique<GoTraceTables>(names_);
  threads_.clear();
  ps_.clear();
  idle_.clear();
  unused_.clear();
  in_syscall_.clear();
  reasons_.clear();
  ended_.clear();
  no_thread_ = file_->thread(kNoThread);
  events_ = made_up_ = gc_seq_ = 0;
  ++figures_.files;
  return {};
}

Status GoTraceWriter::close() {
  for (const auto& [goid, g] : goroutines_) {
    if (g.state == State::kUnwritten && g.standing != State::kUnwritten) write_standing(goid, g);
  }
  file_->write_events();
  waiting_.push_back({figures_.files - 1, std::move(file_), std::move(tables_)});
  if (waiting_.size() >= kMostOpenFiles) {
    if (auto finished = finish(waiting_.front()); !finished) return finished;
    waiting_.erase(waiting_.begin());
  }
  return names_came();
}

Status GoTraceWriter::next_file() {
  SeededSet<std::uint64_t> with_p;
  for (const auto& [number, t] : threads_) {
    if (t.p != kNone && t.goid != 0) with_p.insert(t.goid);
  }
  if (auto closed = close(); !closed) return closed;
  if (auto opened = open(now_ns_); !opened) return opened;
  for (auto& [goid, g] : goroutines_) restate(goid, g, with_p.contains(goid));
  restate_pauses();
  return {};
}

Status GoTraceWriter::names_came() {
  while (!waiting_.empty() && waiting_.front().tables->named()) {
    if (auto finished = finish(waiting_.front()); !finished) return finished;
    waiting_.erase(waiting_.begin());
  }
  return {};
}

Status GoTraceWriter::finish(Waiting& waiting) {
  waiting.tables->write(*waiting.file);
  waiting.file->finish();
  return files_.close(waiting.number);
}

Status GoTraceWriter::finish() {
  if (figures_.files == 0) {  // nothing in the whole of it
    if (auto opened = open(now_ns_); !opened) return opened;
    if (auto closed = close(); !closed) return closed;
  }
  for (Waiting& waiting : waiting_) {
    if (auto finished = finish(waiting); !finished) return finished;
  }
  waiting_.clear();
  return {};
}

Status GoTraceWriter::ends(std::uint64_t, std::uint64_t lost) {
  figures_.lost = lost;
  return file_ != nullptr ? close() : Status{};
}

// ---- what stands where a file begins

// It has ended in this file: a goid is not used again, but for C threads.
bool GoTraceWriter::over(std::uint64_t goid) const {
  return ended_.contains(goid) && !goroutines_.contains(goid);
}

Status GoTraceWriter::stands(const StandingGoroutine& s) {
  if (s.state == GState::kUnknown || s.state == GState::kAwake) return {};
  if (auto some = have_file(); !some) return some;
  if (over(s.goid)) return {};
  Goroutine& g = goroutines_[s.goid];
  if (g.state != State::kUnwritten || g.standing != State::kUnwritten) return {};
  switch (s.state) {
    case GState::kRunning:
    case GState::kSyscall:
      g.standing = s.state == GState::kRunning ? State::kRunning : State::kSyscall;
      if (s.tid == 0) break;
      leave(thread(s.tid));
      stand_on(thread(s.tid), s.goid, g, g.standing);
      break;
    case GState::kRunnable:
    case GState::kWaiting:
      g.state = s.state == GState::kRunnable ? State::kRunnable : State::kWaiting;
      g.stack = s.stack;
      if (options_.version >= 23) g.waits_at = names_.stack(s.stack);
      status_of_none(s.goid, g);
      break;
    default:
      break;
  }
  return {};
}

// Of one that is on no thread. Such events are all of the file's begin.
void GoTraceWriter::status_of_none(std::uint64_t goid, const Goroutine& g) {
  const bool waits = g.state == State::kWaiting;
  const std::uint64_t status = waits ? kStatusWaiting : kStatusRunnable;
  const std::uint64_t stack = waits && options_.version >= 23 ? tables_->stack(g.stack, g.waits_at) : 0;
  if (stack != 0) {
    file_->event(no_thread_, begin_ns_, GoEvent::kGoStatusStack, {goid, kNoThread, status, stack});
  } else {
    file_->event(no_thread_, begin_ns_, GoEvent::kGoStatus, {goid, kNoThread, status});
  }
}

// On a thread since the begin, or since the last event of that.
void GoTraceWriter::stand_on(Thread& t, std::uint64_t goid, Goroutine& g, State state) {
  const bool runs = state == State::kRunning;
  if (runs && t.p == kNone) new_p(t, false);
  if (!runs) stop_p(t);
  event(t, kBefore, GoEvent::kGoStatus, {goid, t.number, runs ? kStatusRunning : kStatusSyscall});
  bind(t, goid, g, state);
}

void GoTraceWriter::restate(std::uint64_t goid, Goroutine& g, bool has_p) {
  g.seq = 0;
  if (g.state == State::kUnwritten) return;
  if (g.state == State::kRunnable || g.state == State::kWaiting) return status_of_none(goid, g);
  Thread& t = thread(g.thread);
  if (g.state == State::kRunning) return stand_on(t, goid, g, State::kRunning);
  if (has_p) new_p(t, true);
  event(t, kBefore, GoEvent::kGoStatus, {goid, t.number, kStatusSyscall});
  bind(t, goid, g, State::kSyscall);
}

// Its thread is not known, and this file's end has come.
void GoTraceWriter::write_standing(std::uint64_t goid, const Goroutine& g) {
  Thread& t = thread(kMadeUp + made_up_++);
  const bool runs = g.standing == State::kRunning;
  if (runs) new_p(t, false);
  event(t, kBefore, GoEvent::kGoStatus, {goid, t.number, runs ? kStatusRunning : kStatusSyscall});
}

// ---- threads and Ps

GoTraceWriter::Thread& GoTraceWriter::thread(std::uint64_t number) {
  const auto [found, fresh] = threads_.try_emplace(number);
  if (fresh) {
    found->second.number = number;
    found->second.stream = file_->thread(number);
  }
  return found->second;
}

void GoTraceWriter::event(const Thread& t, std::uint64_t at_ns, GoEvent event,
                          std::initializer_list<std::uint64_t> args) {
  file_->event(t.stream, at_ns, event, args);
}

// Who may take its P: nobody while its goroutine runs.
void GoTraceWriter::mark(const Thread& t) {
  if (t.p == kNone) return;
  unused_.erase(t.p);
  in_syscall_.erase(t.p);
  if (t.goid == 0) {
    unused_.insert(t.p);
  } else if (const Goroutine& g = goroutines_[t.goid]; g.state == State::kSyscall && !g.leaving) {
    in_syscall_.insert(t.p);
  }
}

void GoTraceWriter::new_p(Thread& t, bool in_syscall) {
  t.p = static_cast<std::uint32_t>(ps_.size());
  ps_.push_back({.seq = 0, .thread = t.number});
  event(t, kBefore, GoEvent::kProcStatus, {t.p, in_syscall ? kPSyscall : kPRunning});
}

// At the thread's last event, since which it had no use for it.
void GoTraceWriter::stop_p(Thread& t) {
  if (t.p == kNone) return;
  event(t, kBefore, GoEvent::kProcStop);
  unused_.erase(t.p);
  in_syscall_.erase(t.p);
  idle_.insert(t.p);
  t.p = kNone;
}

void GoTraceWriter::have_p(Thread& t, std::uint64_t at_ns) {
  if (t.p != kNone) return;
  if (idle_.empty() && !unused_.empty()) stop_p(threads_.at(ps_[*unused_.begin()].thread));
  if (idle_.empty() && !in_syscall_.empty()) {
    const std::uint32_t p = *in_syscall_.begin();
    Thread& from = threads_.at(ps_[p].thread);
    event(t, at_ns, GoEvent::kProcSteal, {p, ++ps_[p].seq, from.number});
    in_syscall_.erase(p);
    idle_.insert(p);
    from.p = kNone;
  }
  if (idle_.empty()) {
    const auto p = static_cast<std::uint32_t>(ps_.size());
    ps_.push_back({});
    event(t, at_ns, GoEvent::kProcStatus, {p, kPIdle});
    idle_.insert(p);
  }
  t.p = *idle_.begin();
  idle_.erase(idle_.begin());
  ps_[t.p].thread = t.number;
  event(t, at_ns, GoEvent::kProcStart, {t.p, ++ps_[t.p].seq});
  mark(t);
}

void GoTraceWriter::bind(Thread& t, std::uint64_t goid, Goroutine& g, State state) {
  g.state = state;
  g.standing = State::kUnwritten;
  g.thread = t.number;
  t.goid = goid;
  mark(t);
}

void GoTraceWriter::unbind(Thread& t, Goroutine& g, State state) {
  g.state = state;
  g.leaving = false;
  t.goid = 0;
  mark(t);
}

// Whoever is on the thread went unseen.
void GoTraceWriter::leave(Thread& t) {
  if (t.goid == 0) return;
  Goroutine& g = goroutines_[t.goid];
  if (g.state == State::kSyscall) {
    stop_p(t);
    event(t, kBefore, GoEvent::kGoSyscallEndBlocked);
  } else {
    event(t, kBefore, GoEvent::kGoStop, {reason(""), 0});
  }
  unbind(t, g, State::kRunnable);
}

// ---- steps

std::uint64_t GoTraceWriter::reason(std::string_view wait_reason) {
  for (const auto& [text, number] : reasons_) {
    if (text.data() == wait_reason.data() && text.size() == wait_reason.size()) return number;
  }
  const std::uint64_t number = tables_->string(trace_reason(wait_reason));
  reasons_.emplace_back(wait_reason, number);
  return number;
}

// It runs on that thread now, whatever the file says of both.
GoTraceWriter::Thread& GoTraceWriter::run(std::uint64_t goid, Goroutine& g, std::uint64_t number,
                                          std::uint64_t at_ns) {
  Thread& t = thread(number);
  if (g.state == State::kRunning && g.thread == number) return t;
  if (g.state == State::kUnwritten) {
    leave(t);
    const State standing = g.standing == State::kUnwritten ? State::kRunning : g.standing;
    stand_on(t, goid, g, standing);
    if (standing == State::kRunning) return t;
  }
  switch (g.state) {
    case State::kSyscall:
      if (g.thread == number && t.p != kNone) {
        event(t, at_ns, GoEvent::kGoSyscallEnd);
        g.leaving = false;
        bind(t, goid, g, State::kRunning);
        return t;
      }
      leave(thread(g.thread));
      break;
    case State::kRunning:
      leave(thread(g.thread));
      break;
    case State::kWaiting:
      event(t, at_ns, GoEvent::kGoUnblock, {goid, ++g.seq, 0});
      g.state = State::kRunnable;
      break;
    default:
      break;
  }
  leave(t);
  have_p(t, at_ns);
  event(t, at_ns, GoEvent::kGoStart, {goid, ++g.seq});
  bind(t, goid, g, State::kRunning);
  return t;
}

void GoTraceWriter::create(const Step& s) {
  Thread& t = thread(s.tid);
  if (s.kind == StepKind::kCreateOnThread) {
    leave(t);
    stop_p(t);
    event(t, s.at_ns, GoEvent::kGoCreateSyscall, {s.goid});
    return bind(t, s.goid, goroutines_[s.goid], State::kSyscall);
  }
  if (s.other != 0) {
    run(s.other, goroutines_[s.other], s.tid, s.at_ns);
  } else if (t.goid != 0 && goroutines_[t.goid].state != State::kRunning) {
    leave(t);
  }
  have_p(t, s.at_ns);
  Goroutine& g = goroutines_[s.goid];
  const bool blocked = s.kind == StepKind::kCreateBlocked && options_.version >= 23;
  event(t, s.at_ns, blocked ? GoEvent::kGoCreateBlocked : GoEvent::kGoCreate,
        {s.goid, tables_->start(s.startpc), tables_->stack(s.stack)});
  g.state = blocked ? State::kWaiting : State::kRunnable;
}

void GoTraceWriter::block(const Step& s, Goroutine& g) {
  Thread& t = run(s.goid, g, s.tid, s.at_ns);
  event(t, s.at_ns, GoEvent::kGoBlock, {reason(s.reason), tables_->stack(s.stack)});
  unbind(t, g, State::kWaiting);
  if (options_.version < 23) return;
  g.stack = s.stack;
  g.waits_at = names_.stack(s.stack);
}

void GoTraceWriter::unblock(const Step& s, Goroutine& g) {
  if (s.other != 0 && s.other != s.goid) run(s.other, goroutines_[s.other], s.tid, s.at_ns);
  if (g.state == State::kRunning || g.state == State::kSyscall) leave(thread(g.thread));
  if (g.state == State::kUnwritten) {
    g.state = State::kWaiting;
    g.standing = State::kUnwritten;
    g.waits_at = nullptr;
    status_of_none(s.goid, g);
  }
  if (g.state != State::kWaiting) return;
  event(thread(s.tid), s.at_ns, GoEvent::kGoUnblock, {s.goid, ++g.seq, tables_->stack(s.stack)});
  g.state = State::kRunnable;
}

void GoTraceWriter::end_syscall(const Step& s, Goroutine& g, bool blocked) {
  if (g.state == State::kUnwritten) {
    leave(thread(s.tid));
    stand_on(thread(s.tid), s.goid, g, State::kSyscall);
  }
  if (g.state != State::kSyscall || g.thread != s.tid) {
    Thread& t = run(s.goid, g, s.tid, s.at_ns);
    if (blocked) leave(t);
    return;
  }
  Thread& t = thread(s.tid);
  if (!blocked && t.p != kNone) {
    run(s.goid, g, s.tid, s.at_ns);
    return;
  }
  stop_p(t);
  event(t, s.at_ns, GoEvent::kGoSyscallEndBlocked);
  unbind(t, g, State::kRunnable);
  if (!blocked) run(s.goid, g, s.tid, s.at_ns);
}

void GoTraceWriter::end_on_thread(const Step& s, Goroutine& g) {
  if (g.state == State::kUnwritten) {
    leave(thread(s.tid));
    stand_on(thread(s.tid), s.goid, g, State::kSyscall);
  }
  Thread& t = thread(s.tid);
  if (g.state != State::kSyscall || g.thread != s.tid) {
    run(s.goid, g, s.tid, s.at_ns);
    event(t, s.at_ns, GoEvent::kGoSyscallBegin, {++ps_[t.p].seq, 0});
  }
  stop_p(t);
  event(t, s.at_ns, GoEvent::kGoDestroySyscall);
  unbind(t, g, State::kUnwritten);
}

// And with it its range: a C thread's goroutine may come again under the same number.
void GoTraceWriter::ended(std::uint64_t goid) {
  goroutines_.erase(goid);
  ended_.insert(goid);
  if (world_stop_ && world_stop_->goid == goid) world_stop_.reset();
}

bool GoTraceWriter::ends_call_in_place(const Step& s) const {
  if (s.kind != StepKind::kSyscallEnd && s.kind != StepKind::kSyscallEndBlocked) return false;
  const auto g = goroutines_.find(s.goid);
  return g != goroutines_.end() && g->second.state == State::kSyscall && g->second.thread == s.tid;
}

Status GoTraceWriter::step(const Step& told) {
  if (auto some = have_file(); !some) return some;
  if (is_pause(told.kind)) return pause(told);
  if (is_instant(told.kind)) return instant(told);
  Step s = told;
  // A reader goes by time, and where no sequence number says so, by time alone: a straggler is moved behind
  // what was written. The end of a system call, which is told late, stays where its thread was all the time.
  if (!ends_call_in_place(s)) s.at_ns = now_ns_ = std::max(now_ns_ + 1, s.at_ns);
  if (s.kind == StepKind::kCreateOnThread) ended_.erase(s.goid);
  if (s.other != 0 && over(s.other)) s.other = 0;
  if (over(s.goid)) return {};
  Goroutine& g = goroutines_[s.goid];
  switch (s.kind) {
    case StepKind::kCreate:
    case StepKind::kCreateBlocked:
    case StepKind::kCreateOnThread:
      if (g.state == State::kUnwritten && g.standing == State::kUnwritten) create(s);
      break;
    case StepKind::kBlock:
      block(s, g);
      break;
    case StepKind::kUnblock:
      unblock(s, g);
      break;
    case StepKind::kStart:
      run(s.goid, g, s.tid, s.at_ns);
      break;
    case StepKind::kStop: {
      Thread& t = run(s.goid, g, s.tid, s.at_ns);
      event(t, s.at_ns, GoEvent::kGoStop, {tables_->stop_reason(s.stack), tables_->stack(s.stack)});
      unbind(t, g, State::kRunnable);
      break;
    }
    case StepKind::kSyscallBegin: {
      Thread& t = run(s.goid, g, s.tid, s.at_ns);
      event(t, s.at_ns, GoEvent::kGoSyscallBegin, {++ps_[t.p].seq, tables_->stack(s.stack)});
      bind(t, s.goid, g, State::kSyscall);
      break;
    }
    case StepKind::kSyscallLeft:
      if (g.state != State::kSyscall) return {};
      g.leaving = true;
      mark(thread(g.thread));
      return {};
    case StepKind::kSyscallEnd:
    case StepKind::kSyscallEndBlocked:
      end_syscall(s, g, s.kind == StepKind::kSyscallEndBlocked);
      break;
    case StepKind::kEnd: {
      Thread& t = run(s.goid, g, s.tid, s.at_ns);
      event(t, s.at_ns, GoEvent::kGoDestroy);
      unbind(t, g, State::kUnwritten);
      ended(s.goid);
      break;
    }
    case StepKind::kEndOnThread:
      end_on_thread(s, g);
      ended(s.goid);
      break;
    default:  // is_pause(), is_instant()
      break;
  }
  ++figures_.events;
  if (options_.events_per_file == 0 || ++events_ < options_.events_per_file) return {};
  return next_file();
}

}  // namespace gorotrace
