#include "evidence/dump_select.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dump_fixture.h"

namespace gorotrace {
namespace {

using report_test::FakeDump;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint64_t kMinute = 60'000'000'000;

// runtime/traceback.go isSystemGoroutine, fixed = false.
TEST(DumpSelection, TheRuntimesGoroutinesAreShownInTheProgramsCode) {
  FakeDump fake;
  const std::uint64_t finalizers = fake.function("runtime.runFinalizers"),
                      park = fake.function("runtime.gopark"), call = fake.function("runtime.call16"),
                      caller = fake.function("runtime.callers"), user = fake.function("main.f"),
                      added = fake.function("runtime.AddCleanup[...].func1"),
                      cleanups = fake.function("runtime.runCleanups"),
                      sweep = fake.function("runtime.bgsweep");
  const auto shown = [&](const std::vector<std::uint64_t>& pcs, std::uint64_t start, auto... also) {
    fake.dump.snapshot.goroutines.clear();
    GoroutineSnapshot& g = fake.goroutine(1, pcs);
    g.startpc = start & ~0xffull;
    (also(g), ...);
    StackTable symbols = fake.symbols();
    return !select(DumpView(fake.dump, symbols), {}).goroutines.empty();
  };
  EXPECT_FALSE(shown({park, finalizers}, finalizers));
  EXPECT_FALSE(shown({finalizers}, finalizers));
  EXPECT_FALSE(shown({park, caller, finalizers}, finalizers));
  EXPECT_TRUE(shown({park, user, call, finalizers}, finalizers));
  EXPECT_TRUE(shown({user, added, finalizers}, finalizers));  // 1.24
  EXPECT_TRUE(shown({user, finalizers}, finalizers));         // 1.24, the closure inlined into the program's
  EXPECT_TRUE(shown({park, user}, finalizers, [](auto& g) { g.truncated = true; }));
  // Without a stack the flag tells, which is of no matter otherwise.
  for (const std::optional<bool> flag : {std::optional(true), std::optional(false), std::optional<bool>()}) {
    fake.dump.finalizing = flag;
    EXPECT_EQ(shown({}, finalizers), flag == true);
    EXPECT_FALSE(shown({park, finalizers}, finalizers));
    EXPECT_TRUE(shown({park, user, call, finalizers}, finalizers));
  }
  EXPECT_FALSE(shown({park, cleanups}, cleanups));
  EXPECT_TRUE(shown({park, user, cleanups}, cleanups, [](auto& g) { g.running_cleanups = true; }));
  EXPECT_TRUE(shown({}, cleanups, [](auto& g) { g.running_cleanups = true; }));
  EXPECT_FALSE(shown({park, user}, sweep, [](auto& g) { g.running_cleanups = true; }));
}

TEST(DumpFilter, ConditionsOfOneKindAreAlternativesOthersMustAllHold) {
  FakeDump fake;
  const std::uint64_t a = fake.function("main.alpha"), b = fake.function("net/http.(*conn).serve"),
                      maker = fake.function("main.serve");
  fake.goroutine(1, {a}).wait_reason = 1;
  fake.goroutine(2, {b}).wait_reason = 2;
  fake.goroutine(3, {a, b}).wait_reason = 3;
  fake.goroutine(4, {b}).status = GStatus::kRunnable;
  fake.dump.snapshot.goroutines[2].gopc = maker;
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const auto matching = [&](std::initializer_list<const char*> conditions, const char* created_by = nullptr) {
    DumpFilter filter;
    for (const char* c : conditions) EXPECT_TRUE(filter.add(c)) << c;
    if (created_by != nullptr) filter.created_by = {created_by};
    const Selection s = select(view, filter);
    EXPECT_EQ(s.goroutines.size() + s.unmatched, 4u);
    std::vector<std::uint64_t> goids;
    for (const GoroutineSnapshot* g : s.goroutines) goids.push_back(g->goid);
    return goids;
  };
  EXPECT_THAT(matching({}), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(matching({"reason=chan receive"}), ElementsAre(1));
  EXPECT_THAT(matching({"reason=chan receive", "reason=sleep"}), ElementsAre(1, 2));
  EXPECT_THAT(matching({"reason=chan"}), ElementsAre());
  EXPECT_THAT(matching({"state=runnable"}), ElementsAre(4));
  EXPECT_THAT(matching({"function=http"}), ElementsAre(2, 3, 4));
  EXPECT_THAT(matching({"function=http", "reason=select"}), ElementsAre(3));
  EXPECT_THAT(matching({}, "serve"), ElementsAre(3));
  EXPECT_THAT(matching({"goid=3"}), ElementsAre(3));
  EXPECT_THAT(matching({"goid=3", "goid=1", "function=http"}), ElementsAre(3));
  DumpFilter filter;
  for (const char* wrong : {"", "reason", "reason=", "state=asleep", "label=k", "label==v", "goid=x",
                            "goid=", "goid=-1", "goid=1x", "goid=99999999999999999999"}) {
    const auto added = filter.add(wrong);
    ASSERT_FALSE(added) << wrong;
    EXPECT_EQ(added.error().kind, ErrorKind::kUsage);
  }
}

TEST(DumpFilter, CreatedByLeadsBackToTheProgram) {
  FakeDump fake;
  const std::uint64_t loop = fake.function("net/http.loop"), dial = fake.function("net/http.dial"),
                      client = fake.function("main.leakyClient");
  fake.goroutine(5, {loop}).gopc = dial;
  fake.goroutine(6, {loop}).gopc = dial;
  fake.goroutine(4, {loop}).gopc = client;
  fake.dump.snapshot.goroutines[0].parent_goid = 4;
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  DumpFilter filter;
  filter.created_by = {"leakyClient"};
  const Selection selection = select(view, filter);
  std::vector<std::uint64_t> goids;
  for (const GoroutineSnapshot* g : selection.goroutines) goids.push_back(g->goid);
  EXPECT_THAT(goids, testing::UnorderedElementsAre(4, 5)) << "nobody knows who made the maker of 6";
  EXPECT_EQ(selection.unknown_creator, 1u);
  EXPECT_EQ(selection.unmatched, 0u);
  filter.created_by = {"otherClient"};
  const Selection other = select(view, filter);
  EXPECT_EQ(other.unknown_creator, 1u) << "those of leakyClient are known to be others";
  EXPECT_EQ(other.unmatched, 2u);
  EXPECT_TRUE(filter.add("function=nothing"));
  EXPECT_EQ(select(view, filter).unknown_creator, 0u) << "their creators would not change that";
}

TEST(DumpFilter, ConditionsAreListedInOneOrder) {
  DumpFilter a, b;
  EXPECT_TRUE(a.conditions().empty());
  for (const char* c : {"reason=chan", "goid=7", "reason=chan"}) EXPECT_TRUE(a.add(c));
  for (const char* c : {"goid=7", "reason=chan"}) EXPECT_TRUE(b.add(c));
  a.min_wait_ns = b.min_wait_ns = kMinute;
  a.created_by = b.created_by = {"main.f"};
  a.system = b.system = true;
  EXPECT_TRUE(a.find_reasons({"", "chan receive", "chan send"}, "go1.26.8"));  // what was asked for stays
  EXPECT_EQ(a.conditions(), b.conditions());
  EXPECT_THAT(a.conditions(), ElementsAre("--created-by main.f", "--min-wait 60s", "--system",
                                          "--where goid=7", "--where reason=chan"));
  b.min_wait_ns = kMinute + 1;
  EXPECT_NE(a.conditions(), b.conditions());
}

TEST(DumpFilter, APartOfAReasonNamesAllThatHaveIt) {
  const std::vector<std::string> reasons{"", "chan receive", "chan send", "select", "select (no cases)"};
  const auto found = [&](const std::string& text) {
    DumpFilter filter;
    EXPECT_TRUE(filter.add("reason=" + text));
    const auto done = filter.find_reasons(reasons, "go1.26.8");
    return done ? filter.reasons : std::vector<std::string>{done.error().message};
  };
  EXPECT_THAT(found("chan"), ElementsAre("chan receive", "chan send"));
  EXPECT_THAT(found("select"), ElementsAre("select")) << "a whole one means itself";
  EXPECT_THAT(found("cases"), ElementsAre("select (no cases)"));
  EXPECT_THAT(found("runn"), ElementsAre("runnable", "running"));
  EXPECT_THAT(found("CASES"), ElementsAre("select (no cases)"));
  EXPECT_THAT(found("Select"), ElementsAre("select"));
  EXPECT_THAT(found("mutex"),
              ElementsAre(testing::StartsWith("no wait reason of go1.26.8 has \"mutex\" in it; "
                                              "there are chan receive, chan send, select,")));
}

TEST(DumpFilter, WhatIsChosenStandsInTheOrderOfAllgs) {
  FakeDump fake;
  const std::uint64_t pc = fake.function("main.f");
  for (const std::uint64_t goid : {5u, 6u, 7u})
    fake.goroutine(goid, {pc}).index = static_cast<std::uint32_t>(10 - goid);
  StackTable symbols = fake.symbols();
  const Selection chosen = select(DumpView(fake.dump, symbols), {});
  std::vector<std::uint64_t> goids;
  for (const GoroutineSnapshot* g : chosen.goroutines) goids.push_back(g->goid);
  EXPECT_THAT(goids, ElementsAre(7, 6, 5));
}

TEST(DumpFilter, AWaitOfUnknownLengthIsLeftOutAndCounted) {
  FakeDump fake;
  const std::uint64_t f = fake.function("main.f");
  constexpr std::uint64_t kSecond = 1'000'000'000;
  const std::uint64_t now = fake.goroutine(1, {f}).read_at_ns;
  fake.goroutine(2, {f}).waited_at_ns = now - 90 * kSecond;
  fake.goroutine(3, {f}).waited_at_ns = now - 30 * kSecond;
  fake.goroutine(4, {f}).waited_at_ns = now + kSecond;  // forged
  fake.goroutine(5, {f}).status = GStatus::kRunnable;
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  DumpFilter filter;
  filter.min_wait_ns = 60 * kSecond;
  const Selection s = select(view, filter);
  ASSERT_EQ(s.goroutines.size(), 1u);
  EXPECT_EQ(s.goroutines[0]->goid, 2u);
  EXPECT_EQ(s.unknown_wait, 2u);
  EXPECT_EQ(s.unmatched, 2u);
}

TEST(DumpSelect, WhoMovedWithinTheTimeHasNotWaitedForIt) {
  FakeDump fake;
  const std::uint64_t f = fake.function("main.f");
  const std::uint64_t now = fake.goroutine(1, {f}).read_at_ns;
  for (int goid = 2; goid <= 5; ++goid) fake.goroutine(static_cast<std::uint64_t>(goid), {f});
  fake.dump.known_waits = {{},                               // nothing is known
                           {.moved_ns = now - kMinute},      // just as long: it moved then or later
                           {.moved_ns = now - kMinute + 1},  //
                           {.moved_ns = now + 5},            // since it was read
                           {WaitSource::kSampling, false, now - 2 * kMinute, now - 3 * kMinute}};
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  DumpFilter filter;
  filter.min_wait_ns = kMinute;
  const Selection s = select(view, filter);
  ASSERT_EQ(s.goroutines.size(), 1u);
  EXPECT_EQ(s.goroutines[0]->goid, 5u);
  EXPECT_EQ(s.unknown_wait, 2u);
  EXPECT_EQ(s.unmatched, 2u);
  EXPECT_EQ(s.known_waits.moved, 3u);
  const auto at_most = [&](std::size_t i) {
    return view.waiting_at_most_ns(fake.dump.snapshot.goroutines[i]);
  };
  EXPECT_EQ(at_most(0), std::nullopt);
  EXPECT_EQ(at_most(1), kMinute);
  EXPECT_EQ(at_most(3), std::nullopt) << "of the wait that was read nothing is known";
  EXPECT_EQ(at_most(4), 3 * kMinute);
}

}  // namespace
}  // namespace gorotrace
