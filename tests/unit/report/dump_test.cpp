#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dump_fixture.h"
#include "report/dump_json.h"
#include "report/dump_text.h"
#include "report/goroutine_header.h"
#include "report/tabs.h"

namespace gorotrace {
namespace {

using report_test::FakeDump;
using report_test::written;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

GoVersion version(const char* text) {
  return *GoVersion::parse(text);
}

GoroutineSnapshot waiting(std::uint64_t minutes) {
  GoroutineSnapshot g;
  g.goid = 7;
  g.status = GStatus::kWaiting;
  g.wait_reason = 2;
  g.read_at_ns = 10'000'000'000'000;
  g.wait_since_ns = g.read_at_ns - minutes * 60'000'000'000 - 59'000'000'000;
  return g;
}

const std::vector<std::string> kReasons{"", "chan receive", "sleep"};

TEST(GoroutineHeader, IsWhatTheRuntimeOfThatVersionPrints) {
  GoroutineSnapshot g = waiting(12);
  EXPECT_EQ(goroutine_header(g, waited_by_runtime(g), version("go1.18.10"), kReasons, {}),
            "goroutine 7 [sleep, 12 minutes]:");
  g = waiting(0);
  EXPECT_EQ(goroutine_header(g, waited_by_runtime(g), version("go1.18.10"), kReasons, {}),
            "goroutine 7 [sleep]:");
  g.locked = true;
  g.bubble = 3;
  EXPECT_EQ(goroutine_header(g, waited_by_runtime(g), version("go1.24.1"), kReasons, {}),
            "goroutine 7 [sleep, locked to thread, synctest group 3]:");
  EXPECT_EQ(goroutine_header(g, waited_by_runtime(g), version("go1.25.1"), kReasons, {}),
            "goroutine 7 [sleep (durable), locked to thread, synctest bubble 3]:");
  g = waiting(1);
  g.status = GStatus::kSyscall;  // the wait reason is the last wait's
  g.bubble = 3;
  EXPECT_EQ(goroutine_header(g, waited_by_runtime(g), version("go1.25.1"), kReasons, {}),
            "goroutine 7 [syscall (durable), 1 minutes, synctest bubble 3]:")
      << "1.25 asks what it last waited for";
  EXPECT_EQ(goroutine_header(g, waited_by_runtime(g), version("go1.26.1"), kReasons, {}),
            "goroutine 7 [syscall, 1 minutes, synctest bubble 3]:");
  g.bubble = 0;
  EXPECT_EQ(goroutine_header(g, waited_by_runtime(g), version("go1.26.1"), kReasons, {}),
            "goroutine 7 [syscall, 1 minutes]:");
  g.status = GStatus::kLeaked;
  EXPECT_EQ(goroutine_header(g, waited_by_runtime(g), version("go1.26.1"), kReasons, {}),
            "goroutine 7 [sleep (leaked)]:");
  g.status = GStatus::kWaiting;
  g.wait_reason = 200;
  EXPECT_EQ(state_name(g, kReasons), "unknown wait reason");
}

// runtime/traceback.go goroutineheader: in the brackets and always quoted in 1.26, behind them since.
TEST(GoroutineHeader, LabelsWhereTheProcessShowsThem) {
  const GoroutineSnapshot g = waiting(0);
  const Labels labels{{"tenant", "acme"}, {"a b", "\"\\é😀"}};
  EXPECT_EQ(goroutine_header(g, waited_by_runtime(g), version("go1.27.4"), kReasons, nullptr),
            "goroutine 7 [sleep]:");
  EXPECT_EQ(goroutine_header(g, waited_by_runtime(g), version("go1.26.8"), kReasons, &labels),
            R"(goroutine 7 [sleep labels:{"tenant": "acme", "a b": "\"\\\u00e9\U0001f600"}]:)");
  const Labels obeyed{{"tenant", "ac\x1b[1mme"}};
  EXPECT_EQ(goroutine_header(g, waited_by_runtime(g), version("go1.26.8"), kReasons, &obeyed),
            R"(goroutine 7 [sleep labels:{"tenant": "ac\ufffd[1mme"}]:)");
  EXPECT_EQ(goroutine_header(g, waited_by_runtime(g), version("go1.27.4"), kReasons, &labels),
            R"(goroutine 7 [sleep] {tenant: acme, "a b": "\"\\\u00e9\U0001f600"}:)");
}

