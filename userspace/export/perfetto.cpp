#include "export/perfetto.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/seeded_hash.h"
#include "base/text.h"
#include "export/part_of_timeline.h"
#include "export/perfetto_packets.h"
#include "export/timeline.h"
#include "export/trace_names.h"
#include "report/frames.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kProcessTrack = 1, kLive = 2, kRunnable = 3, kLost = 4, kCollections = 5,
                        kWorldStops = 6, kFirstOther = 16;
// Counters are told this often at most: of more nobody sees anything.
constexpr std::uint64_t kCountEveryNs = 100'000;
constexpr std::string_view kRuns = "running", kCanRun = "runnable", kInSyscall = "system call",
                           kWaits = "waiting";
constexpr std::string_view kState = "state", kWait = "wait", kWakeUp = "wake-up", kCreation = "creation",
                           kPause = "pause", kCollection = "collection", kPanic = "panic";

class Writer : public TimelineVisitor {
 public:
  Writer(TextSink sink, TraceNames& names) : packets_(std::move(sink)), names_(names) {}

  void clocks(const ClockPair& clocks) { clocks_ = clocks; }
  void process(int pid, const std::string& name) {
    pid_ = pid;
    process_ = name;
  }

  Status begins(std::uint64_t at_ns) override;
  Status stands(const StandingGoroutine& standing) override;
  Status step(const Step& step) override;
  Status ends(std::uint64_t at_ns, std::uint64_t lost) override;

  TraceFigures finish() {
    packets_.flush();
    return figures_;
  }

 private:
  struct Goroutine {
    std::uint64_t track = 0, last_ns = 0;
    GState state = GState::kUnknown;
    bool open = false;  // a slice
  };
  Goroutine& of(std::uint64_t goid, std::uint64_t startpc, std::uint64_t gopc);
  std::uint64_t site(std::uint64_t startpc, std::uint64_t gopc);
  std::uint64_t stack(std::uint64_t id);
  struct Slice {
    std::string_view name, category = kState;
    std::uint64_t stack = 0, flow = 0;
  };
  void enter(Goroutine& g, GState state, std::uint64_t at_ns, const Slice& slice);
  void leave(Goroutine& g, std::uint64_t at_ns);
  std::uint64_t arrow(const Step& s, std::string_view name, std::string_view category);
  void created(const Step& s, Goroutine& g);
  void count(std::uint64_t at_ns, bool anyway);
  // One that goes on; told of once it is over, for its reason may come with its end.
  struct Pause {
    std::uint64_t track = 0, from_ns = 0, stack = 0;
    std::string_view track_name = {};
    std::string reason = {};  // as far as it is known
    bool open = false, named = false;
  };
  void pause(const Step& s);
  void over(Pause& pause, std::uint64_t at_ns, std::string_view name);
  void instant(const Step& s);

  PerfettoPackets packets_;
  TraceNames& names_;
  ClockPair clocks_;
  int pid_ = 0;
  std::string process_;
  bool begun_ = false;
  std::uint64_t begin_ns_ = 0, counted_ns_ = 0, last_track_ = kFirstOther, last_flow_ = 0;
  std::uint64_t live_ = 0, runnable_ = 0, told_live_ = 0, told_runnable_ = 0;
  SeededMap<std::uint64_t, Goroutine> goroutines_;
  SeededMap<std::uint64_t, std::uint64_t> stacks_;  // numbers, by id
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> sites_;
  Pause world_{.track = kWorldStops, .track_name = "stop-the-world"},
      collection_{.track = kCollections, .track_name = "GC"};
  TraceFigures figures_;
};

void Writer::over(Pause& pause, std::uint64_t at_ns, std::string_view name) {
  if (!std::exchange(pause.open, false)) return;
  if (!std::exchange(pause.named, true)) packets_.track(pause.track, kProcessTrack, pause.track_name);
  packets_.slice_begins({.track = pause.track,
                         .at_ns = pause.from_ns,
                         .name = name.empty() ? std::string_view("unknown") : name,
                         .category = kPause,
                         .stack = pause.stack});
  packets_.slice_ends(pause.track, std::max(at_ns, pause.from_ns));
}

void Writer::pause(const Step& s) {
  ++figures_.events;
  const bool world = s.kind == StepKind::kWorldStops || s.kind == StepKind::kWorldStarts;
  Pause& p = world ? world_ : collection_;
  over(p, s.at_ns, world ? s.reason : kCollection);
  if (s.kind == StepKind::kWorldStarts || s.kind == StepKind::kCollectionEnds) return;
  p.open = true;
  p.from_ns = s.at_ns;
  p.stack = stack(s.stack);
  p.reason = s.reason;
}

void Writer::instant(const Step& s) {
  const auto known = goroutines_.find(s.goid);
  packets_.instant({.track = known == goroutines_.end() ? kProcessTrack : known->second.track,
                    .at_ns = s.at_ns,
                    .name = s.reason,
                    .category = kPanic,
                    .stack = stack(s.stack)});
}

