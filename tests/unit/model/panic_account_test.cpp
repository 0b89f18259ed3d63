#include "model/panic_account.h"

#include <gmock/gmock.h>

#include "model/delta.h"
#include "model/model.h"
#include "model/open_state.h"

namespace gorotrace {
namespace {

using namespace testing;

gt_record of(gt_hook hook, std::uint64_t time_ns, std::uint64_t goid, std::uint64_t extra = 0,
             std::uint64_t stack = 0, std::uint64_t object = 0) {
  gt_record r{};
  r.hook = static_cast<gt_u8>(hook);
  r.time_ns = time_ns;
  r.goid = goid;
  r.extra = extra;
  r.stack = stack;
  r.object = object;
  return r;
}

constexpr std::uint64_t kSite = 0x51, kOtherSite = 0x52, kPlace = 0x91, kInner = 0x92;

class PanicAccountTest : public Test {
 protected:
  PanicAccountTest() {
    account_.define(1, {"string", "one", false});
    account_.define(2, {"main.T", "", false});
  }
  void panics(std::uint64_t goid, std::uint64_t depth, std::uint64_t value = 1, std::uint64_t stack = kSite) {
    account_.apply(of(GT_HOOK_PANIC, ++now_, goid, depth, stack, value));
  }
  void goes_on(std::uint64_t goid, std::uint64_t depth, std::uint64_t place = kPlace) {
    account_.apply(of(GT_HOOK_RECOVERED, ++now_, goid, depth, place));
  }
  [[nodiscard]] ProcessEnd end() const { return account_.totals().end.value_or(ProcessEnd{}); }

