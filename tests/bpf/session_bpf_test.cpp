// Groups that go off and on again while a Go process makes and ends goroutines: the counts close, and what
// was not watched is claimed by nobody. Targets that come and go: each is told what is its own.
#include "session/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>

#include "base/clock.h"
#include "go_target.h"
#include "session/armed_check.h"

namespace gorotrace {
namespace {

constexpr GroupMask kDefault =
    group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK) | group_bit(GT_GROUP_RUN);

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() : go_("truth", testing::go_versions().back(), {"-scenario", "churn", "-for", "3s"}) {
    ready_ = go_.line();
  }

  void SetUp() override {
    SessionOptions options;
    options.groups = kDefault;
    options.budget.unlimited = true;
    options.sample_cpu = 0;  // the state machine alone: its two sums are equal to the nanosecond
    auto session = Session::make(options);
    ASSERT_TRUE(session) << session.error().message;
    session_ = std::move(*session);
  }

  void trace() {
    auto target = Target::open(go_.pid());
    ASSERT_TRUE(target) << target.error().message;
    const auto added = session_->add(std::move(*target));
    ASSERT_TRUE(added) << added.error().message;
    id_ = *added;
  }

  void ticks(int ms) {
    const std::uint64_t end = monotonic_ns() + static_cast<std::uint64_t>(ms) * 1'000'000;
    while (monotonic_ns() < end) {
      session_->tick();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  std::uint64_t live_of_the_program() {
    return nlohmann::json::parse(go_.ask("count")).at("goroutines").get<std::uint64_t>();
  }

  static void check_goroutine_seconds(const Tables& t) {
    EXPECT_EQ(std::accumulate(t.state_ns.begin(), t.state_ns.end(), std::uint64_t{0}), t.live_integral_ns);
  }

  testing::GoTarget go_;
  std::string ready_;
  std::unique_ptr<Session> session_;
  TargetId id_ = 0;
};

class Toggled : public SessionTest, public ::testing::WithParamInterface<GroupMask> {};

TEST_P(Toggled, LiveIsRightAfterAGroupWasOffAndOnInTheMiddleOfChurn) {
  std::string done;
  std::thread program([&] { done = go_.ask("go"); });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  trace();
  ticks(500);
  const std::uint64_t off_ns = monotonic_ns();
  ASSERT_TRUE(session_->set_groups(id_, kDefault & ~GetParam(), "test"));
  ticks(300);
  ASSERT_TRUE(session_->set_groups(id_, kDefault, "test"));
  const std::uint64_t on_ns = monotonic_ns();
  ticks(500);
  program.join();
  ticks(300);  // at rest
  session_->finish();

  const auto tables = session_->tables(id_);
  ASSERT_TRUE(tables) << tables.error().message;
  const Tables& t = *tables;
  EXPECT_EQ(t.live, live_of_the_program()) << done;
  EXPECT_EQ(t.illegal, 0u);
  EXPECT_EQ(t.gaps, 0u);
  check_goroutine_seconds(t);
  const EventFacts events = session_->events();
  EXPECT_EQ(events.produced, events.received + events.dropped_total());
  for (int g = GT_GROUP_LIFECYCLE; g <= GT_GROUP_RUN; ++g) {
    const std::vector<Interval>& covered = t.covered[static_cast<std::size_t>(g)];
    const bool toggled = (GetParam() & group_bit(static_cast<gt_group>(g))) != 0;
    ASSERT_EQ(covered.size(), toggled ? 2u : 1u) << g;
    if (!toggled) continue;
    EXPECT_GE(covered[0].to_ns, off_ns);
    EXPECT_LT(covered[0].to_ns, on_ns);
    EXPECT_GT(covered[1].from_ns, on_ns - 1'000'000);
  }
  const nlohmann::json report = nlohmann::json::parse(done);
  std::uint64_t created = 0;
  for (const CreationRow& row : t.creation) created += row.system ? 0 : row.created;
  EXPECT_GT(created, 1000u);
  const auto all = report.at("created").at("main.churn").get<std::uint64_t>();
  EXPECT_LT(created, all);
  const auto took = report.at("end_ns").get<std::uint64_t>() - report.at("begin_ns").get<std::uint64_t>();
  std::printf("%.0f creations/s, 50,000 asked for\n",
              static_cast<double>(all) * 1e9 / static_cast<double>(took));
}

INSTANTIATE_TEST_SUITE_P(Groups, Toggled,
                         ::testing::Values(group_bit(GT_GROUP_LIFECYCLE), group_bit(GT_GROUP_BLOCK),
                                           group_bit(GT_GROUP_RUN), kDefault),
                         [](const auto& tested) { return "Mask" + std::to_string(tested.param); });

// ---------------------------------------------------------------- what an attach left in the text

TEST_F(SessionTest, SitesWithoutABreakpointAreNamed) {
  auto target = Target::open(go_.pid());
  ASSERT_TRUE(target) << target.error().message;
  std::vector<std::string> shared;
  const auto plan = (*target)->plan({}, shared);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_TRUE(check_armed((*target)->process(), *plan, (*target)->load_bias(), 0));
  const auto before = check_armed((*target)->process(), *plan, (*target)->load_bias(), kDefault);
  ASSERT_FALSE(before) << "nothing is attached";
  EXPECT_EQ(before.error().kind, ErrorKind::kKernel);
  EXPECT_THAT(before.error().message, ::testing::HasSubstr("sites hold no breakpoint (runtime."));
  trace();
  EXPECT_TRUE(check_armed((*target)->process(), *plan, (*target)->load_bias(), kDefault));
}

// ---------------------------------------------------------------- targets that come and go

class ComingAndGoing : public ::testing::Test {
 protected:
  void make(GroupMask groups, std::uint16_t at_once, std::uint32_t ring_bytes = 0) {
    SessionOptions options;
    options.groups = groups;
    options.budget.unlimited = true;
    options.sample_cpu = 0;
    options.capture.max_targets = at_once;
    options.capture.ring_bytes = ring_bytes;
    auto session = Session::make(options);
    ASSERT_TRUE(session) << session.error().message;
    session_ = std::move(*session);
  }

  // The slot of one that went is free a little later.
  TargetId add(pid_t pid) {
    for (int i = 0; i < 100; ++i) {
      auto target = Target::open(pid, binaries_);
      if (!target) throw std::runtime_error(target.error().message);
      const auto added = session_->add(std::move(*target));
      if (added) return *added;
      last_refusal_ = added.error().message;
      ticks(10);
    }
    throw std::runtime_error(last_refusal_);
  }

  void ticks(int ms) {
    const std::uint64_t end = monotonic_ns() + static_cast<std::uint64_t>(ms) * 1'000'000;
    do {
      session_->tick();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    } while (monotonic_ns() < end);
  }

  // Its stacks are of these functions and no others, its sums are equal, and its records are all accounted
  // for.
  Tables last_tables(TargetId id, const std::string& function, const std::string& not_this) {
    session_->end(id);
    auto tables = session_->tables(id);
    if (!tables) throw std::runtime_error(tables.error().message);
    EXPECT_EQ(tables->illegal, 0u);
    EXPECT_EQ(tables->gaps, 0u);
    EXPECT_EQ(std::accumulate(tables->state_ns.begin(), tables->state_ns.end(), std::uint64_t{0}),
              tables->live_integral_ns);
    bool seen = false;
    for (const BlockingRow& row : tables->blocking) {
      for (const Frame& frame : session_->symbols(id).stack(row.stack)) {
        seen = seen || frame.function == function;
        EXPECT_NE(frame.function, not_this);
      }
    }
    EXPECT_TRUE(seen) << function;
    const EventFacts events = session_->facts(id).events;
    EXPECT_EQ(events.produced, events.received + events.dropped_total());
    EXPECT_GT(events.produced, 0u);
    EXPECT_EQ(session_->facts(id).ended_by, "the target was removed");
    return std::move(*tables);
  }

  static std::size_t open_files() {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                                                  std::filesystem::directory_iterator()));
  }
  static std::size_t threads() {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                                                  std::filesystem::directory_iterator()));
  }
  static std::size_t resident_kb() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6));
    }
    return 0;
  }

  BinaryCache binaries_;
  std::unique_ptr<Session> session_;
  std::string last_refusal_;
};

