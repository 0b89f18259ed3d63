// Programs that never stand still, whose call structures are known (tests/testprogs/churn): what is given out
// as proven is a stack that existed.
#include <gtest/gtest.h>

#include <map>

#include "go_target.h"

namespace gorotrace {
namespace {

using testing::GoTarget;

// Which of the program's functions are on a stack, and how often.
std::map<std::string, int, std::less<>> sampling_of(const std::vector<std::string>& frames) {
  std::map<std::string, int, std::less<>> out;
  for (const std::string& frame : frames) ++out[frame.substr(0, frame.find(' '))];
  return out;
}

// The program's rules; tests/testprogs/churn/main.go says them.
bool possible(const std::vector<std::string>& frames, GStatus status) {
  auto n = sampling_of(frames);
  const int flips = n["main.shallow"] + n["main.deep"], sides = n["main.left"] + n["main.right"];
  const int downs = n["main.down"];
  if (flips > 1 || sides > 1 || downs > 12 || (downs > 0 && n["main.deep"] != 1)) return false;
  if (flips == 1 && n["main.receiver"] != 1) return false;
  if (n["main.deep"] == 1 && status == GStatus::kWaiting && downs != 12) return false;
  if (n["main.odd1"] + n["main.even1"] > 1 || n["main.odd2"] + n["main.even2"] > 1) return false;
  if (n["main.odd2"] > n["main.odd1"] || n["main.even2"] > n["main.even1"]) return false;
  if (n["main.yieldLeft"] + n["main.yieldRight"] > 1) return false;
  return n["main.pullLeft"] + n["main.pullRight"] <= 1;
}

// A few kinds of goroutines at a time, so that each gets enough of the CPU.
struct Kind {
  std::vector<std::string> arguments;
  std::string function;  // one of it is on the stacks that are looked for
};
const Kind kKinds[] = {{{"flip", "collect"}, "main.receiver"},
                       {{"syscall"}, "main.flipper"},
                       {{"create"}, "main.odd1"},
                       {{"pull"}, "main.yieldLeft"}};

struct Seen {
  std::size_t stacks = 0;             // with Kind::function
  std::size_t proven = 0;             // of these
  std::size_t proven_coroutines = 0;  // in the middle of a switch between coroutines
  std::map<std::string, std::size_t> impossible;
};

void look(const GoTarget& target, const Snapshot& snapshot, const Kind& kind, Seen& seen) {
  std::map<std::uint32_t, std::vector<std::string>> known;  // by StackSet index: those that stay share one
  for (const GoroutineSnapshot& g : snapshot.goroutines) {
    if (snapshot.pcs(g).empty()) continue;
    const auto [stack, fresh] = known.try_emplace(g.stack);
    if (fresh) stack->second = target.frames(snapshot.pcs(g));
    const std::vector<std::string>& frames = stack->second;
    const bool ours = sampling_of(frames).contains(kind.function);
    seen.stacks += ours;
    if (g.unproven) continue;
    seen.proven += ours;
    seen.proven_coroutines += g.status == GStatus::kWaiting && target.wait_reason(g) == "coroutine";
    if (possible(frames, g.status)) continue;
    std::string text = std::to_string(static_cast<int>(g.status));
    for (const std::string& frame : frames) text += "\n  " + frame;
    ++seen.impossible[text];
  }
}

class Churn : public ::testing::TestWithParam<std::string> {};

void churn(const std::string& version, const Kind& kind) {
  const bool coroutines = kind.arguments[0] == "pull";
  if (coroutines && version < "1.23") return;  // iter.Pull came then
  constexpr std::size_t kStay = 200, kSnapshots = GOROTRACE_CHURN_SNAPSHOTS;
  std::vector<std::string> arguments{std::to_string(kStay)};
  arguments.insert(arguments.end(), kind.arguments.begin(), kind.arguments.end());
  GoTarget target("churn", version, arguments);
  ASSERT_EQ(target.line(), "ready");
  const GoroutineReader reader(target.process(), target.goroutine_config());
  CounterReader counters(target.process(), target.counter_config());
  const auto before = counters.read();
  SnapshotCounts sum;
  Seen seen;
  for (std::size_t i = 0; i < kSnapshots; ++i) {
    const auto snapshot = reader.read(i % 2 == 0 ? StackDepth::kAsProbes : StackDepth::kWhole);
    ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message;
    const SnapshotCounts& c = snapshot->counts;
    ASSERT_EQ(c.alive, c.stacks + c.unvalidated + c.running + c.no_base);
    sum.alive += c.alive;
    sum.stacks += c.stacks;
    sum.running += c.running;
    sum.unvalidated += c.unvalidated;
    sum.unproven += c.unproven;
    sum.retried += c.retried;
    look(target, *snapshot, kind, seen);
  }
  const auto after = counters.read();
  ASSERT_TRUE(before && after);
  const double creations = static_cast<double>(after->created - before->created) * 1e9 /
                           static_cast<double>(after->time_ns - before->time_ns);
  std::printf(
      "%s %-8s %7.0f goroutines created/s; alive %zu, stacks %zu (%.1f %%, retried %zu, unproven %zu), "
      "running "
      "%zu, unvalidated %zu; %s: %zu, proven %zu\n",
      version.c_str(), kind.arguments[0].c_str(), creations, sum.alive, sum.stacks,
      100.0 * static_cast<double>(sum.stacks) / static_cast<double>(sum.alive), sum.retried, sum.unproven,
      sum.running, sum.unvalidated, kind.function.c_str(), seen.stacks, seen.proven);
  // Those that stay are always had, whatever moves beside them.
  EXPECT_GE(sum.stacks, kStay * kSnapshots * 9 / 10);
  EXPECT_GT(seen.stacks, 0u);
  if (!coroutines) {
    EXPECT_GT(seen.proven, 0u);
  }
  // A tenth of what it comes to on two processors that others keep busy: enough to be churn.
  if (kind.arguments[0] == "create") {
    EXPECT_GT(creations, 10'000);
  }
  // Switches between coroutines are counted by nobody: such a stack is never given out as proven.
  EXPECT_EQ(seen.proven_coroutines, 0u);
  for (const auto& [text, n] : seen.impossible) ADD_FAILURE() << n << " times " << text;
}

TEST_P(Churn, NeverShowsAStackThatDidNotExist) {
  for (const Kind& kind : kKinds) {
    SCOPED_TRACE(kind.arguments[0]);
    churn(GetParam(), kind);
  }
}

// The versions in which what counts switches differs: 1.18; 1.22 with coroutines in the runtime; 1.26, whose
// syscalls count no more; the newest.
bool every_run(const std::string& version) {
  for (const char* minor : {"1.18.", "1.22.", "1.26."}) {
    if (version.starts_with(minor)) return true;
  }
  return version == testing::go_versions().back();
}

std::vector<std::string> versions(bool in_every_run) {
  std::vector<std::string> all = testing::go_versions();
  std::erase_if(all, [&](const std::string& v) { return every_run(v) != in_every_run; });
  return all;
}

std::string name(const ::testing::TestParamInfo<std::string>& parameter) {
  std::string name = parameter.param;
  for (char& c : name) c = c == '.' ? '_' : c;
  return name;
}

INSTANTIATE_TEST_SUITE_P(Go, Churn, ::testing::ValuesIn(versions(true)), name);
INSTANTIATE_TEST_SUITE_P(Slow, Churn, ::testing::ValuesIn(versions(false)), name);

}  // namespace
}  // namespace gorotrace