TEST(DumpText, RuntimeFramesAreHiddenUnlessThereIsNothingElse) {
  FakeDump fake;
  const std::uint64_t park = fake.function("runtime.gopark"),
                      user = fake.function("main.work", "/src/w.go", 42),
                      exit = fake.function("runtime.goexit");
  fake.inline_into(user, "main.small", 7);
  fake.goroutine(5, {park, user, exit});
  fake.goroutine(6, {park, exit});
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const std::string text = written([&](const TextSink& sink) { dump_text(view, select(view, {}), 0, sink); });
  EXPECT_THAT(text, HasSubstr("goroutine 5 [chan receive]:\n"
                              "main.small(...)\n\t/src/inlined.go:7\n"
                              "main.work(...)\n\t/src/w.go:42 +0x20\n"
                              "\ngoroutine 6 [chan receive]:\n"
                              "runtime.gopark(...)\n\t/src/f.go:10 +0x20\n"
                              "runtime.goexit(...)\n\t/src/f.go:10 +0x20\n"));
}

TEST(DumpText, AncestorsAsTheRuntimePrintsThem) {
  FakeDump fake;
  const std::uint64_t work = fake.function("main.work"),
                      dial = fake.function("net/http.dial", "/go/http.go", 7),
                      serve = fake.function("main.serve", "/src/s.go", 3),
                      switched = fake.function("runtime.systemstack_switch");
  GoroutineSnapshot& g = fake.goroutine(5, {work});
  g.gopc = dial;
  g.parent_goid = 4;
  const auto stack = [](std::vector<std::uint64_t> pcs) {
    return std::make_shared<const Ancestor::Pcs>(std::move(pcs));
  };
  fake.dump.ancestors[5] = {{stack({switched, dial}), 4, serve}, {stack(Ancestor::Pcs(50, serve)), 1, serve}};
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const std::string text = written([&](const TextSink& sink) { dump_text(view, select(view, {}), 0, sink); });
  EXPECT_THAT(text, HasSubstr("created by net/http.dial in goroutine 4\n\t/go/http.go:7 +0x20\n"
                              "[originating from goroutine 4]:\n"
                              "net/http.dial(...)\n\t/go/http.go:7 +0x20\n"
                              "created by main.serve\n\t/src/s.go:3 +0x20\n"
                              "[originating from goroutine 1]:\n"
                              "main.serve(...)\n\t/src/s.go:3 +0x20\n"));
  EXPECT_TRUE(text.ends_with("main.serve(...)\n\t/src/s.go:3 +0x20\n...additional frames elided...\n"))
      << text;
  // Whose code it was, in JSON.
  const auto chain = view.chain(view.goroutines()[0]);
  ASSERT_EQ(chain.size(), 2u);
  EXPECT_EQ(chain[0].creator, 4u);
  EXPECT_EQ(chain[1].site.front().function, "main.serve");
}

TEST(DumpText, CreatorsThatWereSeen) {
  FakeDump fake;
  const std::uint64_t work = fake.function("main.work"),
                      dial = fake.function("net/http.dial", "/go/http.go", 7),
                      client = fake.function("main.client", "/src/c.go", 3),
                      queue = fake.function("net/http.queue", "/go/http.go", 9);
  GoroutineSnapshot& g = fake.goroutine(5, {work});
  g.gopc = dial;
  g.parent_goid = 4;
  fake.dump.creations.creations = {{5, 4, 71, dial, 0}, {4, 1, 72, queue, 0}};
  const auto defined = [](std::vector<std::uint64_t> pcs) {
    return std::make_shared<const StackPcs>(StackPcs{std::move(pcs), false});
  };
  NamedStacks::Map stacks;
  stacks.emplace(71, defined({dial}));
  stacks.emplace(72, defined({queue, client}));
  fake.dump.creations.stacks = NamedStacks(std::move(stacks));
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const std::string text = written([&](const TextSink& sink) { dump_text(view, select(view, {}), 0, sink); });
  EXPECT_THAT(text, HasSubstr("in goroutine 4\n\t/go/http.go:7 +0x20\n"
                              "[originating from goroutine 4]:\nnet/http.dial(...)\n\t/go/http.go:7\n"
                              "[originating from goroutine 1]:\nnet/http.queue(...)\n\t/go/http.go:9\n"
                              "main.client(...)\n\t/src/c.go:3\n"));
}

TEST(DumpText, WrappersAndPanics) {
  FakeDump fake;
  const std::uint64_t panic = fake.function("runtime.gopanic"), deferred = fake.function("main.f.func1"),
                      wrapper = fake.function("main.(*T).M"), user = fake.function("main.f");
  fake.innermost(wrapper).wrapper = true;
  fake.goroutine(1, {deferred, wrapper, user});
  fake.goroutine(2, {deferred, panic, wrapper, user});
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const auto shown = [&](std::size_t i) {
    std::vector<std::string> names;
    for (const ShownFrame& f : traceback_frames(view.stack(view.goroutines()[i]), fake.dump.version))
      names.push_back(traceback_name(*f.frame));
    return names;
  };
  EXPECT_THAT(shown(0), ElementsAre("main.f.func1", "main.f"));
  EXPECT_THAT(shown(1), ElementsAre("main.f.func1", "panic", "main.(*T).M", "main.f"));
}

