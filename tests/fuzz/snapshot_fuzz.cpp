// Goroutines and their stacks in a process's memory, by every way of reading them.
#include "check.h"
#include "go_offsets.h"
#include "hostile_memory.h"
#include "snapshot/allgs_cache.h"
#include "snapshot/counters.h"
#include "snapshot/goroutines.h"
#include "snapshot/module_chain.h"

using namespace gorotrace;
using fuzz::check;

namespace {

constexpr std::size_t kMaxGoroutines = 64;

void check_snapshot(const Snapshot& s, const Code& code, StackDepth depth) {
  const SnapshotCounts& c = s.counts;
  check(c.alive == s.goroutines.size() && c.alive <= kMaxGoroutines, "as many goroutines as are counted");
  if (depth != StackDepth::kNoStacks)
    check(c.alive == c.stacks + c.unvalidated + c.running + c.no_base,
          "each has a stack or a reason for none");
  std::size_t stacks = 0, frames = 0;
  for (std::size_t i = 0; i < s.goroutines.size(); ++i) {
    const GoroutineSnapshot& g = s.goroutines[i];
    check(i == 0 || s.goroutines[i - 1].g < g.g, "goroutines come by address, each once");
    if (g.stack == StackSet::kNone) continue;
    ++stacks;
    check(!s.pcs(g).empty(), "a stack has frames");
    for (const std::uint64_t pc : s.pcs(g)) check(code.holds(pc), "a frame lies in code");
    frames += s.pcs(g).size();
  }
  check(stacks == c.stacks, "as many stacks as are counted");
  check(frames <= kMaxGoroutines * 8192, "stacks are cut");
}

}  // namespace

// 1 byte: version and depth; the memory.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto choice = input.take<std::uint8_t>();
  const fuzz::HostileMemory memory(input);
  const fuzz::GoRelease release = fuzz::go_release(choice);
  const auto config = fuzz::reader_config(release, choice);
  const Code code({config.text, config.etext}, &fuzz::kPlugin);
  const auto depth = static_cast<StackDepth>(choice / 64 % 3);
  GoroutineReader reader(memory, config);
  if (const auto s = reader.read(depth)) check_snapshot(*s, code, depth);
  (void)reader.check_offsets();
  AllgsCache cache(memory, config.allgs_address, allgs_limits(config));
  for (int i = 0; i < 2; ++i) {
    if (cache.refresh()) check(cache.pointers().size() <= kMaxGoroutines, "no more goroutines than may be");
  }
  ModuleChain chain(memory, {fuzz::kAllgs, fuzz::kText, fuzz::kEtext});
  std::size_t modules = 1;
  for (int i = 0; i < 4; ++i) {
    for (const ChainedModule& m : chain.more())
      check(++modules <= ModuleChain::kMax && m.text < m.etext, "modules have text, and are not without end");
  }
  CounterReader counters(memory, {.offsets = release.offsets,
                                  .allgs_address = config.allgs_address,
                                  .allp_address = fuzz::kAllp,
                                  .sched_address = fuzz::kSched});
  for (int i = 0; i < 2; ++i) (void)counters.read(2);
  return 0;
}
