#include "evidence/dump.h"

#include <algorithm>

namespace gorotrace {

namespace {

// Of the functions that the finalizer goroutine calls: those through which it goes to the program's own,
// which it never calls by name. By reflection (the frame is that of runtime.call16, call32, ...: asm_*.s),
// and in 1.24 by the closure of a cleanup.
bool calls_finalizer(std::string_view callee) {
  constexpr std::string_view kCall = "runtime.call";
  if (callee.starts_with(kCall)) {
    const std::string_view size = callee.substr(kCall.size());
    return !size.empty() && size.find_first_not_of("0123456789") == size.npos;
  }
  return !callee.starts_with("runtime.") || callee.starts_with("runtime.AddCleanup[");
}

}  // namespace

std::vector<Call> DumpView::stack(const GoroutineSnapshot& g) const {
  return symbols_.calls(dump_.snapshot.pcs(g));
}

CreationSite DumpView::creation(const GoroutineSnapshot& g) const {
  return g.goid == 1 ? CreationSite{} : creation(g.gopc);
}

CreationSite DumpView::creation(std::uint64_t gopc) const {
  CreationSite out;
  // runtime/traceback.go printcreatedby1: the function is the one whose code it is, the line that of the
  // statement, wherever it was inlined from.
  if (gopc == 0) return out;
  const std::vector<Frame>& frames = symbols_.frames(gopc, PcKind::kReturnAddress);
  const Frame& holder = frames.back();
  out.function = holder.function;
  out.file = frames.front().file;
  out.line = frames.front().line;
  const std::uint64_t entry = holder.entry + load_bias();
  out.offset = gopc > entry ? gopc - entry : 0;
  out.shown = shown_as_creator(holder, dump_.version);
  return out;
}

const std::vector<Ancestor>& DumpView::ancestors(const GoroutineSnapshot& g) const {
  static const std::vector<Ancestor> none;
  const auto found = dump_.ancestors.find(g.goid);
  return found != dump_.ancestors.end() ? found->second : none;
}

// Goroutine 1 was made by no go statement of anybody's: chains end with it.
const KnownCreations& DumpView::known_creations() const {
  if (known_creations_) return *known_creations_;
  KnownCreations& known = known_creations_.emplace();
  for (const GoroutineSnapshot& g : goroutines()) {
    if (g.goid != 1) known.add(g.goid, {.creator = g.parent_goid, .gopc = g.gopc, .startpc = g.startpc});
  }
  for (const SeenCreation& c : dump_.creations.creations) {
    const StackPcs* stack = dump_.creations.stacks.find(c.stack);
    if (c.goid != 1)
      known.add(c.goid, {c.creator, c.gopc, c.startpc,
                         stack != nullptr ? std::span(stack->pcs) : std::span<const std::uint64_t>{}});
  }
  for (const GoroutineSnapshot& g : goroutines()) {
    std::uint64_t goid = g.goid, gopc = g.gopc;
    for (const Ancestor& a : ancestors(g)) {
      if (goid != 1) known.add(goid, {a.goid, gopc, 0, *a.pcs, PcKind::kExact});
      goid = a.goid;
      gopc = a.gopc;
    }
    if (goid != g.goid && goid != 1) known.add(goid, {.gopc = gopc});
  }
  return known;
}

ChainLink DumpView::with_names(const KnownCreation& creation) const {
  ChainLink link{.creator = creation.creator,
                 .stack = {},
                 .site = symbols_.frames(creation.gopc, PcKind::kReturnAddress),
                 .start = std::nullopt};
  if (creation.startpc != 0) link.start = symbols_.frames(creation.startpc, PcKind::kExact).back();
  const auto add = [&link](const std::vector<Frame>& frames) {
    link.stack.insert(link.stack.end(), frames.begin(), frames.end());
  };
  if (creation.kind == PcKind::kExact) {
    // One pc for each frame, inlined or not (runtime/traceback.go tracebackPCs).
    for (const std::uint64_t pc : creation.pcs)
      link.stack.push_back(symbols_.frames(pc, creation.kind).front());
  } else {
    for (const Call& call : symbols_.calls(creation.pcs)) add(*call.frames);
  }
  return link;
}

bool DumpView::by_user_code(const KnownCreation& creation) const {
  const auto [kept, fresh] = user_site_.try_emplace(creation.gopc);
  if (fresh) kept->second = has_user_code(symbols_.frames(creation.gopc, PcKind::kReturnAddress));
  return kept->second || std::ranges::any_of(creation.pcs, [&](std::uint64_t pc) {
           return has_user_code(symbols_.frames(pc, creation.kind));
         });
}

std::vector<KnownCreation> DumpView::known_chain(const GoroutineSnapshot& g) const {
  if (g.goid == 1 || g.gopc == 0) return {};
  auto known = known_creations().chain(
      g.goid, [this](const KnownCreation& creation) { return by_user_code(creation); });
  if (known.size() == 1 && known.front().pcs.empty()) known.clear();
  return known;
}

std::vector<ChainLink> DumpView::with_names(const std::vector<KnownCreation>& chain) const {
  std::vector<ChainLink> out;
  for (const KnownCreation& creation : chain) out.push_back(with_names(creation));
  return out;
}

std::vector<ChainLink> DumpView::chain(const GoroutineSnapshot& g) const {
  return with_names(known_chain(g));
}

const std::vector<Frame>& DumpView::way(const GoroutineSnapshot& g) const {
  const std::vector<KnownCreation> chain = known_chain(g);
  WayKey key;
  for (const KnownCreation& creation : chain)
    key.push_back({creation.gopc, creation.startpc, reinterpret_cast<std::uintptr_t>(creation.pcs.data())});
  const auto [known, fresh] = ways_.try_emplace(std::move(key));
  if (fresh) known->second = way_from_user_code(with_names(chain));
  return known->second;
}

const std::string& DumpView::start_function(const GoroutineSnapshot& g) const {
  static const std::string none;
  if (g.startpc == 0) return none;
  return symbols_.frames(g.startpc, PcKind::kExact).back().function;
}

bool DumpView::system(const GoroutineSnapshot& g) const {
  const std::string& start = start_function(g);
  if (runs_finalizers(start)) return !in_finalizer(g, start);
  if (runs_cleanups(start)) return !g.running_cleanups;
  return is_system_goroutine(start);
}

// The runtime asks a flag that is set around the call of the finalizer (runtime/mfinal.go). Which side of it
// a goroutine is on that stands still, its own stack says, of the very instant at which it was looked at,
// where the flag is read later. A goroutine without a stack is running or moved: then the flag is all there
// is.
bool DumpView::in_finalizer(const GoroutineSnapshot& g, std::string_view start) const {
  const std::vector<Call> calls = stack(g);
  if (calls.empty()) return dump_.finalizing.value_or(false);
  const auto name = [&](std::size_t i) -> std::string_view { return calls[i].frames->back().function; };
  std::size_t i = calls.size();
  while (i > 0 && name(i - 1) != start) --i;
  // Not on it: cut off at the outer end, and nothing that it calls for itself goes so deep.
  if (i == 0) return g.truncated;
  return i > 1 && calls_finalizer(name(i - 2));
}

const GoroutineWaits& DumpView::waits(const GoroutineSnapshot& g) const {
  static const GoroutineWaits none;
  const std::size_t i = index(g);
  return i < dump_.waits.goroutines.size() ? dump_.waits.goroutines[i] : none;
}

KnownWait DumpView::known_wait(const GoroutineSnapshot& g) const {
  const std::size_t i = index(g);
  return i < dump_.known_waits.size() ? dump_.known_waits[i] : gorotrace::known_wait(g);
}

std::optional<std::uint64_t> DumpView::waiting_at_least_ns(const GoroutineSnapshot& g) const {
  const KnownWait known = known_wait(g);
  if (!known.known() || known.since_ns > g.read_at_ns) return std::nullopt;
  return g.read_at_ns - known.since_ns;
}

bool DumpView::moved_within(const GoroutineSnapshot& g, std::uint64_t ns) const {
  const KnownWait known = known_wait(g);
  return known.moved_ns != 0 && known.moved_ns + ns > g.read_at_ns;
}

std::optional<std::uint64_t> DumpView::waiting_at_most_ns(const GoroutineSnapshot& g) const {
  const KnownWait known = known_wait(g);
  if (!is_waiting(g)) return std::nullopt;
  if (known.exact) return waiting_at_least_ns(g);
  // What moved behind its read says nothing of the wait that was read.
  if (known.moved_ns == 0 || known.moved_ns > g.read_at_ns) return std::nullopt;
  return g.read_at_ns - known.moved_ns;
}

const Labels& DumpView::labels(const GoroutineSnapshot& g) const {
  static const Labels none;
  const std::uint32_t set = waits(g).labels;
  return set < dump_.waits.label_sets.size() ? dump_.waits.label_sets[set] : none;
}

std::uint64_t DumpView::shown_wait_ns(const GoroutineSnapshot& g) const {
  const std::uint64_t known = waiting_at_least_ns(g).value_or(0);
  return known_wait(g).exact ? known : std::max(known, waited_by_runtime(g));
}

bool is_waiting(const GoroutineSnapshot& g) {
  return g.status == GStatus::kWaiting || g.status == GStatus::kSyscall || g.status == GStatus::kLeaked;
}

std::string_view missing_stack(const GoroutineSnapshot& g) {
  if (g.stack != StackSet::kNone) return "";
  if (g.stack_id != 0) return "too many distinct stacks to keep";
  switch (g.status) {
    case GStatus::kRunning:
    case GStatus::kCopystack:
      return "running";
    case GStatus::kSyscall:
      return "in a system call without a saved frame, or moved while it was read";
    default:
      return "moved while it was read";
  }
}

}  // namespace gorotrace