TEST(DumpText, ExportedMethodsOfTheRuntimeSince123) {
  FakeDump fake;
  const std::uint64_t method = fake.function("runtime.(*Frames).Next"),
                      hidden = fake.function("runtime.(*g).Next"), user = fake.function("main.f");
  fake.goroutine(1, {method, hidden, user});
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const std::vector<Call> stack = view.stack(view.goroutines()[0]);
  EXPECT_EQ(traceback_frames(stack, version("go1.22.1")).size(), 1u);
  EXPECT_EQ(traceback_frames(stack, version("go1.23.1")).size(), 2u);
}

TEST(DumpText, WithoutAStackTheRuntimesLineAndTheReason) {
  FakeDump fake;
  const std::uint64_t maker = fake.function("main.serve", "/src/s.go", 9);
  GoroutineSnapshot& running = fake.goroutine(5, {});
  running.status = GStatus::kRunning;
  running.gopc = maker;
  running.parent_goid = 3;
  fake.goroutine(6, {});
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const std::string text = written([&](const TextSink& sink) { dump_text(view, select(view, {}), 0, sink); });
  EXPECT_THAT(text, HasSubstr("goroutine 5 [running]:\n"
                              "\tgoroutine running on other thread; stack unavailable\n"
                              "created by main.serve in goroutine 3\n\t/src/s.go:9 +0x20\n"));
  EXPECT_THAT(text, HasSubstr("stack unavailable: moved while it was read\n"));
}