Status Writer::begins(std::uint64_t at_ns) {
  begin_ns_ = at_ns;
  counted_ns_ = 0;
  for (auto& [goid, g] : goroutines_) g.last_ns = std::max(g.last_ns, at_ns);
  if (std::exchange(begun_, true)) return {};
  ++figures_.files;
  packets_.begin(clocks_);
  packets_.process(kProcessTrack, pid_, process_);
  packets_.counter(kLive, kProcessTrack, "goroutines");
  packets_.counter(kRunnable, kProcessTrack, "goroutines waiting for a CPU");
  packets_.counter(kLost, kProcessTrack, "records lost");
  packets_.count(kLost, at_ns, 0);
  return {};
}

std::uint64_t Writer::site(std::uint64_t startpc, std::uint64_t gopc) {
  const auto [found, fresh] = sites_.try_emplace(std::pair(gopc, startpc), last_track_ + 1);
  if (!fresh) return found->second;
  ++last_track_;
  std::string name = "goroutines of unknown origin";
  if (startpc != 0) {
    name = names_.start(startpc).function;
    // No go statement made the main goroutine.
    if (const Frame* at = gopc == 0 || name == "runtime.main" ? nullptr : names_.statement(gopc);
        at != nullptr)
      name += fmt::format(", created by {} {}", at->function, location(*at));
  }
  packets_.track(found->second, kProcessTrack, name);
  return found->second;
}

Writer::Goroutine& Writer::of(std::uint64_t goid, std::uint64_t startpc, std::uint64_t gopc) {
  const auto [found, fresh] = goroutines_.try_emplace(goid);
  Goroutine& g = found->second;
  if (!fresh) return g;
  g.last_ns = begin_ns_;
  const std::uint64_t parent = site(startpc, gopc);
  g.track = ++last_track_;
  packets_.track(g.track, parent, fmt::format("G{}", goid));
  return g;
}

std::uint64_t Writer::stack(std::uint64_t id) {
  if (id == 0) return 0;
  if (const auto found = stacks_.find(id); found != stacks_.end()) return found->second;
  const StackRef stack = names_.stack(id);
  if (stack == nullptr) return 0;
  std::string text;
  for (const Frame* frame : names_.frames(*stack)) {
    const std::string where = location(*frame);
    text +=
        fmt::format("{}{}{}{}", text.empty() ? "" : "\n", frame->function, where.empty() ? "" : " ", where);
  }
  return stacks_[id] = text.empty() ? 0 : packets_.stack(text);
}

void Writer::leave(Goroutine& g, std::uint64_t at_ns) {
  g.last_ns = std::max(g.last_ns, at_ns);
  if (std::exchange(g.open, false)) packets_.slice_ends(g.track, g.last_ns);
  if (g.state == GState::kRunnable) --runnable_;
  if (g.state != GState::kUnknown) --live_;
  g.state = GState::kUnknown;
}

void Writer::enter(Goroutine& g, GState state, std::uint64_t at_ns, const Slice& slice) {
  leave(g, at_ns);
  ++live_;
  if (state == GState::kRunnable) ++runnable_;
  g.state = state;
  g.open = true;
  packets_.slice_begins({.track = g.track,
                         .at_ns = g.last_ns,
                         .name = slice.name,
                         .category = slice.category,
                         .flow_to = slice.flow,
                         .stack = slice.stack});
}

// From who did it, if a goroutine did; its number.
std::uint64_t Writer::arrow(const Step& s, std::string_view name, std::string_view category) {
  if (s.other == 0) return 0;
  const Goroutine& by = of(s.other, 0, 0);
  packets_.instant({.track = by.track,
                    .at_ns = std::max(s.at_ns, by.last_ns),
                    .name = name,
                    .category = category,
                    .flow_from = ++last_flow_,
                    .stack = stack(s.stack)});
  return last_flow_;
}

void Writer::count(std::uint64_t at_ns, bool anyway) {
  if (!anyway && at_ns < counted_ns_ + kCountEveryNs) return;
  counted_ns_ = std::max(counted_ns_, at_ns);
  if (anyway || live_ != told_live_) packets_.count(kLive, counted_ns_, told_live_ = live_);
  if (anyway || runnable_ != told_runnable_)
    packets_.count(kRunnable, counted_ns_, told_runnable_ = runnable_);
}

Status Writer::stands(const StandingGoroutine& s) {
  Goroutine& g = of(s.goid, s.startpc, s.gopc);
  if (g.state != GState::kUnknown) return {};
  const bool waits = s.state == GState::kWaiting;
  const std::string_view name = waits                          ? (s.reason.empty() ? kWaits : s.reason)
                                : s.state == GState::kRunnable ? kCanRun
                                : s.state == GState::kSyscall  ? kInSyscall
                                                               : kRuns;
  enter(g, s.state, begin_ns_, {.name = name, .category = waits ? kWait : kState, .stack = stack(s.stack)});
  count(begin_ns_, false);
  return {};
}

