// Against real Go processes of every version, compared with what they say of themselves. Reading another
// process's memory needs to be its parent (ptrace scope 0 or 1 allows it) or root.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <sstream>

#include "bpf/shared/abi.h"
#include "go_target.h"

namespace gorotrace {
namespace {

using testing::GoTarget;

struct Told {  // one goroutine of runtime.Stack
  std::string state;
  std::vector<std::string> frames;  // "function file:line", without those of the runtime
};

// runtime/traceback.go: "goroutine N [state, ...]:", then per frame "function(args)" and "\tfile:line +0x..".
std::map<std::uint64_t, Told> told_stacks(GoTarget& target) {
  std::map<std::uint64_t, Told> out;
  Told* now = nullptr;
  for (std::string line = target.line(); line != "end"; line = target.line()) {
    if (line.starts_with("goroutine ")) {
      std::istringstream header(line.substr(10));
      std::uint64_t goid = 0;
      header >> goid;
      now = &out[goid];
      const auto open = line.find('['), close = line.find_first_of(",]", open);
      now->state = line.substr(open + 1, close - open - 1);
    } else if (line.starts_with("created by ")) {
      target.line();
    } else if (now != nullptr && !line.empty() && line[0] != '\t') {
      const std::string function = line.substr(0, line.rfind('('));
      std::string place = target.line().substr(1);
      place = place.substr(0, place.find(' '));
      now->frames.push_back(function + " " + place);
    }
  }
  return out;
}

std::vector<std::string> without_runtime(std::vector<std::string> frames) {
  std::erase_if(frames, [](const std::string& f) { return f.starts_with("runtime."); });
  return frames;
}

class Live : public ::testing::TestWithParam<std::string> {};

TEST_P(Live, GoroutinesAndStacksAreThoseTheProcessTells) {
  GoTarget target("parked", GetParam());
  std::istringstream first(target.line());
  std::string word;
  std::size_t count = 0;
  first >> word >> count;
  const auto told = told_stacks(target);
  ASSERT_EQ(told.size(), count);
  ASSERT_EQ(target.ask("nothing"), "ok " + std::to_string(count));

  GoroutineReader reader(target.process(), target.goroutine_config());
  const auto checked = reader.check_offsets();
  ASSERT_TRUE(checked.has_value()) << checked.error().message;
  // A machine that is busy enough keeps the looks apart: then once more.
  auto snapshot = reader.read(StackDepth::kAsProbes);
  for (int i = 0; i < 10 && snapshot && snapshot->counts.unvalidated != 0; ++i)
    snapshot = reader.read(StackDepth::kAsProbes);
  ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message;
  EXPECT_EQ(snapshot->counts.unreadable, 0u);
  ASSERT_EQ(snapshot->counts.unvalidated, 0u);
  EXPECT_EQ(snapshot->counts.no_base, 0u);

  std::set<std::uint64_t> user;
  for (const GoroutineSnapshot& g : snapshot->goroutines) {
    const auto start = target.pclntab().function_at(g.startpc - target.bias());
    ASSERT_TRUE(start.has_value());
    if (is_system_goroutine(start->name)) continue;
    user.insert(g.goid);
    const auto it = told.find(g.goid);
    ASSERT_NE(it, told.end()) << g.goid;
    EXPECT_EQ(g.stack_id == 0, snapshot->pcs(g).empty());
    if (g.goid == 1) continue;  // it spoke then, it listens now
    SCOPED_TRACE(it->second.state + " " + std::to_string(g.goid));
    EXPECT_EQ(g.status == GStatus::kSyscall, it->second.state == "syscall");
    EXPECT_EQ(without_runtime(target.frames(snapshot->pcs(g))), it->second.frames);
    EXPECT_EQ(target.frames(std::array{g.gopc + 1})[0].substr(0, 10), "main.park ");
    ASSERT_FALSE(snapshot->pcs(g).empty());
    if (!g.truncated) {
      EXPECT_TRUE(target.frames(snapshot->pcs(g)).back().starts_with("runtime.goexit "));
    }
  }
  EXPECT_EQ(user.size(), told.size());
}

TEST_P(Live, ChurnNeverShowsAStackThatDidNotExist) {
  GoTarget target("churn", GetParam(), {"200"});
  ASSERT_EQ(target.line(), "ready");
  GoroutineReader reader(target.process(), target.goroutine_config());
  SnapshotCounts sum;
  std::map<std::string, std::size_t> impossible;
  for (int i = 0; i < 300; ++i) {
    const auto snapshot = reader.read(StackDepth::kAsProbes);
    ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message;
    sum.alive += snapshot->counts.alive;
    sum.stacks += snapshot->counts.stacks;
    sum.running += snapshot->counts.running;
    sum.unvalidated += snapshot->counts.unvalidated;
    sum.unproven += snapshot->counts.unproven;
    sum.retried += snapshot->counts.retried;
    for (const GoroutineSnapshot& g : snapshot->goroutines) {
      if (snapshot->pcs(g).empty() || g.unproven) continue;
      int shallow = 0, deep = 0, down = 0, left = 0, right = 0, receiver = 0;
      for (const std::string& frame : target.frames(snapshot->pcs(g))) {
        shallow += frame.starts_with("main.shallow ");
        deep += frame.starts_with("main.deep ");
        down += frame.starts_with("main.down ");
        left += frame.starts_with("main.left ");
        right += frame.starts_with("main.right ");
        receiver += frame.starts_with("main.receiver ");
      }
      const bool mixed = shallow + deep > 1 || left + right > 1 || (down > 0 && deep != 1) || down > 12 ||
                         ((shallow || deep) && receiver != 1) ||
                         (deep == 1 && g.status == GStatus::kWaiting && down != 12);
      if (mixed) {
        std::string text = std::to_string(static_cast<int>(g.status));
        for (const std::string& frame : target.frames(snapshot->pcs(g))) text += "\n  " + frame;
        ++impossible[text];
      }
    }
  }
  std::printf("%s: alive %zu, stacks %zu (retried %zu, unproven %zu), running %zu, unvalidated %zu\n",
              GetParam().c_str(), sum.alive, sum.stacks, sum.retried, sum.unproven, sum.running,
              sum.unvalidated);
  EXPECT_GT(sum.stacks, sum.alive / 2);
  for (const auto& [text, n] : impossible) ADD_FAILURE() << n << " times " << text;
}

INSTANTIATE_TEST_SUITE_P(Go, Live, ::testing::ValuesIn(testing::go_versions()), [](const auto& parameter) {
  std::string name = parameter.param;
  for (char& c : name) c = c == '.' ? '_' : c;
  return name;
});

}  // namespace
}  // namespace gorotrace