TEST(DumpText, HostileNamesDoNotReachTheTerminal) {
  FakeDump fake;
  const std::uint64_t evil = fake.function("main.\x1b]0;owned\x07\n\ngoroutine 666 [running]:",
                                           "/\x1b[2J\xff.go"),
                      huge = fake.function("main." + std::string(1 << 20, 'x'));
  fake.innermost(huge).type_arguments = "[" + std::string(1 << 20, '\x1b') + "]";
  fake.goroutine(5, {evil, huge}).gopc = evil;
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const Selection all = select(view, {});
  for (const std::string& text : {written([&](const TextSink& sink) { dump_text(view, all, 0, sink); }),
                                  written([&](const TextSink& sink) { dump_group_text(view, all, 0, sink); }),
                                  json_text([&](JsonWriter& out) { dump_json(out, view, all, 0); })}) {
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\n\ngoroutine 666")));
    EXPECT_LT(text.size(), 40'000u);
  }
}

TEST(DumpText, NotesSayWhatWasLookedAt) {
  FakeDump fake;
  const std::uint64_t f = fake.function("main.f"), worker = fake.function("runtime.bgsweep");
  for (std::uint64_t i = 0; i < 4; ++i) fake.goroutine(i, {f});
  fake.goroutine(9, {f}).startpc = worker;
  fake.dump.snapshot.counts.retried = 3;
  fake.dump.snapshot.counts.unproven = 1;
  fake.dump.snapshot.counts.not_reached = 2;
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const std::string text = written([&](const TextSink& sink) { dump_text(view, select(view, {}), 3, sink); });
  EXPECT_THAT(text, HasSubstr("# gorotrace: 5 goroutines of process 1234"));
  EXPECT_THAT(text, HasSubstr("stacks proven 4, of them after a retry 3; unproven 1"));
  EXPECT_THAT(text, HasSubstr("# gorotrace: INCOMPLETE: 2 goroutines not reached"));
  EXPECT_THAT(text,
              HasSubstr("# gorotrace: 1 goroutine of the runtime itself not shown (--system shows them)"));
  EXPECT_THAT(text, HasSubstr("# gorotrace: 1 more goroutine not shown (--limit 0: all)"));
  const auto on_terminal =
      written([&](const TextSink& sink) { dump_text(view, select(view, {}), 3, sink, 40); });
  EXPECT_THAT(on_terminal,
              HasSubstr("# gorotrace: 1 goroutine of the runtime\n#   itself not shown (--system shows\n"
                        "#   them)\n"));
  const auto group =
      written([&](const TextSink& sink) { dump_group_text(view, select(view, {}), 3, sink, 40); });
  EXPECT_THAT(group, HasSubstr("runtime\n#   itself not shown"));
}

TEST(DumpGroupText, IdenticalStacksAreCountedMostFrequentFirst) {
  FakeDump fake;
  const std::uint64_t park = fake.function("runtime.gopark"), a = fake.function("main.a", "/src/a.go", 1),
                      b = fake.function("main.longer", "/src/b.go", 22),
                      exit = fake.function("runtime.goexit");
  fake.inline_into(b, "main.inner", 5);
  for (const std::uint64_t goid : {1, 2, 3}) fake.goroutine(goid, {park, b, exit});
  for (const std::uint64_t goid : {4, 5}) fake.goroutine(goid, {park, a, exit});
  fake.goroutine(6, {park, exit});
  fake.goroutine(7, {}).status = GStatus::kRunning;
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const std::string text =
      written([&](const TextSink& sink) { dump_group_text(view, select(view, {}), 0, sink); });
  EXPECT_EQ(text.substr(text.find("goroutine profile")),
            "goroutine profile: total 7\n"
            "3 @ 0x1020 0x1220 0x1220 0x1320\n"
            "#\t0x121f\tmain.inner+0x1f\t\t/src/inlined.go:5\n"
            "#\t0x121f\tmain.longer+0x1f\t/src/b.go:22\n"
            "\n"
            "2 @ 0x1020 0x1120 0x1320\n"
            "#\t0x111f\tmain.a+0x1f\t/src/a.go:1\n"
            "\n"
            "1 @\n"
            "# gorotrace: no stack: running\n"
            "\n"
            "1 @ 0x1020 0x1320\n"
            "#\t0x101f\truntime.gopark+0x1f\t/src/f.go:10\n"
            "\n");
}

TEST(Tabs, ColumnsAreThoseOfTextTabwriter) {
  EXPECT_EQ(align_with_tabs(std::vector<std::vector<std::string>>{{"#", "0x1", "main.f+0x1", "f.go:1"},
                                                                  {"#", "0x12345678", "m.g+0x1", "g.go:2"}}),
            "#\t0x1\t\tmain.f+0x1\tf.go:1\n"
            "#\t0x12345678\tm.g+0x1\t\tg.go:2\n");
  // Seven characters and the padding fill a tab exactly; a short row ends its columns.
  EXPECT_EQ(
      align_with_tabs(std::vector<std::vector<std::string>>{{"1234567", "x"}, {"é", "y"}, {"z"}, {"a", "b"}}),
      "1234567\tx\né\ty\nz\na\tb\n");
}

TEST(DumpJson, StacksStandOnceAndWhatIsNotKnownIsNull) {
  FakeDump fake;
  const std::uint64_t f = fake.function("main.f"), g = fake.function("main.g"),
                      maker = fake.function("main.make");
  fake.goroutine(1, {f});
  GoroutineSnapshot& second = fake.goroutine(2, {g, f});
  second.gopc = maker;
  second.startpc = f;
  second.waited_at_ns = second.read_at_ns - 5;
  second.unproven = true;
  fake.goroutine(3, {f});
  fake.goroutine(4, {}).status = GStatus::kRunning;
  fake.dump.snapshot.counts.unproven = 1;
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const auto json =
      nlohmann::json::parse(json_text([&](JsonWriter& out) { dump_json(out, view, select(view, {}), 0); }));
  EXPECT_EQ(json["quality"], "estimated");
  ASSERT_EQ(json["stacks"].size(), 2u);
  ASSERT_EQ(json["goroutines"].size(), 4u);
  EXPECT_EQ(json["goroutines"][0]["stack"], "s1");
  EXPECT_EQ(json["goroutines"][1]["stack"], "s2");
  EXPECT_EQ(json["goroutines"][2]["stack"], "s1");
  EXPECT_TRUE(json["goroutines"][3]["stack"].is_null());
  EXPECT_EQ(json["goroutines"][3]["stack_missing"], "running");
  EXPECT_EQ(json["stacks"]["s2"]["frames"][0]["function"], "main.g");
  EXPECT_EQ(json["goroutines"][1]["waiting_at_least_ns"], 5);
  EXPECT_EQ(json["goroutines"][1]["waiting_source"], "collections");
  EXPECT_EQ(json["goroutines"][1]["waiting_quality"], "lower bound");
  EXPECT_TRUE(json["watched"].is_null());
  EXPECT_TRUE(json["goroutines"][0]["waiting_at_least_ns"].is_null());
  EXPECT_EQ(json["goroutines"][1]["created_by"]["function"], "main.make");
  EXPECT_EQ(json["goroutines"][1]["stack_quality"], "estimated");
  EXPECT_EQ(json["goroutines"][0]["stack_quality"], "exact");
  const auto limited =
      nlohmann::json::parse(json_text([&](JsonWriter& out) { dump_json(out, view, select(view, {}), 1); }));
  EXPECT_EQ(limited["goroutines"].size(), 1u);
  EXPECT_EQ(limited["stacks"].size(), 1u);
  EXPECT_EQ(limited["not_shown"]["limit"], 3);
}

constexpr std::uint64_t kMinute = 60'000'000'000;

TEST(DumpText, TheParkThatWasSeenOutweighsWhatTheRuntimeWouldPrint) {
  FakeDump fake;
  const std::uint64_t f = fake.function("main.f");
  const std::uint64_t now = fake.goroutine(1, {f}).read_at_ns;
  for (int goid = 2; goid <= 4; ++goid) fake.goroutine(static_cast<std::uint64_t>(goid), {f});
  for (GoroutineSnapshot& g : fake.dump.snapshot.goroutines) g.wait_since_ns = now - 12 * kMinute;
  fake.dump.snapshot.goroutines[3].wait_since_ns = 0;
  fake.dump.known_waits = {{WaitSource::kProbes, true, now - 2 * kMinute},
                           {WaitSource::kSampling, false, now - 2 * kMinute},
                           {WaitSource::kSampling, false, now - 20 * kMinute},
                           {WaitSource::kProbes, false, now - 3 * kMinute}};
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const std::string text = written([&](const TextSink& sink) { dump_text(view, select(view, {}), 0, sink); });
  EXPECT_THAT(text, HasSubstr("goroutine 1 [chan receive, 2 minutes]:"));
  EXPECT_THAT(text, HasSubstr("goroutine 2 [chan receive, 12 minutes]:"));  // a bound says nothing against it
  EXPECT_THAT(text, HasSubstr("goroutine 3 [chan receive, 20 minutes]:"));
  EXPECT_THAT(text, HasSubstr("goroutine 4 [chan receive, 3 minutes]:"));
}

TEST(DumpText, SaysWhoWatchedAndWhatThatTells) {
  FakeDump fake;
  const std::uint64_t f = fake.function("main.f");
  const std::uint64_t now = fake.goroutine(1, {f}).read_at_ns;
  fake.goroutine(2, {f});
  fake.goroutine(3, {f});
  fake.dump.known_waits = {{WaitSource::kProbes, true, now - 5}, {WaitSource::kSampling, false, now - 9}, {}};
  StatFacts facts;
  facts.begin_ns = now;
  facts.end_ns = now + 5'000'000'000;
  facts.requested = group_bit(GT_GROUP_BLOCK);
  facts.events.received = 40;
  facts.events.dropped = {{"full", 2}};
  facts.detached = {{GT_GROUP_BLOCK, now + 1, "over the budget"}};
  facts.sampling = SamplingFacts{.looks = 50, .looks_at_all = 50, .cpu_ns = 1, .time_ns = 1'000'000'000};
  fake.dump.watched = facts;
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  DumpFilter filter;
  filter.min_wait_ns = 6;
  const Selection s = select(view, filter);
  ASSERT_EQ(s.goroutines.size(), 1u);
  EXPECT_EQ(s.goroutines[0]->goid, 2u);
  EXPECT_EQ(s.unknown_wait, 1u);
  const std::string text = written([&](const TextSink& sink) { dump_text(view, s, 0, sink); });
  EXPECT_THAT(text, HasSubstr("40 events received, 2 lost"));
  EXPECT_THAT(text, HasSubstr("50 samples of every goroutine, one in 20.0ms"));
  EXPECT_THAT(text, HasSubstr("probes block detached: over the budget"));
  EXPECT_THAT(text,
              HasSubstr("Wait time known for 2 of 3 waiting goroutines: 1 exact (park seen), 1 lower bound "
                        "(sampling).\n"));
  EXPECT_THAT(text, HasSubstr("1 waiting goroutine not shown, of unknown wait time\n"));
  const auto json = nlohmann::json::parse(json_text([&](JsonWriter& out) { dump_json(out, view, s, 0); }));
  EXPECT_EQ(json["watched"]["window_ns"], 5'000'000'000);
  EXPECT_EQ(json["watched"]["probes"], nlohmann::json::array({"block"}));
  EXPECT_EQ(json["watched"]["events"]["dropped"], 2);
  EXPECT_EQ(json["watched"]["sampling"]["samples"], 50);
  EXPECT_EQ(json["goroutines"][0]["waiting_source"], "sampling");
}

}  // namespace
}  // namespace gorotrace
