// Questions: of all targets at once, as of a moment, within a time.
#include <chrono>
#include <thread>

#include "fixture.h"

namespace gorotrace {
namespace {

using namespace std::chrono_literals;

class Questions : public StreamTest {
 protected:
  Questions() {
    begin(kOne);
    begin(kTwo);
  }
};

TEST_F(Questions, ACommonMomentOfAllTargets) {
  push({{numbered(event(GT_HOOK_CREATE, 2000, kOne), 0, kOne),
         numbered(event(GT_HOOK_CREATE, 2100, kOne), 0, kTwo),
         numbered(event(GT_HOOK_CREATE, 2500, kTwo), 0, kOne),
         numbered(event(GT_HOOK_CREATE, 2600, kTwo), 0, kTwo)}},
       1500);
  PendingAnswers asked = models.ask_later(2400, Ask::kTables, {}, 60s);
  push({{}}, 3000);
  const auto answers = asked.get();
  ASSERT_TRUE(answers);
  ASSERT_EQ(answers->size(), 2u);
  for (const auto& [target, answer] : *answers) {
    EXPECT_EQ(answer.tables->at_ns, 2400u) << target;
    EXPECT_EQ(answer.tables->created, 1u) << target;
  }
  // What was asked before does not change with what comes.
  EXPECT_EQ(totals(kOne, 2900).created, 2u);
  EXPECT_EQ(answers->at(kOne).tables->created, 1u);
}

TEST_F(Questions, WhatALaterRecordNamesDoesNotAnswerBeforeTheEarlierOnes) {
  push({{numbered(park_event(2000, 1, kChanReceive, 5, 0xc000), 0),
         numbered(park_event(2500, 2, kChanReceive, 6, 0xc000), 0)}},
       1500);
  PendingAnswers asked = models.ask_later(2400, Ask::kTotals, {kOne}, 60s);
  push({{}}, 3000);
  EXPECT_EQ(asked.get()->at(kOne).tables->parks, 1u);
}

TEST_F(Questions, AnEarlierOneIsNotHeldUpByALaterOne) {
  push({{numbered(event(GT_HOOK_CREATE, 2000, kOne), 0)}}, 1500);
  PendingAnswers late = models.ask_later(9000, Ask::kTotals, {kOne}, 60s);
  PendingAnswers early = models.ask_later(2400, Ask::kTotals, {kOne}, 60s);
  push({{numbered(event(GT_HOOK_CREATE, 2500, kTwo), 0)}}, 3000);
  EXPECT_EQ(early.get()->at(kOne).tables->created, 1u);
  push({{}}, 9500);
  EXPECT_EQ(late.get()->at(kOne).tables->created, 2u);
}

TEST_F(Questions, AWatermarkThatNeverComesCostsThePatienceAndTheAnswerSaysUpToWhen) {
  push({{numbered(event(GT_HOOK_CREATE, 2000, kOne), 0)}}, 2500);
  patience = 100ms;
  const auto begin = std::chrono::steady_clock::now();
  const Tables t = tables(kOne, 9000);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 100ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_EQ(t.at_ns, 2500u);
  EXPECT_EQ(t.created, 1u);
}

TEST_F(Questions, OfAWindowThatEndedAsOfItsEndAndOfTheOtherAsOfNow) {
  push({{numbered(event(GT_HOOK_CREATE, 2000, kOne), 0)}}, 2500);
  router.post({kOne, 3000, TargetEnded{}});
  push({{}}, 5000);
  const auto answers = models.ask(4000, Ask::kTotals);
  ASSERT_TRUE(answers);
  EXPECT_EQ(answers->at(kOne).tables->at_ns, 3000u);
  EXPECT_GE(answers->at(kTwo).tables->at_ns, 4000u);
}

TEST_F(Questions, WhatWasPostedBeforeTheQuestionIsInTheAnswer) {
  Snapshot s;
  s.goroutines.emplace_back();
  s.goroutines[0].goid = 5;
  s.goroutines[0].status = GStatus::kRunning;
  s.goroutines[0].read_at_ns = 1500;
  s.counts.begin_ns = 1400;
  s.counts.end_ns = 1600;
  router.post({kOne, 1600, s});
  push({{}}, 1700);  // as a session without probes does
  EXPECT_EQ(tables(kOne, 1700).live, 1u);
}

TEST_F(Questions, ATargetThatIsNotThereHasNoAnswer) {
  push({{}}, 3000);
  const auto answers = models.ask(2000, Ask::kTables, {kOne, 77});
  ASSERT_TRUE(answers);
  EXPECT_EQ(answers->size(), 1u);
}

// The models' thread is at work for longer than an asker waits: the answer comes behind it, or an error.
TEST(QuestionsOfABusySink, AreAnsweredAsSoonAsItComesToThem) {
  ModelSink models;
  auto big = std::make_shared<Batch>();
  big->items.push_back({1, 0, TargetBegun{0, 0, {}, kReasons}});
  Records run;
  for (std::uint64_t i = 0; i < 400'000; ++i) run.records.push_back(event(GT_HOOK_CREATE, 2000 + i, 1 + i));
  big->items.push_back({1, 2000, std::move(run)});
  big->items.push_back({0, 500'000, Advanced{}});
  models.push(big);
  const auto answers = models.ask(900'000, Ask::kTotals, {}, 1ms);
  ASSERT_TRUE(answers) << answers.error().message;
  EXPECT_EQ(answers->at(1).tables->created, 400'000u);
  EXPECT_GE(answers->at(1).tables->at_ns, 401'999u);
  EXPECT_LE(answers->at(1).tables->at_ns, 500'000u);
}

// Who asks without waiting looks again until it is there, and it is: as of where the stream is, when its time
// does not come.
TEST_F(Questions, NobodyNeedsToWaitForAnAnswer) {
  push({{numbered(event(GT_HOOK_CREATE, 2000, kOne), 0)}}, 2500);
  const auto begin = std::chrono::steady_clock::now();
  PendingAnswers pending = models.ask_later(9000, Ask::kTotals, {kOne}, 300ms);
  while (!pending.ready() && std::chrono::steady_clock::now() < begin + 5s) std::this_thread::sleep_for(1ms);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 300ms);
  const auto answers = pending.get();
  ASSERT_TRUE(answers) << answers.error().message;
  EXPECT_EQ(answers->at(kOne).tables->at_ns, 2500u) << "it says what time it is of";
}

TEST_F(Questions, WhoIsToldToStopWaitsForNoAnswer) {
  push({{}}, 2500);
  PendingAnswers pending = models.ask_later(9000, Ask::kTotals, {kOne});
  std::stop_source stop;
  std::thread later([&] {
    std::this_thread::sleep_for(20ms);
    stop.request_stop();
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(pending.get(stop.get_token()));
  later.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
}

TEST(Waits, EachEndedOneGoesToTheQueueWithItsTarget) {
  WaitQueue queue(2);
  {
    ModelSink models(&queue);
    models.push(std::make_shared<Batch>(
        Batch{{{1, 0, TargetBegun{4711, 0, {}, kReasons}},
               {1, 1000, GroupChanged{GT_GROUP_BLOCK, true}},
               {1, 2000, Records{{park_event(2000, 1, kChanReceive, 5), event(GT_HOOK_READY, 2300, 1)}}}}}));
    models.push(std::make_shared<Batch>(
        Batch{{{1, 3000,
                Records{{park_event(3000, 1, kSleep, 6), event(GT_HOOK_READY, 3100, 1),
                         park_event(3200, 1, kSleep, 6), event(GT_HOOK_READY, 3300, 1)}}}}}));
  }
  const auto ended = queue.pop(0ms);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->target->host_pid, 4711);
  ASSERT_EQ(ended->waits.size(), 1u);
  EXPECT_EQ(ended->waits[0].end_ns - ended->waits[0].start_ns, 300u);
  EXPECT_FALSE(queue.pop(0ms));
  EXPECT_EQ(queue.dropped(), 2u);  // there was room for one more only
}

}  // namespace
}  // namespace gorotrace
