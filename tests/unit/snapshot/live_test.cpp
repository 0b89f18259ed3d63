// Against real Go processes of every version, compared with what they say of themselves. Reading another
// process's memory needs to be its parent (ptrace scope 0 or 1 allows it) or root.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "go_target.h"
#include "snapshot/stack_walk.h"

namespace gorotrace {
namespace {

using testing::GoTarget;

struct Told {                                 // one goroutine of runtime.Stack
  std::string words;                          // between the brackets of its header
  std::vector<std::string> frames;            // "function file:line", without those of the runtime
  std::string creator;                        // function of the "created by" line
  std::uint64_t parent = 0;                   // its "in goroutine N" (1.21+)
  std::size_t elided = 0, before_elided = 0;  // frames left out, and how many stand before them
};

// runtime/traceback.go: "goroutine N [words]:", then per frame "function(args)" and "\tfile:line +0x..", and
// "created by F in goroutine N". Of deep stacks it shows 50 frames at both ends, "...N frames elided..."
// between them; before 1.21 the first 100, most often without a word.
std::map<std::uint64_t, Told> told_stacks(GoTarget& target) {
  std::map<std::uint64_t, Told> out;
  Told* now = nullptr;
  for (std::string line = target.line(); line != "end"; line = target.line()) {
    if (line.starts_with("goroutine ")) {
      now = &out[std::stoull(line.substr(10))];
      const auto open = line.find('[');
      now->words = line.substr(open + 1, line.find(']') - open - 1);
    } else if (now == nullptr || line.empty()) {
      continue;
    } else if (line.starts_with("created by ")) {
      std::istringstream words(line.substr(11));
      std::string in, goroutine;
      words >> now->creator >> in >> goroutine >> now->parent;
      target.line();
    } else if (line.starts_with("...")) {
      now->before_elided = now->frames.size();
      now->elided = std::stoull(line.substr(3));
    } else if (line[0] != '\t') {
      const std::string function = line.substr(0, line.rfind('('));
      std::string place = target.line().substr(1);
      place = place.substr(0, place.find(' '));
      now->frames.push_back(function + " " + place);
    }
  }
  return out;
}

// What runtime.Stack leaves out: the runtime's own, and the wrappers of cgo exports, whose names have no dot.
std::vector<std::string> shown(std::vector<std::string> frames) {
  std::erase_if(frames, [](const std::string& f) {
    return f.starts_with("runtime.") || f.substr(0, f.find(' ')).find('.') == std::string::npos;
  });
  return frames;
}

void expect_frames(std::vector<std::string> frames, const Told& told, int minor) {
  constexpr std::size_t kMaxFrames = 100, kHidden = 5;  // runtime/traceback.go _TracebackMaxFrames
  if (minor < 21 && told.frames.size() >= kMaxFrames - kHidden) {
    ASSERT_GT(frames.size(), told.frames.size());
    frames.resize(told.frames.size());
  } else if (told.elided != 0) {
    // The runtime counts its own frames among those it leaves out.
    ASSERT_GT(frames.size(), told.frames.size());
    const std::size_t left_out = frames.size() - told.frames.size();
    EXPECT_LE(left_out, told.elided);
    EXPECT_GE(left_out + kHidden, told.elided);
    const auto from = frames.begin() + static_cast<std::ptrdiff_t>(told.before_elided);
    frames.erase(from, from + static_cast<std::ptrdiff_t>(left_out));
  }
  EXPECT_EQ(frames, told.frames);
}

// The header as runtime/traceback.go goroutineheader makes it of these words, but for minutes: nobody here is
// older than one.
std::string header_words(const GoTarget& target, const GoroutineSnapshot& g) {
  static const std::map<GStatus, std::string> kStates{{GStatus::kRunnable, "runnable"},
                                                      {GStatus::kRunning, "running"},
                                                      {GStatus::kSyscall, "syscall"},
                                                      {GStatus::kWaiting, "waiting"}};
  std::string words = kStates.at(g.status);
  if (g.status == GStatus::kWaiting && g.wait_reason != 0) words = target.wait_reason(g);
  if (g.scan) words += " (scan)";
  if (g.locked) words += ", locked to thread";
  return words;
}

void expect_as_told(GoTarget& target, const std::map<std::uint64_t, Told>& told, const Snapshot& snapshot,
                    bool cgo) {
  std::set<std::uint64_t> user;
  std::size_t labelled = 0, locked = 0, called_back = 0;
  for (const GoroutineSnapshot& g : snapshot.goroutines) {
    const auto start = target.pclntab().function_at(g.startpc - target.bias());
    ASSERT_TRUE(start.has_value());
    if (is_system_goroutine(start->name)) continue;
    user.insert(g.goid);
    const auto it = told.find(g.goid);
    ASSERT_NE(it, told.end()) << g.goid;
    EXPECT_EQ(g.stack_id == 0, snapshot.pcs(g).empty());
    if (g.goid == 1) continue;  // it spoke then, it listens now
    SCOPED_TRACE(it->second.words + " " + std::to_string(g.goid));
    EXPECT_EQ(header_words(target, g), it->second.words);
    const std::vector<std::string> frames = target.frames(snapshot.pcs(g));
    expect_frames(shown(frames), it->second, target.minor());
    ASSERT_FALSE(frames.empty());
    EXPECT_TRUE(frames.back().starts_with("runtime.goexit "));
    EXPECT_FALSE(g.truncated);
    EXPECT_FALSE(g.unproven);
    const std::string creator = target.frames(std::array{g.gopc + 1})[0];
    EXPECT_EQ(creator.substr(0, creator.find(' ')), it->second.creator);
    EXPECT_EQ(g.parent_goid, it->second.parent);
    // A collection set it, after it parked and before we looked.
    if (g.status == GStatus::kWaiting) {
      EXPECT_NE(g.wait_since_ns, 0u);
      EXPECT_LE(g.wait_since_ns, g.read_at_ns);
    }
    labelled += g.labels != 0;
    locked += g.locked;
    called_back += !frames.empty() && shown(frames)[0].starts_with("main.waitInGo ");
    // On a thread of this process, or on none.
    EXPECT_EQ(g.thread_id != 0, g.status == GStatus::kSyscall || g.locked);
    if (g.thread_id != 0) {
      const std::string task = fmt::format("/proc/{}/task/{}", target.pid(), g.thread_id);
      EXPECT_TRUE(std::filesystem::exists(task)) << task;
    }
    // A channel operation's sudog names its goroutine.
    if (g.waiting != 0) {
      const auto back =
          target.process().value<std::uint64_t>(g.waiting + target.goroutine_config().offsets.sudog_g);
      EXPECT_EQ(back.value_or(0), g.g);
    }
    if (g.status == GStatus::kWaiting && target.wait_reason(g) == "sleep") {
      EXPECT_NE(target.minor() < 23 ? g.timer : g.sleep_when, 0u);
    }
  }
  EXPECT_EQ(user.size(), told.size());
  EXPECT_EQ(labelled, 1u);
  // cgocallbackg locks it to the thread whose C frames it stands on (runtime/cgocall.go).
  EXPECT_EQ(locked, 1 + called_back);
  EXPECT_EQ(called_back, cgo ? 1u : 0u);
}

// A machine that is busy enough keeps the looks apart: then once more.
Result<Snapshot> read_all(const GoroutineReader& reader, StackDepth depth) {
  auto snapshot = reader.read(depth);
  for (int i = 0; i < 20 && snapshot && snapshot->counts.unvalidated != 0; ++i) snapshot = reader.read(depth);
  return snapshot;
}

void compare_at_rest(const std::string& version, LinkMode link, bool symbols = false) {
  GoTarget target("parked", version, {}, link, symbols);
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
  const auto whole = read_all(reader, StackDepth::kWhole);
  ASSERT_TRUE(whole.has_value()) << whole.error().message;
  EXPECT_EQ(whole->counts.unreadable, 0u);
  ASSERT_EQ(whole->counts.unvalidated, 0u);
  EXPECT_EQ(whole->counts.no_base, 0u);
  expect_as_told(target, told, *whole, link == LinkMode::kCgo || link == LinkMode::kCgoPie);

  // What the probes' copy holds is the leaf's part of the whole, under the same identity.
  const auto copy = read_all(reader, StackDepth::kAsProbes);
  ASSERT_TRUE(copy.has_value()) << copy.error().message;
  std::map<std::uint64_t, const GoroutineSnapshot*> by_goid;
  for (const GoroutineSnapshot& g : copy->goroutines) by_goid[g.goid] = &g;
  std::size_t cut = 0;
  for (const GoroutineSnapshot& g : whole->goroutines) {
    const auto it = by_goid.find(g.goid);
    const auto start = target.pclntab().function_at(g.startpc - target.bias());
    // The collector's workers come to rest when they like.
    if (g.goid == 1 || !start || is_system_goroutine(start->name)) continue;
    SCOPED_TRACE(g.goid);
    ASSERT_NE(it, by_goid.end());
    const GoroutineSnapshot& other = *it->second;
    EXPECT_EQ(g.stack_id, other.stack_id);
    const auto all = whole->pcs(g), some = copy->pcs(other);
    ASSERT_LE(some.size(), all.size());
    EXPECT_TRUE(std::ranges::equal(some, all.first(some.size())));
    EXPECT_EQ(stack_identity(0, some), other.stack_id);
    cut += other.truncated;
  }
  EXPECT_GE(cut, 1u);
}

class Live : public ::testing::TestWithParam<std::string> {};

TEST_P(Live, GoroutinesAndStacksAreThoseTheProcessTells) {
  compare_at_rest(GetParam(), LinkMode::kStatic);
}

class LiveLink : public ::testing::TestWithParam<LinkMode> {};

TEST_P(LiveLink, GoroutinesAndStacksAreThoseTheProcessTells) {
  compare_at_rest(testing::go_versions().back(), GetParam());
}

TEST(LiveSymbols, GoroutinesAndStacksAreThoseTheProcessTells) {
  compare_at_rest(testing::go_versions().back(), LinkMode::kStatic, /*symbols=*/true);
}

INSTANTIATE_TEST_SUITE_P(Go, LiveLink, ::testing::Values(LinkMode::kPie, LinkMode::kCgo, LinkMode::kCgoPie));

INSTANTIATE_TEST_SUITE_P(Go, Live, ::testing::ValuesIn(testing::go_versions()), [](const auto& parameter) {
  std::string name = parameter.param;
  for (char& c : name) c = c == '.' ? '_' : c;
  return name;
});

}  // namespace
}  // namespace gorotrace
