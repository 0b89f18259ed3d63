#include "export/trace_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace gorotrace {
namespace {

// The frames that runtime/trace skips at the top of a stack: gopark(..., traceskip), goready(gp, traceskip),
// and tl.stack(skip) of newproc1 and entersyscall. It counts frames; which ones they are differs
// between versions, the functions do not.
constexpr std::array<std::string_view, 37> kSkipped{
    "runtime.gopark",
    "runtime.goparkunlock",
    "runtime.goready",
    "runtime.mcall",
    "runtime.systemstack",
    "runtime.systemstack_switch",
    "runtime.newproc",
    "runtime.chanrecv",
    "runtime.chansend",
    "runtime.send",
    "runtime.recv",
    "runtime.netpollblock",
    "runtime.netpollunblock",
    "runtime.netpollgoready",
    "runtime.semacquire",
    "runtime.semacquire1",
    "runtime.semrelease",
    "runtime.semrelease1",
    "runtime.readyWithTime",
    "runtime.entersyscall",
    "runtime.reentersyscall",
    "runtime.entersyscallblock",
    "runtime.cgocall",
    "syscall.Syscall",
    "syscall.Syscall6",
    "syscall.Syscall9",
    "syscall.rawVforkSyscall",
    "sync.(*Mutex).lockSlow",
    "sync.(*Mutex).unlockSlow",
    "internal/sync.(*Mutex).lockSlow",
    "internal/sync.(*Mutex).unlockSlow",
    "internal/sync.(*Mutex).Lock",
    "internal/sync.(*Mutex).Unlock",
    "sync.(*RWMutex).rUnlockSlow",
    "runtime.closechan",
    "runtime.newcoro",
    "runtime.coroswitch_m",
};
// Those that another package calls by a name of its own.
constexpr std::array<std::string_view, 4> kSkippedPrefixes{
    "sync.runtime_", "internal/sync.runtime_", "internal/poll.runtime_", "internal/poll.(*pollDesc).wait"};

bool skipped(std::string_view function) {
  return std::ranges::find(kSkipped, function) != kSkipped.end() ||
         std::ranges::any_of(kSkippedPrefixes, [&](std::string_view p) { return function.starts_with(p); });
}

// runtime/traceback.go elideWrapperCalling: a wrapper shows if it is where a panic began.
bool shows_wrapper(const Frame* callee) {
  return callee != nullptr &&
         (callee->function == "runtime.gopanic" || callee->function == "runtime.sigpanic" ||
          callee->function == "runtime.panicwrap");
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 36> kReasons{{
    {"chan receive (nil chan)", "forever"},
    {"chan send (nil chan)", "forever"},
    {"select (no cases)", "forever"},
    {"panicwait", "forever"},
    {"IO wait", "network"},
    {"select", "select"},
    {"select (durable)", "select"},
    {"sync.Cond.Wait", "sync.(*Cond).Wait"},
    {"semacquire", "sync"},
    {"sync.Mutex.Lock", "sync"},
    {"sync.RWMutex.RLock", "sync"},
    {"sync.RWMutex.Lock", "sync"},
    {"sync.WaitGroup.Wait", "sync"},
    {"sync.WaitGroup.Wait (durable)", "sync"},
    {"chan send", "chan send"},
    {"chan send (durable)", "chan send"},
    {"chan receive", "chan receive"},
    {"chan receive (durable)", "chan receive"},
    {"GC assist wait", "GC mark assist wait for work"},
    {"GC sweep wait", "GC background sweeper wait"},
    {"GC scavenge wait", "system goroutine wait"},
    {"finalizer wait", "system goroutine wait"},
    {"cleanup wait", "system goroutine wait"},
    {"force gc (idle)", "system goroutine wait"},
    {"GC worker (idle)", "system goroutine wait"},
    {"GOMAXPROCS updater (idle)", "system goroutine wait"},
    {"trace reader (blocked)", "system goroutine wait"},
    {"timer goroutine (idle)", "system goroutine wait"},
    {"preempted", "preempted"},
    {"debug call", "wait for debug call"},
    {"wait for GC cycle", "wait until GC ends"},
    {"sleep", "sleep"},
    {"GC weak to strong wait", "GC weak to strong wait"},
    {"synctest.Run", "synctest"},
    {"synctest.Wait", "synctest"},
    {"", "unspecified"},
}};

}  // namespace

std::string_view trace_reason(std::string_view wait_reason) {
  for (const auto& [text, reason] : kReasons) {
    if (text == wait_reason) return reason;
  }
  return wait_reason;
}

void TraceNames::take(const FileItem& item) {
  if (const auto* named = std::get_if<FramesNamed>(&item)) {
    if (named->target == target_) symbols_.name(*named);
    return;
  }
  const auto* told = std::get_if<Item>(&item);
  if (told == nullptr || told->target != target_) return;
  if (const auto* stack = std::get_if<StackDefined>(&told->what)) {
    if (stack->stack == nullptr) return;
    stacks_.define(stack->id, stack->stack);
    if (stacks_.crowded()) stacks_.forget([](std::uint64_t) { return false; });
  } else if (const auto* f = std::get_if<FunctionDescribed>(&told->what)) {
    if (functions_.size() < RecordedSymbols::kMaxPcs) functions_.insert_or_assign(f->startpc, f->name);
  }
}

StackRef TraceNames::stack(std::uint64_t id) const {
  const StackRef* found = id == 0 ? nullptr : stacks_.find(id);
  return found == nullptr ? nullptr : *found;
}

std::size_t TraceNames::named(const StackPcs& stack) {
  PcKind kind = PcKind::kReturnAddress;
  for (std::size_t i = 0; i < stack.pcs.size(); ++i) {
    if (!symbols_.has(stack.pcs[i], kind)) return i;
    kind = kind_below(symbols_.frames(stack.pcs[i], kind));
  }
  return stack.pcs.size();
}

const Frame* TraceNames::wrapped(const StackPcs& stack, std::string_view& wrapper) {
  const Frame *callee = nullptr, *found = nullptr;
  PcKind kind = PcKind::kReturnAddress;
  for (const std::uint64_t pc : stack.pcs) {
    const std::vector<Frame>& of_pc = symbols_.frames(pc, kind);
    for (const Frame& frame : of_pc) {
      if (frame.function == "runtime.goexit") return found;
      found = nullptr;
      if (frame.wrapper && callee != nullptr) {
        wrapper = frame.function;
        found = callee;
      }
      callee = &frame;
    }
    kind = kind_below(of_pc);
  }
  return nullptr;
}

std::vector<const Frame*> TraceNames::frames(const StackPcs& stack) {
  std::vector<const Frame*> out;
  PcKind kind = PcKind::kReturnAddress;
  const Frame* callee = nullptr;
  bool at_top = true;
  for (const std::uint64_t pc : stack.pcs) {
    const std::vector<Frame>& of_pc = symbols_.frames(pc, kind);
    for (const Frame& frame : of_pc) {
      at_top = at_top && skipped(frame.function);
      if (!at_top && (!frame.wrapper || shows_wrapper(callee))) out.push_back(&frame);
      callee = &frame;
    }
    kind = kind_below(of_pc);
  }
  if (!out.empty() && out.back()->function == "runtime.goexit") out.pop_back();
  if (!out.empty() && out.back()->function == "runtime.main") out.pop_back();
  return out;
}

bool TraceNames::called_gosched(const StackPcs& stack) {
  if (stack.pcs.empty()) return false;
  const std::vector<Frame>& top = symbols_.frames(stack.pcs.front(), PcKind::kReturnAddress);
  // Who calls gosched_m and goschedguarded_m (runtime/proc.go).
  return std::ranges::any_of(top, [](const Frame& f) {
    return f.function == "runtime.Gosched" || f.function == "runtime.goschedguarded" ||
           f.function == "runtime.goschedIfBusy";
  });
}

Frame TraceNames::start(std::uint64_t startpc) {
  Frame frame;
  if (symbols_.has(startpc, PcKind::kExact)) frame = symbols_.frames(startpc, PcKind::kExact).back();
  if (const auto f = functions_.find(startpc); f != functions_.end() && frame.function.empty())
    frame.function = printable(f->second);
  if (frame.function.empty()) frame.function = fmt::format("?{:#x}", startpc);
  return frame;
}

const Frame* TraceNames::statement(std::uint64_t gopc) {
  if (!symbols_.has(gopc, PcKind::kReturnAddress)) return nullptr;
  return &symbols_.frames(gopc, PcKind::kReturnAddress).front();
}

}  // namespace gorotrace