  PanicAccount account_;
  std::uint64_t now_ = 1000;
};

TEST_F(PanicAccountTest, ARowForEachSiteTypeAndPlace) {
  for (int i = 0; i < 3; ++i) {
    panics(7, 200);
    goes_on(7, 100);
  }
  panics(8, 200, 2);
  goes_on(8, 100);
  panics(8, 200, 1, kOtherSite);
  goes_on(8, 100);
  const auto rows = account_.rows();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(account_.totals().thrown, 5u);
  EXPECT_EQ(account_.totals().recovered, 5u);
  const auto most = std::ranges::max_element(rows, {}, &PanicRow::count);
  EXPECT_EQ(*most, (PanicRow{kSite, "string", kPlace, 3, 1006, {"string", "one", false}}));
  EXPECT_THAT(account_.open(), IsEmpty());
}

TEST_F(PanicAccountTest, AnInnerRecoveryLeavesTheOuterPanicUnderWay) {
  panics(7, 200);
  panics(7, 400, 2);
  goes_on(7, 300, kInner);
  ASSERT_EQ(account_.open().size(), 1u);
  EXPECT_EQ(account_.open()[0].value.type, "string");
  goes_on(7, 100);
  EXPECT_THAT(account_.open(), IsEmpty());
  EXPECT_THAT(account_.rows(),
              UnorderedElementsAre(Field(&PanicRow::place, kInner), Field(&PanicRow::place, kPlace)));
}

TEST_F(PanicAccountTest, OneThatTookAnothersPlaceEndsWithIt) {
  panics(7, 200);
  panics(7, 400, 2);
  panics(8, 400);  // another goroutine's
  goes_on(7, 100);
  EXPECT_EQ(account_.totals().recovered, 2u);
  EXPECT_THAT(account_.open(), ElementsAre(Field(&OpenPanic::goid, 8u)));
}

TEST_F(PanicAccountTest, AGoroutineThatEndsTakesItsPanicsAlong) {
  panics(7, 200);
  account_.goroutine_ended(8, ++now_);
  EXPECT_EQ(account_.open().size(), 1u);
  account_.goroutine_ended(7, ++now_);
  EXPECT_THAT(account_.open(), IsEmpty());
  EXPECT_THAT(account_.rows(), ElementsAre(Field(&PanicRow::place, 0u)));
  EXPECT_EQ(account_.totals().recovered, 0u);
}

TEST_F(PanicAccountTest, ThePanicOfWhoCallsExitEndsTheProcess) {
  panics(8, 200, 2);
  panics(7, 200, 1, kOtherSite);
  panics(7, 400);
  EXPECT_FALSE(account_.totals().end);
  account_.apply(of(GT_HOOK_EXIT_CALL, 2000, 7, 2, 0x77));
  const ProcessEnd told = end();
  EXPECT_EQ(told.by, EndedBy::kPanic);
  EXPECT_EQ(told.goid, 7u);
  EXPECT_EQ(told.stack, kSite);
  EXPECT_EQ(told.other_panics, 1u);
  EXPECT_EQ(told.value.text, "one");
  EXPECT_EQ(told.exit_status, 2);
  account_.apply(of(GT_HOOK_ENDED, 2001, 0, 2 << 8));
  EXPECT_EQ(end(), told) << "the kernel says the same";
}

TEST_F(PanicAccountTest, ExitInADeferredCallIsNoDeathOfAPanic) {
  panics(7, 200);
  gt_record call = of(GT_HOOK_EXIT_CALL, 2000, 7, 2, 0x77);
  call.detail = 1;  // on the goroutine's own stack
  account_.apply(call);
  EXPECT_EQ(end().by, EndedBy::kExitCall);
  EXPECT_EQ(end().stack, 0x77u);
}

TEST_F(PanicAccountTest, AFatalErrorIsWhatItIsWhateverFollows) {
  panics(7, 200);
  account_.apply(of(GT_HOOK_THROW, 2000, 7, 0, 0x77, 1));
  account_.apply(of(GT_HOOK_THROW, 2001, 8, 0, 0x78, 2));  // while it prints
  account_.apply(of(GT_HOOK_EXIT_CALL, 2002, 7, 2));
  EXPECT_EQ(end().by, EndedBy::kFatal);
  EXPECT_EQ(end().stack, 0x77u);
  EXPECT_EQ(end().value.text, "one");
  EXPECT_EQ(account_.count(), 3u);
}

TEST_F(PanicAccountTest, SignalsOfTheRuntimeAndOfTheKernel) {
  account_.apply(of(GT_HOOK_SIGNAL, 2000, 7, 15));
  account_.apply(of(GT_HOOK_ENDED, 2001, 0, 15));
  EXPECT_EQ(end().by, EndedBy::kSignal);
  EXPECT_EQ(end().signal, 15);
  EXPECT_FALSE(end().exit_status);
  EXPECT_EQ(end().goid, 7u);

  PanicAccount killed;
  killed.apply(of(GT_HOOK_ENDED, 2001, 0, 9));
  ASSERT_TRUE(killed.totals().end);
  EXPECT_EQ(killed.totals().end->by, EndedBy::kKernel);
  EXPECT_EQ(killed.totals().end->signal, 9);
  EXPECT_EQ(killed.totals().end->goid, 0u);
}

TEST_F(PanicAccountTest, ASignalInterruptsWhoeverRuns) {
  const auto signal = [](std::uint64_t goid, std::uint8_t detail, std::uint8_t flags) {
    gt_record record = of(GT_HOOK_SIGNAL, 2000, goid, 3, goid == 0 ? 0 : 0x99);
    record.detail = detail;
    record.flags = flags;
    return record;
  };
  panics(7, 200);  // its deferred call runs, and would have recovered it
  account_.apply(signal(7, 1, 0));
  account_.apply(of(GT_HOOK_EXIT_CALL, 2001, 7, 2));
  account_.apply(of(GT_HOOK_ENDED, 2002, 0, 2 << 8));
  EXPECT_EQ(end().by, EndedBy::kSignal);
  EXPECT_EQ(end().interrupted, SignalCameTo::kGoroutine);
  EXPECT_EQ(end().stack, 0x99u);
  EXPECT_EQ(end().signal, 3);
  EXPECT_EQ(end().exit_status, 2);

  const auto alone = [](const gt_record& record) {
    PanicAccount account;
    account.apply(record);
    return account.totals().end.value_or(ProcessEnd{});
  };
  EXPECT_EQ(alone(signal(0, 1, GT_ACTOR_RUNTIME)).interrupted, SignalCameTo::kNoGoroutine);
  EXPECT_EQ(alone(signal(0, 1, GT_ACTOR_UNKNOWN)).interrupted, SignalCameTo::kNotKnown);
  EXPECT_EQ(alone(signal(0, 0, 0)).interrupted, SignalCameTo::kNotKnown) << "of a file from before";
  EXPECT_EQ(alone(signal(7, 0, 0)).interrupted, SignalCameTo::kNotKnown) << "it raised it itself";
}

TEST_F(PanicAccountTest, AfterALossNothingIsUnderWay) {
  panics(7, 200);
  account_.gap();
  goes_on(7, 100);
  EXPECT_THAT(account_.rows(), IsEmpty());
  EXPECT_EQ(account_.totals().thrown, 1u);
}

TEST_F(PanicAccountTest, MemoryIsBounded) {
  for (std::uint64_t i = 0; i < 2 * PanicAccount::kMaxRows; ++i) {
    panics(7, 200, 1, 0x1000 + i);
    goes_on(7, 100);
  }
  EXPECT_EQ(account_.rows().size(), PanicAccount::kMaxRows);
  EXPECT_EQ(account_.overflow(), PanicAccount::kMaxRows);
  for (std::uint64_t i = 0; i < 2 * PanicAccount::kMaxOpen; ++i) panics(1000 + i, 200);
  EXPECT_EQ(account_.open().size(), PanicAccount::kMaxOpen);
}

TEST(Panics, OfAPartAreWhatCameInIt) {
  Model model({.wait_reasons = {}});
  model.define(1, PanicValue{"string", "one", false});
  model.group(GT_GROUP_PANIC, true, 100);
  const auto once = [&](std::uint64_t at_ns) {
    model.apply(of(GT_HOOK_PANIC, at_ns, 7, 200, kSite, 1));
    model.apply(of(GT_HOOK_RECOVERED, at_ns + 1, 7, 100, kPlace));
  };
  once(200);
  const Tables before = model.tables(250);
  EXPECT_THAT(delta(before, before).panics, Panics{});
  once(300);
  once(400);
  const Panics part = delta(before, model.tables(500)).panics;
  EXPECT_EQ(part.thrown, 2u);
  ASSERT_EQ(part.rows.size(), 1u);
  EXPECT_EQ(part.rows[0].count, 2u);
  EXPECT_EQ(model.panics(), 3u);
}

TEST(Panics, OneThatIsUnderWayGoesOnFromACheckpoint) {
  Model model({.wait_reasons = {}});
  model.define(1, PanicValue{"string", "one", false});
  model.group(GT_GROUP_PANIC, true, 100);
  model.apply(of(GT_HOOK_PANIC, 200, 7, 200, kSite, 1));
  Model next({.wait_reasons = {}});
  ASSERT_TRUE(next.restore(model.open_state(250)));
  next.apply(of(GT_HOOK_RECOVERED, 300, 7, 100, kPlace));
  const Panics panics = next.tables(400).panics;
  ASSERT_EQ(panics.rows.size(), 1u);
  EXPECT_EQ(panics.rows[0].last.text, "one");
  EXPECT_EQ(panics.thrown, 0u);
}

}  // namespace
}  // namespace gorotrace