void Writer::created(const Step& s, Goroutine& g) {
  const std::uint64_t flow = arrow(s, "go", kCreation);
  switch (s.kind) {
    case StepKind::kCreate:
      return enter(g, GState::kRunnable, s.at_ns, {.name = kCanRun, .flow = flow});
    case StepKind::kCreateBlocked:
      return enter(g, GState::kWaiting, s.at_ns, {.name = s.reason, .category = kWait, .flow = flow});
    default:
      return enter(g, GState::kSyscall, s.at_ns, {.name = kInSyscall});
  }
}

Status Writer::step(const Step& s) {
  if (s.kind == StepKind::kSyscallLeft) return {};
  if (is_pause(s.kind)) {
    pause(s);
    return {};
  }
  ++figures_.events;
  if (is_instant(s.kind)) {
    instant(s);
    return {};
  }
  Goroutine& g = of(s.goid, s.startpc, s.gopc);
  switch (s.kind) {
    case StepKind::kCreate:
    case StepKind::kCreateBlocked:
    case StepKind::kCreateOnThread:
      created(s, g);
      break;
    case StepKind::kBlock:
      enter(g, GState::kWaiting, s.at_ns,
            {.name = s.reason.empty() ? kWaits : s.reason, .category = kWait, .stack = stack(s.stack)});
      break;
    case StepKind::kUnblock: {
      const std::uint64_t flow = arrow(s, "wakes", kWakeUp);
      enter(g, GState::kRunnable, s.at_ns, {.name = kCanRun, .flow = flow});
      break;
    }
    case StepKind::kStop:
      enter(g, GState::kRunnable, s.at_ns, {.name = kCanRun, .stack = stack(s.stack)});
      break;
    case StepKind::kSyscallEndBlocked:
      enter(g, GState::kRunnable, s.at_ns, {.name = kCanRun});
      break;
    case StepKind::kStart:
    case StepKind::kSyscallEnd:
      enter(g, GState::kRunning, s.at_ns, {.name = kRuns});
      break;
    case StepKind::kSyscallBegin:
      enter(g, GState::kSyscall, s.at_ns, {.name = kInSyscall, .stack = stack(s.stack)});
      break;
    case StepKind::kEnd:
    case StepKind::kEndOnThread:
      leave(g, s.at_ns);
      goroutines_.erase(s.goid);
      break;
    default:
      break;
  }
  count(s.at_ns, false);
  return {};
}

Status Writer::ends(std::uint64_t at_ns, std::uint64_t lost) {
  for (auto& [goid, g] : goroutines_) leave(g, at_ns);
  over(world_, at_ns, world_.reason);
  over(collection_, at_ns, kCollection);
  count(at_ns, true);
  if (lost != figures_.lost) packets_.count(kLost, at_ns, lost);
  figures_.lost = lost;
  return {};
}

}  // namespace

struct PerfettoExport::Impl {
  Impl(TargetId to, TextSink sink, const TracePart& wanted)
      : target(to), names(to), writer(std::move(sink), names), part(wanted, writer), timeline(to, part) {}
  const TargetId target;
  TraceNames names;
  Writer writer;
  PartOfTimeline part;
  Timeline timeline;
};

PerfettoExport::PerfettoExport(TargetId target, TextSink sink, const TracePart& part)
    : impl_(std::make_unique<Impl>(target, std::move(sink), part)) {}
PerfettoExport::~PerfettoExport() = default;

void PerfettoExport::note(const FileItem& item) {
  impl_->names.take(item);
  if (const auto* clocks = std::get_if<ClockPair>(&item)) impl_->writer.clocks(*clocks);
  const auto* told = std::get_if<Item>(&item);
  if (told == nullptr || told->target != impl_->target) return;
  if (const auto* begun = std::get_if<TargetBegun>(&told->what))
    impl_->writer.process(begun->host_pid, printable(begun->exe));
}

Status PerfettoExport::take(const FileItem& item) {
  // A stack's definition is kept for a while only, and comes again.
  if (const auto* told = std::get_if<Item>(&item);
      told != nullptr && std::holds_alternative<StackDefined>(told->what))
    impl_->names.take(item);
  return impl_->timeline.take(item);
}

Status PerfettoExport::gap() {
  return impl_->timeline.gap();
}

Result<TraceFigures> PerfettoExport::finish() {
  if (auto told = impl_->timeline.finish(); !told) return std::unexpected(told.error());
  if (auto some = impl_->part.finish(); !some) return std::unexpected(some.error());
  return impl_->writer.finish();
}

}  // namespace gorotrace