// Two slots for three processes. One goes while its events are in the rings, another comes into its slot;
// what each is told is what its own program did.
TEST_F(ComingAndGoing, ASlotChangesItsOwnerUnderLoad) {
  // Rings that lose nothing while the reader waits for a CPU: a loss is a gap, and the counts are not equal
  // then.
  ASSERT_NO_FATAL_FAILURE(make(kDefault, 2, 64u << 20));
  const std::string version = testing::go_versions().back();
  testing::GoTarget busy("truth", version, {"-scenario", "pingpong", "-for", "60s"});
  testing::GoTarget one("truth", version, {"-scenario", "churn", "-for", "500ms"});
  testing::GoTarget two("truth", version, {"-scenario", "churn", "-for", "500ms"});
  for (testing::GoTarget* go : {&busy, &one, &two}) (void)go->line();
  std::thread load([&] { EXPECT_THROW(busy.ask("go"), std::runtime_error); });

  TargetId of_busy = add(busy.pid());
  ticks(200);
  std::set<std::uint16_t> slots{slot_of(of_busy)};
  std::set<TargetId> ids{of_busy};
  for (int round = 0; round < 4; ++round) {
    testing::GoTarget& go = round % 2 == 0 ? one : two;
    const TargetId id = add(go.pid());
    std::string done;
    std::thread program([&] { done = go.ask("go"); });
    ticks(200);
    // The busy one goes and comes while the other works.
    EXPECT_GT(last_tables(of_busy, "main.ponger", "main.churned").parks, 1000u);
    session_->remove(of_busy);
    of_busy = add(busy.pid());
    program.join();
    ticks(200);
    const Tables tables = last_tables(id, "main.churned", "main.ponger");
    const nlohmann::json report = nlohmann::json::parse(done);
    std::uint64_t created = 0;
    for (const CreationRow& row : tables.creation) created += row.system ? 0 : row.created;
    EXPECT_EQ(created, report.at("created").at("main.churn").get<std::uint64_t>());
    EXPECT_EQ(tables.live, report.at("after").get<std::uint64_t>());
    session_->remove(id);
    slots.insert({slot_of(id), slot_of(of_busy)});
    ids.insert({id, of_busy});
  }
  EXPECT_EQ(slots.size(), 2u);
  EXPECT_EQ(ids.size(), 9u);
  EXPECT_EQ(session_->targets().size(), 1u);
  busy.kill();
  load.join();
}

// What 200 targets leave behind is what 40 do.
TEST_F(ComingAndGoing, NothingGrowsWithTheNumberOfTargetsThatEverWere) {
  ASSERT_NO_FATAL_FAILURE(make(group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK), 2));
  testing::GoTarget go("idle", testing::go_versions().back(), {"-n", "100"});
  (void)go.line();
  std::size_t files = 0, running = 0, kb = 0;
  for (int i = 0; i < 200; ++i) {
    const TargetId id = add(go.pid());
    ticks(1);
    session_->end(id);
    const auto tables = session_->tables(id);
    ASSERT_TRUE(tables) << tables.error().message;
    EXPECT_EQ(tables->live, 101u) << "of its own look at memory";
    session_->remove(id);
    if (i != 40) continue;
    files = open_files();
    running = threads();
    kb = resident_kb();
  }
  EXPECT_TRUE(session_->targets().empty());
  EXPECT_LE(open_files(), files);
  EXPECT_LE(threads(), running + 1);
  EXPECT_LE(resident_kb(), kb + 6 * 1024);
  EXPECT_EQ(binaries_.size(), 0u);
}

// ---------------------------------------------------------------- a process that holds up its reader

// Of a program that has done nothing yet the address of a page that never comes.
std::uint64_t held_page(testing::GoTarget& go) {
  while (go.line() != "end") {
  }
  return std::stoull(go.ask("held").substr(3));
}

class HeldUp : public ComingAndGoing, public ::testing::WithParamInterface<double> {};

TEST_P(HeldUp, TheWindowIsKeptAndSaysWhatLacks) {
  testing::GoTarget go("parked", testing::go_versions().back());
  const std::uint64_t page = held_page(go);
  ASSERT_NE(page, 0u) << "no userfaultfd: CONFIG_USERFAULTFD";
  SessionOptions options;
  options.sample_cpu = GetParam();
  auto session = Session::make(options);
  ASSERT_TRUE(session) << session.error().message;
  auto target = Target::open(go.pid());
  ASSERT_TRUE(target) << target.error().message;
  // One of its goroutines is where nobody can read it.
  const auto slice =
      go.process().value<std::array<std::uint64_t, 3>>(go.goroutine_config().allgs_address).value();
  const std::uint64_t entry = slice[0] + 8 * (slice[1] / 2);
  ASSERT_TRUE(go.ask("poke " + std::to_string(entry) + " " + std::to_string(page)).starts_with("ok"));

  using std::chrono::steady_clock;
  const auto begin = steady_clock::now();
  const auto took = [&] { return steady_clock::now() - begin; };
  const auto id = (*session)->add(std::move(*target));
  ASSERT_TRUE(id) << id.error().message;
  EXPECT_LT(took(), std::chrono::seconds(3));
  steady_clock::duration longest{0};
  for (int i = 0; i < 20; ++i) {
    const auto before = steady_clock::now();
    (*session)->tick();
    longest = std::max(longest, steady_clock::now() - before);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_LT(longest, std::chrono::milliseconds(300)) << "control waits for no read";
  (*session)->ask_samples();
  const auto samples = (*session)->await_samples();
  ASSERT_TRUE(samples) << samples.error().message;
  EXPECT_FALSE(samples->at(*id).live_known);
  (*session)->finish();
  const StatFacts facts = (*session)->facts(*id);
  EXPECT_THAT(facts.notices, ::testing::Contains(::testing::HasSubstr("holds up whoever reads its memory")));
  EXPECT_THAT(facts.notices, ::testing::Contains(::testing::HasSubstr("were still being read")));
  EXPECT_FALSE(facts.live_at_start);
  const auto tables = (*session)->tables(*id);
  ASSERT_TRUE(tables) << tables.error().message;
  EXPECT_FALSE(tables->looked);
  session->reset();
  EXPECT_LT(took(), std::chrono::seconds(10)) << "nobody waits for its reader for ever";
}

// A P that the program does not use any more is read all the same (CounterReader::find_ps): here it is where
// nobody can read it.
TEST_F(ComingAndGoing, ControlWaitsForNoCounter) {
  testing::GoTarget go("parked", testing::go_versions().back());
  const std::uint64_t page = held_page(go);
  ASSERT_NE(page, 0u) << "no userfaultfd: CONFIG_USERFAULTFD";
  ASSERT_TRUE(go.ask("procs 3").starts_with("ok"));
  ASSERT_TRUE(go.ask("procs 1").starts_with("ok"));
  SessionOptions options;
  options.sample_cpu = 0;
  auto session = Session::make(options);
  ASSERT_TRUE(session) << session.error().message;
  auto target = Target::open(go.pid());
  ASSERT_TRUE(target) << target.error().message;
  const auto allp = go.process().value<std::uint64_t>(go.counter_config().allp_address).value();
  ASSERT_TRUE(go.ask("poke " + std::to_string(allp + 16) + " " + std::to_string(page)).starts_with("ok"));

  using std::chrono::steady_clock;
  const auto begin = steady_clock::now();
  const auto took = [&] { return steady_clock::now() - begin; };
  const auto id = (*session)->add(std::move(*target));
  ASSERT_TRUE(id) << id.error().message;
  for (int i = 0; i < 3; ++i) {
    (*session)->ask_samples();
    const auto samples = (*session)->await_samples();
    ASSERT_TRUE(samples) << samples.error().message;
    EXPECT_FALSE(samples->at(*id).counters);
    (*session)->tick();
  }
  EXPECT_LT(took(), std::chrono::seconds(2));
  (*session)->finish();
  EXPECT_FALSE((*session)->facts(*id).counters_end);
  session->reset();
  EXPECT_LT(took(), std::chrono::seconds(5)) << "nobody waits for its reader for ever";
}

INSTANTIATE_TEST_SUITE_P(Sampling, HeldUp, ::testing::Values(0, 0.05),
                         [](const auto& tested) { return tested.param == 0 ? "Without" : "With"; });

}  // namespace
}  // namespace gorotrace
