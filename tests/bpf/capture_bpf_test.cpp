// The kernel side end to end on this very process: every hook's record, stacks, filters, loss, groups, all
// modes.
#include "capture/capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "capture/bpf_handles.h"
#include "capture/calibration.h"
#include "capture/own_code.h"
#include "fake_go.h"

namespace gorotrace {
namespace {

using testing::FakeG;
using testing::FakeGoroutine;
using testing::FakeM;
using testing::FakeSite;
using testing::hit;
using testing::kArg0;
using testing::kArg1;

constexpr GroupMask kLifecycle = group_bit(GT_GROUP_LIFECYCLE), kBlock = group_bit(GT_GROUP_BLOCK),
                    kRun = group_bit(GT_GROUP_RUN), kSyscall = group_bit(GT_GROUP_SYSCALL),
                    kSync = group_bit(GT_GROUP_SYNC), kChan = group_bit(GT_GROUP_CHAN),
                    kPanic = group_bit(GT_GROUP_PANIC), kGc = group_bit(GT_GROUP_GC);
constexpr GroupMask kAll = (1u << GT_GROUP_COUNT) - 1;

// Behind those of all_sites(): the scheduler wakes a goroutine without `ready`.
constexpr std::size_t kByScheduler = GT_HOOK_COUNT;

// One site per hook, index = the hook's number. EXECUTE as in a binary that hides wake-ups.
std::vector<FakeSite> all_sites() {
  std::vector<FakeSite> sites(GT_HOOK_COUNT, FakeSite{GT_HOOK_NONE, 0});
  const auto set = [&](gt_hook hook, GroupMask groups, std::uint8_t reg = kArg0, std::uint8_t flags = 0) {
    sites[hook] = {hook, groups, reg, flags};
  };
  set(GT_HOOK_CREATE, kLifecycle, kArg1);
  set(GT_HOOK_CREATE_CORO, kLifecycle);
  set(GT_HOOK_EXIT, kLifecycle);
  set(GT_HOOK_CORO_OUT, kLifecycle | kBlock);
  set(GT_HOOK_CORO_IN, kLifecycle | kBlock);
  set(GT_HOOK_EXTRA_IN, kLifecycle);
  set(GT_HOOK_EXTRA_OUT, kLifecycle);
  set(GT_HOOK_PARK, kBlock);
  set(GT_HOOK_READY, kBlock);
  set(GT_HOOK_INJECT, kBlock);
  set(GT_HOOK_SUSPEND, kBlock);
  set(GT_HOOK_EXECUTE, kBlock | kRun);
  set(GT_HOOK_YIELD, kRun);
  set(GT_HOOK_SYSCALL_ENTER, kSyscall);
  set(GT_HOOK_SYSCALL_EXIT, kSyscall, kArg0, GT_SITE_FRAME_SET);
  set(GT_HOOK_SYSCALL_EXIT_SLOW, kSyscall);
  set(GT_HOOK_SEM_ACQUIRE, kSync, kArg0, GT_SITE_SKIP_TAKEN);
  set(GT_HOOK_SEM_RELEASE, kSync, kArg0, GT_SITE_SKIP_TAKEN);
  set(GT_HOOK_CHAN_SEND, kChan, kArg0, GT_SITE_SKIP_TAKEN);
  set(GT_HOOK_CHAN_RECV, kChan, kArg0, GT_SITE_SKIP_TAKEN);
  set(GT_HOOK_CHAN_CLOSE, kChan, kArg0, GT_SITE_SKIP_TAKEN | GT_SITE_FRAME_SET);
  set(GT_HOOK_PANIC, kPanic, kArg0, GT_SITE_SKIP_TAKEN);
  set(GT_HOOK_RECOVERED, kPanic, kArg0, GT_SITE_FRAME_SET);
  set(GT_HOOK_THROW, kPanic);
  set(GT_HOOK_EXIT_CALL, kPanic);
  set(GT_HOOK_SIGNAL, kPanic);
  set(GT_HOOK_STW_BEGIN, kGc);
  set(GT_HOOK_STW_END, kGc);
  set(GT_HOOK_GC_BEGIN, kGc);
  set(GT_HOOK_GC_END, kGc);
  sites.push_back({GT_HOOK_READY, kBlock, kArg0, GT_SITE_BY_SCHEDULER | GT_SITE_FRAME_SET});
  return sites;
}

class CaptureTest : public ::testing::TestWithParam<AttachMode> {
 protected:
  void SetUp() override { start(0); }

  void start(std::uint32_t ring_bytes) {
    CaptureOptions options;
    options.ring_bytes = ring_bytes;
    options.force_mode = GetParam();
    auto made = Capture::make(options);
    ASSERT_TRUE(made) << made.error().message;
    capture_ = std::move(*made);
    auto slot = capture_->add_target(::getpid(), kOwnExecutable, testing::fake_config(),
                                     testing::fake_plan(all_sites()));
    ASSERT_TRUE(slot) << slot.error().message;
    slot_ = *slot;
  }
  void restart(const gt_target& config) {
    capture_->remove_target(slot_);
    auto slot = capture_->add_target(::getpid(), kOwnExecutable, config, testing::fake_plan(all_sites()));
    ASSERT_TRUE(slot) << slot.error().message;
    slot_ = *slot;
  }
  void attach(GroupMask groups) {
    auto on = capture_->set_groups(slot_, groups);
    ASSERT_TRUE(on) << on.error().message;
    ASSERT_EQ(*on, groups);
    await_detached();
  }
  void await_detached() {
    while (capture_->detaching(slot_)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::vector<gt_record> drain() {
    std::vector<gt_record> records;
    capture_->drain([&](unsigned, const gt_record& r) { records.push_back(r); });
    return records;
  }
  gt_record one() {
    auto records = drain();
    EXPECT_EQ(records.size(), 1u);
    return records.empty() ? gt_record{} : records.front();
  }
  std::vector<std::uint64_t> stack_of(const gt_record& r) {
    const auto stack = capture_->stack(r.stack);
    if (!stack) return {};
    return {stack->pcs, stack->pcs + stack->depth};
  }

  std::unique_ptr<Capture> capture_;
  TargetId slot_ = 0;
};

TEST_P(CaptureTest, ParkCarriesReasonChannelLabelsAndStack) {
  attach(kBlock);
  FakeGoroutine gp(42, 12, 0x401000);
  std::array<std::uint64_t, 16> sudog{};
  sudog[96 / 8] = 0xc000123450;
  gp.g.at<std::uint8_t>(176) = 19;
  gp.g.at<std::uint64_t>(320) = reinterpret_cast<std::uint64_t>(sudog.data());
  gp.g.at<std::uint64_t>(352) = 0xc0001abcd0;
  hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  const gt_record r = one();
  EXPECT_EQ(r.hook, GT_HOOK_PARK);
  EXPECT_EQ(r.goid, 42u);
  EXPECT_EQ(r.detail, 19);
  EXPECT_EQ(r.object, 0xc000123450u);
  EXPECT_EQ(r.extra, 0xc0001abcd0u);
  EXPECT_EQ(r.other, 0u);
  EXPECT_EQ(r.flags, 0);
  EXPECT_EQ(r.tid, static_cast<gt_u32>(::gettid()));
  EXPECT_EQ(r.stack, testing::stack_id(gp.pcs()));
  EXPECT_EQ(stack_of(r), gp.pcs());

  // Sleeping: g.waiting is stale and must not be looked at.
  gp.g.at<std::uint8_t>(176) = 14;
  hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  EXPECT_EQ(one().object, 0u);
  EXPECT_EQ(capture_->counters().object_failed, 0u);
  // A sudog that cannot be read: the record comes without the channel, and is counted.
  gp.g.at<std::uint8_t>(176) = 19;
  gp.g.at<std::uint64_t>(320) = 8;
  hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  EXPECT_EQ(one().object, 0u);
  EXPECT_EQ(capture_->counters().object_failed, 1u);
  EXPECT_EQ(capture_->counters(slot_).object_failed, 1u);
}

// Which channel is a read more, and labels lie far behind in g: for those who ask.
TEST_P(CaptureTest, ParkLooksAtNoSudogAndNoLabelsUnlessAsked) {
  auto config = testing::fake_config();
  config.sudog_reasons = 0;
  config.g_waiting = config.g_labels = 0xffff;
  config.g_park_words = 176 / 8 + 1;  // up to the wait reason
  restart(config);
  attach(kBlock | kLifecycle);
  FakeGoroutine other(43, 3, 0x500000);
  other.g.at<std::uint64_t>(352) = 0xc0001abcd0;
  hit(GT_HOOK_EXIT, {.arg0 = other.g.address()});  // whose g was read as far as that
  EXPECT_EQ(one().goid, 43u);
  FakeGoroutine gp(42, 12, 0x401000);
  gp.g.at<std::uint8_t>(176) = 19;
  gp.g.at<std::uint64_t>(320) = 8;  // no sudog can be there
  hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  const gt_record r = one();
  EXPECT_EQ(r.detail, 19);
  EXPECT_EQ(r.object, 0u);
  EXPECT_EQ(r.extra, 0u);
  EXPECT_EQ(stack_of(r), gp.pcs());
  EXPECT_EQ(capture_->counters().object_failed, 0u);
}

TEST_P(CaptureTest, ReadyNamesTheWakerAndItsStack) {
  attach(kBlock);
  FakeGoroutine waker(7, 5, 0x500000), woken(9, 3, 0x600000);
  FakeM m;
  for (const gt_hook hook : {GT_HOOK_READY, GT_HOOK_INJECT}) {
    m.set_curg(&waker);
    hit(hook, {.arg0 = woken.g.address(), .g = m.g0.address()});
    gt_record r = one();
    EXPECT_EQ(r.hook, hook);
    EXPECT_EQ(r.goid, 9u);
    EXPECT_EQ(r.other, 7u);
    EXPECT_EQ(r.flags & GT_REC_ACTOR_MASK, GT_ACTOR_GOROUTINE);
    EXPECT_EQ(stack_of(r), waker.pcs());

    m.set_curg(nullptr);
    hit(hook, {.arg0 = woken.g.address(), .g = m.g0.address()});
    r = one();
    EXPECT_EQ(r.goid, 9u);
    EXPECT_EQ(r.other, 0u);
    EXPECT_EQ(r.flags & GT_REC_ACTOR_MASK, GT_ACTOR_RUNTIME);
    EXPECT_EQ(r.stack, 0u);

    hit(hook, {.arg0 = woken.g.address(), .g = 16});
    r = one();
    EXPECT_EQ(r.flags & GT_REC_ACTOR_MASK, GT_ACTOR_UNKNOWN);
  }
}

// The goroutine alone is read: that of the thread there is none, and it is the next to run there.
TEST_P(CaptureTest, TheSchedulersOwnWakeUpsAreTheRuntimes) {
  attach(kBlock);
  FakeGoroutine waker(7, 5, 0x500000), woken(9, 3, 0x600000);
  hit(kByScheduler, {.arg0 = woken.g.address(), .g = 16});
  gt_record r = one();
  EXPECT_EQ(r.hook, GT_HOOK_READY);
  EXPECT_EQ(r.goid, 9u);
  EXPECT_EQ(r.other, 0u);
  EXPECT_EQ(r.stack, 0u);
  EXPECT_EQ(r.flags, GT_ACTOR_RUNTIME);

  FakeM m;
  const auto waker_now = [&](FakeGoroutine& g) {
    hit(GT_HOOK_READY, {.arg0 = g.g.address(), .g = m.g0.address()});
    return one().other;
  };
  m.set_curg(&waker);
  EXPECT_EQ(waker_now(woken), 7u);  // the m of this g0 is known from here on
  m.set_curg(nullptr);
  hit(kByScheduler, {.arg0 = woken.g.address(), .g = m.g0.address()});
  EXPECT_EQ(one().goid, 9u);
  m.set_curg(&woken);
  EXPECT_EQ(waker_now(waker), 9u);
  // It went to another thread (LockOSThread): only a guess.
  hit(kByScheduler, {.arg0 = woken.g.address(), .g = m.g0.address()});
  EXPECT_EQ(one().goid, 9u);
  m.set_curg(&waker);
  EXPECT_EQ(waker_now(woken), 7u);

  // A g that cannot be read is counted.
  hit(kByScheduler, {.arg0 = 16, .g = m.g0.address()});
  EXPECT_TRUE(drain().empty());
  EXPECT_EQ(capture_->counters().dropped[GT_DROP_BAD_G], 1u);
}

// A g0 that comes to have another m must not be given the old one's goroutine.
TEST_P(CaptureTest, ARecycledG0IsNotTakenForItsPredecessor) {
  attach(kBlock);
  FakeGoroutine first(7, 5, 0x500000), second(8, 4, 0x510000), woken(9, 3, 0x600000);
  FakeM m, other;
  m.set_curg(&first);
  const auto waker = [&] {
    hit(GT_HOOK_READY, {.arg0 = woken.g.address(), .g = m.g0.address()});
    return one().other;
  };
  EXPECT_EQ(waker(), 7u);
  EXPECT_EQ(waker(), 7u);
  m.set_curg(nullptr);
  other.set_curg(&second);
  m.g0.at<std::uint64_t>(48) = reinterpret_cast<std::uint64_t>(other.m.data());
  EXPECT_EQ(waker(), 8u);
  m.m[184 / 8] = 0;
  EXPECT_EQ(waker(), 8u);
  other.set_curg(nullptr);
  EXPECT_EQ(waker(), 0u);
}

// Who runs on an M is guessed from its last execute; the guess must never outlive the truth.
TEST_P(CaptureTest, TheGoroutineExecutedLastIsOnlyAGuessAtTheWaker) {
  attach(kBlock);
  FakeGoroutine first(7, 5, 0x500000), second(8, 4, 0x510000), woken(9, 3, 0x600000);
  FakeM m, other;
  const auto ready = [&] {
    hit(GT_HOOK_READY, {.arg0 = woken.g.address(), .g = m.g0.address()});
    return one();
  };
  const auto execute = [&](FakeGoroutine& g) {
    hit(GT_HOOK_EXECUTE, {.arg0 = g.g.address(), .g = m.g0.address()});
    EXPECT_EQ(one().hook, GT_HOOK_EXECUTE);
  };
  m.set_curg(&first);
  EXPECT_EQ(ready().other, 7u);  // the m of this g0 is known from here on
  execute(second);
  m.set_curg(&second);
  gt_record r = ready();
  EXPECT_EQ(r.other, 8u);
  EXPECT_EQ(stack_of(r), second.pcs());
  m.set_curg(nullptr);  // dropg, unseen
  r = ready();
  EXPECT_EQ(r.other, 0u);
  EXPECT_EQ(r.flags & GT_REC_ACTOR_MASK, GT_ACTOR_RUNTIME);
  EXPECT_EQ(r.stack, 0u);
  // Executed last here, but running there by now.
  execute(second);
  other.set_curg(&second);
  m.set_curg(&first);
  EXPECT_EQ(ready().other, 7u);
  // Parked: the scheduler acts on its own.
  first.g.at<std::uint8_t>(176) = 14;
  hit(GT_HOOK_PARK, {.arg0 = first.g.address(), .g = m.g0.address()});
  EXPECT_EQ(one().goid, 7u);
  m.set_curg(nullptr);
  EXPECT_EQ(ready().flags & GT_REC_ACTOR_MASK, GT_ACTOR_RUNTIME);
  // The one executed last cannot be read: the truth still can.
  hit(GT_HOOK_EXECUTE, {.arg0 = 16, .g = m.g0.address()});
  EXPECT_TRUE(drain().empty());
  m.set_curg(&first);
  EXPECT_EQ(ready().other, 7u);
}

// Nobody tells who comes to run on an M: whom the last one woke or made last is looked at first. Where that
// would be the answer, m.curg is made to say something else, which cannot be: so it was not read.
TEST_P(CaptureTest, WhoWasWokenLastIsOnlyAGuessAtTheNextWaker) {
  FakeGoroutine first(7, 5, 0x500000), second(8, 4, 0x510000), third(9, 3, 0x520000), woken(10, 3, 0x600000);
  FakeM m, other;
  const auto act = [&](gt_hook hook, FakeGoroutine& g) {
    hit(hook, {.arg0 = g.g.address(), .arg1 = g.g.address(), .g = m.g0.address()});
    return one();
  };
  const auto park = [&](FakeGoroutine& g) {
    g.g.at<std::uint8_t>(176) = 14;
    EXPECT_EQ(act(GT_HOOK_PARK, g).goid, g.g.at<std::uint64_t>(152));
    m.set_curg(nullptr);
  };
  const auto waker_with_curg = [&](std::uint64_t curg) {
    const std::uint64_t truth = std::exchange(m.m[184 / 8], curg);
    const gt_record r = act(GT_HOOK_READY, woken);
    m.m[184 / 8] = truth;
    return r;
  };
  for (const GroupMask groups : {kBlock | kLifecycle, kBlock}) {
    attach(groups);
    m.set_curg(&first);
    EXPECT_EQ(act(GT_HOOK_READY, third).other, 7u);  // the m of this g0 is known from here on
    EXPECT_EQ(act(GT_HOOK_READY, second).other, 7u);
    // injectglist's go to the end of a queue.
    EXPECT_EQ(act(GT_HOOK_INJECT, third).other, 7u);
    park(first);
    m.set_curg(&second);
    gt_record r = waker_with_curg(0);
    EXPECT_EQ(r.other, 8u);
    EXPECT_EQ(r.flags & GT_REC_ACTOR_MASK, GT_ACTOR_GOROUTINE);
    EXPECT_EQ(stack_of(r), second.pcs());

    // The one woken last waits in a queue, and runs on another M: another one runs here.
    EXPECT_EQ(act(GT_HOOK_READY, first).other, 8u);
    park(second);
    m.set_curg(&third);
    r = act(GT_HOOK_READY, woken);
    EXPECT_EQ(r.other, 9u);
    EXPECT_EQ(stack_of(r), third.pcs());
    // A wrong guess is dearer than none: m.curg is read until one would have been right.
    EXPECT_EQ(waker_with_curg(second.g.address()).other, 8u);
    EXPECT_EQ(act(GT_HOOK_READY, woken).other, 9u);
    EXPECT_EQ(act(GT_HOOK_READY, woken).other, 9u);
    EXPECT_EQ(waker_with_curg(0).other, 9u);
    EXPECT_EQ(act(GT_HOOK_READY, first).other, 9u);
    park(third);
    other.set_curg(&first);
    m.set_curg(&second);
    r = act(GT_HOOK_READY, woken);
    EXPECT_EQ(r.other, 8u);
    EXPECT_EQ(stack_of(r), second.pcs());
    other.set_curg(nullptr);
    // Or nobody.
    EXPECT_EQ(act(GT_HOOK_READY, first).other, 8u);
    park(second);
    r = act(GT_HOOK_READY, woken);
    EXPECT_EQ(r.other, 0u);
    EXPECT_EQ(r.flags & GT_REC_ACTOR_MASK, GT_ACTOR_RUNTIME);
    EXPECT_EQ(r.stack, 0u);

    // The woken one has had its turn: the waker yielded to it.
    m.set_curg(&first);
    EXPECT_EQ(act(GT_HOOK_READY, second).other, 7u);
    EXPECT_EQ(act(GT_HOOK_READY, second).other, 7u);
    EXPECT_EQ(waker_with_curg(0).other, 7u);  // a guess would be made
    EXPECT_EQ(act(GT_HOOK_READY, second).other, 7u);
    m.set_curg(&second);
    park(second);
    m.set_curg(&third);
    second.g.at<std::uint64_t>(48) = reinterpret_cast<std::uint64_t>(m.m.data());  // it would pass for curg
    EXPECT_EQ(act(GT_HOOK_READY, woken).other, 9u);
    second.g.at<std::uint64_t>(48) = 0;
    m.set_curg(nullptr);
  }
  // A goroutine that was made is next, too, and one that ends stops running.
  attach(kBlock | kLifecycle);
  m.set_curg(&first);
  EXPECT_EQ(act(GT_HOOK_CREATE, second).other, 7u);
  EXPECT_EQ(act(GT_HOOK_CREATE_CORO, third).other, 7u);  // is not: it waits
  EXPECT_EQ(act(GT_HOOK_EXIT, first).goid, 7u);
  m.set_curg(&second);
  EXPECT_EQ(waker_with_curg(0).other, 8u);
}

// g0.m is read once in an M's life, which ends behind the end of a goroutine that is locked to it. That g0
// comes to have another m while it lives cannot be: it shows what was not read.
TEST_P(CaptureTest, TheMOfAG0HoldsUntilAGoroutineThatIsLockedToItEnds) {
  FakeGoroutine gp(7, 5, 0x500000), next(8, 4, 0x510000), woken(9, 3, 0x600000);
  FakeM m, other;
  const auto m_of_g0 = [&](FakeM& is) {
    m.g0.at<std::uint64_t>(48) = reinterpret_cast<std::uint64_t>(is.m.data());
  };
  const auto waker = [&] {
    hit(GT_HOOK_READY, {.arg0 = woken.g.address(), .g = m.g0.address()});
    return one().other;
  };
  const auto end = [&](gt_hook hook, std::uint64_t g, std::uint64_t lockedm) {
    gp.g.at<std::uint64_t>(208) = lockedm;
    hit(hook, {.arg0 = g, .g = m.g0.address()});
    (void)drain();
  };
  const auto known = [&] {
    m_of_g0(m);
    other.set_curg(nullptr);
    EXPECT_EQ(waker(), 0u);
    m_of_g0(other);
    other.set_curg(&next);
  };
  attach(kBlock | kLifecycle);
  known();
  EXPECT_EQ(waker(), 0u);
  for (const gt_hook hook : {GT_HOOK_EXIT, GT_HOOK_CORO_OUT}) {
    end(hook, gp.g.address(), 0);
    EXPECT_EQ(waker(), 0u);
    end(hook, gp.g.address(), reinterpret_cast<std::uint64_t>(m.m.data()));
    EXPECT_EQ(waker(), 8u);
    end(hook, gp.g.address(), 1);
    known();
    end(hook, 16, 0);  // cannot be read: it may have been locked
    EXPECT_EQ(waker(), 8u);
    end(hook, gp.g.address(), 1);
    known();
  }
  // Without those hooks it is read each time, and what was read then does not hold later.
  attach(kBlock);
  known();
  EXPECT_EQ(waker(), 8u);
  known();
  attach(kBlock | kLifecycle);
  EXPECT_EQ(waker(), 8u);
}

// The runtime recycles g structs. With the lifecycle group on a goid is read once in its life; without, each
// time.
TEST_P(CaptureTest, ARecycledGIsNotTakenForItsPredecessor) {
  FakeGoroutine gp(100, 3, 0x401000);
  FakeM m;
  const auto goid_of = [&](gt_hook hook) {
    hit(hook, {.arg0 = gp.g.address(), .arg1 = gp.g.address(), .g = m.g0.address()});
    return one().goid;
  };
  const auto becomes = [&](std::uint64_t goid) { gp.g.at<std::uint64_t>(152) = goid; };
  attach(kBlock);
  EXPECT_EQ(goid_of(GT_HOOK_EXECUTE), 100u);
  becomes(101);
  EXPECT_EQ(goid_of(GT_HOOK_EXECUTE), 101u);
  EXPECT_EQ(goid_of(GT_HOOK_READY), 101u);

  attach(kBlock | kLifecycle);
  becomes(102);
  EXPECT_EQ(goid_of(GT_HOOK_READY), 102u);
  becomes(1);  // cannot be while it lives: shows that it is not read again
  EXPECT_EQ(goid_of(GT_HOOK_EXECUTE), 102u);
  becomes(102);
  EXPECT_EQ(goid_of(GT_HOOK_EXIT), 102u);
  becomes(103);
  EXPECT_EQ(goid_of(GT_HOOK_EXECUTE), 103u);
  // Its exit was missed (a debugger's call, a dropped hit): its next creation is as good.
  becomes(104);
  EXPECT_EQ(goid_of(GT_HOOK_CREATE), 104u);
  EXPECT_EQ(goid_of(GT_HOOK_EXECUTE), 104u);
  for (const gt_hook ends : {GT_HOOK_CORO_OUT, GT_HOOK_EXTRA_OUT}) {
    EXPECT_EQ(goid_of(ends), gp.g.at<std::uint64_t>(152));
    becomes(gp.g.at<std::uint64_t>(152) + 1);
    EXPECT_EQ(goid_of(GT_HOOK_READY), gp.g.at<std::uint64_t>(152));
  }

  // Off and on again: what happened in between was not seen.
  attach(kBlock);
  becomes(200);
  EXPECT_EQ(goid_of(GT_HOOK_EXECUTE), 200u);
  attach(kBlock | kLifecycle);
  EXPECT_EQ(goid_of(GT_HOOK_EXECUTE), 200u);
  attach(kBlock);
  becomes(201);
  attach(kBlock | kLifecycle);
  EXPECT_EQ(goid_of(GT_HOOK_EXECUTE), 201u);

  // Another target at the same address: nothing carries over.
  capture_->remove_target(slot_);
  becomes(300);
  auto again = capture_->add_target(::getpid(), kOwnExecutable, testing::fake_config(),
                                    testing::fake_plan(all_sites()));
  ASSERT_TRUE(again);
  slot_ = *again;
  attach(kBlock | kLifecycle);
  EXPECT_EQ(goid_of(GT_HOOK_EXECUTE), 300u);
}

TEST_P(CaptureTest, CreateNamesCreatorSiteAndStart) {
  attach(kLifecycle);
  FakeGoroutine creator(1, 6, 0x700000), born(77, 1, 0);
  born.g.at<std::uint64_t>(288) = 0x70abcd;
  born.g.at<std::uint64_t>(304) = 0x71abcd;
  FakeM m;
  m.set_curg(&creator);
  hit(GT_HOOK_CREATE, {.arg1 = born.g.address(), .g = m.g0.address()});
  const gt_record r = one();
  EXPECT_EQ(r.goid, 77u);
  EXPECT_EQ(r.other, 1u);
  EXPECT_EQ(r.object, 0x70abcdu);
  EXPECT_EQ(r.extra, 0x71abcdu);
  EXPECT_EQ(stack_of(r), creator.pcs());
}

TEST_P(CaptureTest, EndsNameTheCreationSite) {
  attach(kLifecycle);
  FakeGoroutine gp(78, 4, 0x401000);
  gp.g.at<std::uint64_t>(288) = 0x70abcd;
  gp.g.at<std::uint64_t>(304) = 0x71abcd;
  gp.g.at<std::uint8_t>(187) = 1;  // coroexit
  for (const gt_hook hook : {GT_HOOK_EXIT, GT_HOOK_CORO_OUT}) {
    hit(hook, {.arg0 = gp.g.address()});
    const gt_record r = one();
    EXPECT_EQ(r.goid, 78u);
    EXPECT_EQ(r.object, 0x70abcdu);
    EXPECT_EQ(r.extra, 0x71abcdu);
  }
}

TEST_P(CaptureTest, SuspendBringsTheWordsWhereHiddenCallersStand) {
  attach(kBlock);
  FakeGoroutine gp(5, 4, 0x401000);
  std::uint64_t at_sp = 0x401234;
  gp.g.at<std::uint64_t>(56) = reinterpret_cast<std::uint64_t>(&at_sp);  // sched.sp
  std::uint64_t* const outer = *reinterpret_cast<std::uint64_t**>(gp.fp());
  outer[2] = 0x405678;
  hit(GT_HOOK_SUSPEND, {.arg0 = gp.g.address()});
  const gt_record r = one();
  EXPECT_EQ(r.extra, 0x401234u);
  EXPECT_EQ(r.object, 0x405678u);
  EXPECT_EQ(stack_of(r), gp.pcs());
}

TEST_P(CaptureTest, GoidOnlyHooks) {
  attach(kAll);
  FakeGoroutine gp(1234567890123, 2, 0x401000);
  for (const gt_hook hook : {GT_HOOK_EXTRA_IN, GT_HOOK_EXTRA_OUT, GT_HOOK_EXECUTE, GT_HOOK_SYSCALL_EXIT,
                             GT_HOOK_SYSCALL_EXIT_SLOW}) {
    hit(hook, {.arg0 = hook == GT_HOOK_SYSCALL_EXIT ? 0 : gp.g.address(),
               .g = hook == GT_HOOK_SYSCALL_EXIT ? gp.g.address() : 0});
    const gt_record r = one();
    EXPECT_EQ(r.hook, hook);
    EXPECT_EQ(r.goid, 1234567890123u) << hook;
    EXPECT_EQ(r.stack, 0u);
  }
  hit(GT_HOOK_CORO_IN, {.arg0 = gp.g.address() + 56});
  EXPECT_EQ(one().goid, 1234567890123u);
}

TEST_P(CaptureTest, OwnStackFromSavedRegisters) {
  attach(kAll);
  FakeGoroutine gp(5, 4, 0x401000);
  gp.g.at<std::uint8_t>(176) = 38;
  for (const gt_hook hook : {GT_HOOK_SUSPEND, GT_HOOK_YIELD, GT_HOOK_CORO_OUT}) {
    hit(hook, {.arg0 = gp.g.address()});
    const gt_record r = one();
    EXPECT_EQ(r.goid, 5u);
    EXPECT_EQ(stack_of(r), gp.pcs());
    EXPECT_FALSE(r.flags & GT_REC_ENDS);
    EXPECT_EQ(r.detail, hook == GT_HOOK_CORO_OUT ? 38 : 0);
  }
  gp.g.at<std::uint8_t>(187) = 1;
  hit(GT_HOOK_CORO_OUT, {.arg0 = gp.g.address()});
  EXPECT_TRUE(one().flags & GT_REC_ENDS);
}

TEST_P(CaptureTest, LiveStackStartsAtTheCaller) {
  attach(kAll);
  FakeGoroutine gp(6, 5, 0x401000);
  FakeRegs regs{.arg0 = 0xc000aaaa00, .g = gp.g.address(), .fp = gp.fp(), .sp = gp.sp()};
  // Frame not pushed yet: the return address is at [sp] (arm64: in x30), then the chain.
  std::vector<std::uint64_t> expected = gp.pcs();
  expected[0] = reinterpret_cast<std::uint64_t>(gt_fake_return);
  hit(GT_HOOK_SYSCALL_ENTER, regs);
  gt_record r = one();
  EXPECT_EQ(r.goid, 6u);
  EXPECT_EQ(stack_of(r), expected);
  hit(GT_HOOK_SEM_RELEASE, regs);
  r = one();
  EXPECT_EQ(r.object, 0xc000aaaa00u);
  EXPECT_EQ(stack_of(r), expected);
  // Frame pushed: the chain itself starts with the caller.
  regs.arg0 = 0;
  hit(GT_HOOK_CHAN_CLOSE, regs);
  r = one();
  EXPECT_EQ(r.goid, 6u);
  EXPECT_EQ(stack_of(r), std::vector<std::uint64_t>(gp.pcs().begin() + 1, gp.pcs().end()));
}

// internal/abi.Type: the kind is in byte 23.
struct FakeType {
  explicit FakeType(std::uint8_t kind) { bytes[23] = kind | 0x20; }
  alignas(8) std::array<std::uint8_t, 48> bytes{};
  [[nodiscard]] std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(bytes.data()); }
};

TEST_P(CaptureTest, PanicBringsItsValueAndWhereItIs) {
  attach(kPanic);
  FakeGoroutine gp(6, 5, 0x401000);
  const std::string text(300, 'x');
  struct {
    const char* data;
    std::uint64_t size;
  } header{text.data(), text.size()};
  const FakeType string(GT_KIND_STRING);
  const auto panics = [&](const FakeType& type, const void* value) {
    hit(GT_HOOK_PANIC, {.arg0 = type.address(),
                        .arg1 = reinterpret_cast<std::uint64_t>(value),
                        .g = gp.g.address(),
                        .fp = gp.fp(),
                        .sp = gp.sp()});
    return one();
  };
  const gt_record first = panics(string, &header);
  EXPECT_EQ(first.hook, GT_HOOK_PANIC);
  EXPECT_EQ(first.goid, 6u);
  // The call has pushed a return address on amd64.
  EXPECT_NEAR(static_cast<double>(first.extra), static_cast<double>(gp.g.at<std::uint64_t>(8) - gp.sp()), 8);
  std::vector<std::uint64_t> expected = gp.pcs();
  expected[0] = reinterpret_cast<std::uint64_t>(gt_fake_return);
  EXPECT_EQ(stack_of(first), expected);
  auto value = capture_->take_value(first.object);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->type, string.address());
  EXPECT_EQ(value->kind, unsigned{GT_KIND_STRING});
  EXPECT_EQ(value->size, 300u);
  EXPECT_EQ(std::string(value->text, value->text + value->length), text.substr(0, GT_VALUE_TEXT));
  EXPECT_FALSE(capture_->take_value(first.object)) << "given once";
  // The same text elsewhere is the same value; a number is told by its words.
  const std::string copy = text;
  header.data = copy.data();
  EXPECT_EQ(panics(string, &header).object, first.object);
  const std::array<std::uint64_t, 4> number{42, 1, 2, 3};
  const gt_record second = panics(FakeType(2), number.data());
  EXPECT_NE(second.object, first.object);
  value = capture_->take_value(second.object);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->length, 0u);
  EXPECT_EQ(value->words[0], 42u);
}

TEST_P(CaptureTest, PanicOfAHostileValue) {
  attach(kPanic);
  FakeGoroutine gp(6, 2, 0x401000);
  const std::array<std::uint64_t, 2> nowhere{16, 5}, endless{gp.g.address(), ~std::uint64_t{0}};
  const auto panics = [&](std::uint64_t type, std::uint64_t value) {
    hit(GT_HOOK_PANIC, {.arg0 = type, .arg1 = value, .g = gp.g.address(), .fp = gp.fp(), .sp = gp.sp()});
    return one();
  };
  const FakeType string(GT_KIND_STRING);
  EXPECT_EQ(panics(16, 16).object, 0u);  // the type cannot be read: counted, and the record is there
  EXPECT_EQ(capture_->counters().object_failed, 1u);
  for (const std::uint64_t value : {std::uint64_t{16}, reinterpret_cast<std::uint64_t>(nowhere.data()),
                                    reinterpret_cast<std::uint64_t>(endless.data())}) {
    const auto told = capture_->take_value(panics(string.address(), value).object);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->length, 0u);
    EXPECT_EQ(told->type, string.address());
  }
}

TEST_P(CaptureTest, MoreValuesThanTheMapHoldsAreCounted) {
  attach(kPanic);
  FakeGoroutine gp(6, 2, 0x401000);
  const FakeType number(2);
  constexpr unsigned kMore = 7;
  unsigned without = 0;
  for (std::uint64_t i = 0; i < GT_MAX_VALUES + kMore; ++i) {
    const std::array<std::uint64_t, 4> words{i, 0, 0, 0};
    hit(GT_HOOK_PANIC, {.arg0 = number.address(),
                        .arg1 = reinterpret_cast<std::uint64_t>(words.data()),
                        .g = gp.g.address(),
                        .fp = gp.fp(),
                        .sp = gp.sp()});
  }
  for (const gt_record& r : drain()) without += r.object == 0;
  EXPECT_EQ(without, kMore);
  EXPECT_EQ(capture_->counters().object_failed, kMore);
}

TEST_P(CaptureTest, WhoEndsTheProcess) {
  attach(kPanic);
  FakeGoroutine gp(6, 5, 0x401000);
  FakeM m;
  m.set_curg(&gp);
  const std::string text = "all is lost";
  const FakeRegs throws{.arg0 = reinterpret_cast<std::uint64_t>(text.data()), .arg1 = text.size()};
  FakeRegs regs = throws;
  regs.g = m.g0.address();  // on g0: where the goroutine was is saved
  hit(GT_HOOK_THROW, regs);
  gt_record r = one();
  EXPECT_EQ(r.goid, 6u);
  EXPECT_EQ(stack_of(r), gp.pcs());
  const auto value = capture_->take_value(r.object);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->type, 0u);
  EXPECT_EQ(std::string(value->text, value->text + value->length), text);

  // No frame of the kernel's on the stack: the runtime raises it itself, for that goroutine.
  regs = {.arg0 = 15, .g = m.g0.address()};
  hit(GT_HOOK_SIGNAL, regs);
  r = one();
  EXPECT_EQ(r.goid, 6u);
  EXPECT_EQ(r.extra, 15u);
  EXPECT_EQ(r.detail, 0u);
  EXPECT_EQ(stack_of(r), gp.pcs());

  m.set_curg(nullptr);  // a thread that runs no goroutine
  hit(GT_HOOK_THROW, {.arg0 = throws.arg0, .arg1 = throws.arg1, .g = m.g0.address()});
  r = one();
  EXPECT_EQ(r.goid, 0u);
  EXPECT_EQ(r.stack, 0u);
}

TEST_P(CaptureTest, RecoveredTellsWhereItGoesOn) {
  attach(kPanic);
  FakeGoroutine gp(6, 5, 0x401000);
  hit(GT_HOOK_RECOVERED, {.arg0 = gp.g.address() + 56});
  const gt_record r = one();
  EXPECT_EQ(r.goid, 6u);
  EXPECT_EQ(stack_of(r), std::vector<std::uint64_t>{gp.pcs().front()});
}

TEST_P(CaptureTest, StopTheWorld) {
  attach(kGc);
  FakeGoroutine gp(6, 5, 0x401000);
  FakeM m;
  m.set_curg(&gp);
  hit(GT_HOOK_STW_BEGIN, {.arg0 = 2, .g = m.g0.address()});
  gt_record r = one();
  EXPECT_EQ(r.goid, 6u);
  EXPECT_EQ(r.detail, 2);
  EXPECT_EQ(stack_of(r), gp.pcs());
  hit(GT_HOOK_STW_BEGIN, {.arg0 = m.g0.address(), .g = m.g0.address()});  // no reason: the register is g's
  EXPECT_EQ(one().detail, GT_NO_REASON);
  m.set_curg(nullptr);
  hit(GT_HOOK_STW_END, {.g = m.g0.address()});
  r = one();
  EXPECT_EQ(r.goid, 0u);
  EXPECT_EQ(r.stack, 0u);
}

TEST_P(CaptureTest, ChannelWouldBlock) {
  attach(kChan);
  FakeGoroutine gp(6, 2, 0x401000);
  FakeM m;
  std::array<std::uint64_t, 2> hchan{};  // qcount, dataqsiz
  const auto flags = [&](gt_hook hook, std::uint64_t count, std::uint64_t size) {
    hchan = {count, size};
    hit(hook, {.arg0 = reinterpret_cast<std::uint64_t>(hchan.data()), .g = gp.g.address()});
    return one().flags;
  };
  EXPECT_EQ(flags(GT_HOOK_CHAN_SEND, 1, 2), 0);
  EXPECT_EQ(flags(GT_HOOK_CHAN_SEND, 2, 2), GT_REC_WOULD_BLOCK);
  EXPECT_EQ(flags(GT_HOOK_CHAN_SEND, 0, 0), GT_REC_WOULD_BLOCK);
  EXPECT_EQ(flags(GT_HOOK_CHAN_RECV, 1, 2), 0);
  EXPECT_EQ(flags(GT_HOOK_CHAN_RECV, 0, 2), GT_REC_WOULD_BLOCK);
  hit(GT_HOOK_CHAN_RECV, {.arg0 = 0, .g = gp.g.address()});  // nil channel
  EXPECT_EQ(one().flags, GT_REC_WOULD_BLOCK);
  // A timer sends on its channel from g0.
  hchan = {0, 1};
  hit(GT_HOOK_CHAN_SEND, {.arg0 = reinterpret_cast<std::uint64_t>(hchan.data()), .g = m.g0.address()});
  const gt_record r = one();
  EXPECT_EQ(r.goid, 0u);
  EXPECT_EQ(r.flags, GT_ACTOR_RUNTIME);
  // A channel that cannot be read, and a version in which the two words are not neighbours: not known, and
  // counted.
  EXPECT_EQ(capture_->counters().object_failed, 0u);
  hit(GT_HOOK_CHAN_SEND, {.arg0 = 16, .g = gp.g.address()});
  EXPECT_EQ(one().flags, 0);
  EXPECT_EQ(capture_->counters().object_failed, 1u);
  auto config = testing::fake_config();
  config.hchan_qcount = 0xffff;
  restart(config);
  attach(kChan);
  EXPECT_EQ(flags(GT_HOOK_CHAN_SEND, 2, 2), 0);
  EXPECT_EQ(capture_->counters().object_failed, 2u);
}

TEST_P(CaptureTest, TakenBranchIsNoEventButAHit) {
  attach(kSync);
  FakeGoroutine gp(6, 2, 0x401000);
  FakeRegs regs{.arg0 = 0xc000aaaa00, .g = gp.g.address()};
  hit(GT_HOOK_SEM_ACQUIRE, regs);
  EXPECT_EQ(drain().size(), 1u);
  regs.taken = 0;
  hit(GT_HOOK_SEM_ACQUIRE, regs);
  EXPECT_EQ(drain().size(), 0u);
  EXPECT_EQ(capture_->site_counters(slot_)[GT_HOOK_SEM_ACQUIRE].hits, 2u);
  EXPECT_EQ(capture_->site_counters(slot_)[GT_HOOK_SEM_ACQUIRE].skipped, 1u);
  EXPECT_EQ(capture_->counters().produced, 1u);
  EXPECT_EQ(capture_->counters(slot_).produced, 1u);
}

TEST_P(CaptureTest, DeepAndBrokenStacks) {
  attach(kRun);
  const auto yield = [&](FakeGoroutine& gp) {
    hit(GT_HOOK_YIELD, {.arg0 = gp.g.address()});
    return one();
  };
  FakeGoroutine limit(1, GT_MAX_STACK_FRAMES, 0x401000, 16);
  gt_record r = yield(limit);
  EXPECT_EQ(stack_of(r), limit.pcs());
  EXPECT_EQ(r.flags, 0);

  FakeGoroutine deep(1, GT_MAX_STACK_FRAMES + 6, 0x402000, 16);
  r = yield(deep);
  EXPECT_EQ(r.flags, GT_REC_TRUNCATED);
  EXPECT_EQ(stack_of(r),
            std::vector<std::uint64_t>(deep.pcs().begin(), deep.pcs().begin() + GT_MAX_STACK_FRAMES));
  EXPECT_EQ(capture_->stack(r.stack)->truncated, 1u);

  FakeGoroutine wide(1, 6, 0x403000, 1024);  // frames beyond the window
  r = yield(wide);
  EXPECT_EQ(r.flags, GT_REC_TRUNCATED);
  EXPECT_EQ(stack_of(r), std::vector<std::uint64_t>(wide.pcs().begin(), wide.pcs().begin() + 5));

  FakeGoroutine cycle(1, 4, 0x404000);
  *reinterpret_cast<std::uint64_t*>(cycle.fp()) = cycle.fp();
  r = yield(cycle);
  EXPECT_EQ(r.flags, GT_REC_TRUNCATED);
  EXPECT_EQ(stack_of(r).size(), 2u);

  FakeGoroutine no_base(1, 4, 0x405000);
  no_base.g.at<std::uint64_t>(96) = 0;
  r = yield(no_base);
  EXPECT_EQ(r.flags, GT_REC_NO_STACK);
  EXPECT_EQ(r.stack, 0u);
  EXPECT_EQ(capture_->counters().stack_failed[GT_STACK_NO_BASE], 1u);

  FakeGoroutine unmapped(1, 4, 0x406000);
  unmapped.g.at<std::uint64_t>(96) = 0x1000;
  unmapped.g.at<std::uint64_t>(8) = 0x2000;
  r = yield(unmapped);
  EXPECT_EQ(r.flags, GT_REC_NO_STACK);
  EXPECT_EQ(capture_->counters().stack_failed[GT_STACK_READ_FAILED], 1u);
  EXPECT_EQ(capture_->counters(slot_).stack_failed, capture_->counters().stack_failed);
}

TEST_P(CaptureTest, UnreadableGIsACountedDrop) {
  attach(kAll);
  for (const std::size_t hook : {GT_HOOK_PARK, GT_HOOK_EXECUTE, GT_HOOK_CREATE, GT_HOOK_SYSCALL_ENTER})
    hit(hook, {.arg0 = 16, .arg1 = 16, .g = 16});
  EXPECT_EQ(drain().size(), 0u);
  const CaptureCounters c = capture_->counters();
  EXPECT_EQ(c.produced, 4u);
  EXPECT_EQ(c.dropped[GT_DROP_BAD_G], 4u);
  EXPECT_EQ(capture_->counters(slot_).produced, 4u);
  EXPECT_EQ(capture_->counters(slot_).dropped, c.dropped);
  FakeGoroutine gp(6, 2, 0x401000);
  hit(GT_HOOK_EXECUTE, {.arg0 = gp.g.address()});  // and the working memory was given back
  EXPECT_EQ(drain().size(), 1u);
}

TEST_P(CaptureTest, SequenceIsConsecutivePerCpuAndStacksAreStoredOnce) {
  attach(kBlock);
  FakeGoroutine gp(42, 12, 0x401000);
  const auto hits = [&] {
    for (int i = 0; i < 2000; ++i) hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  };
  {
    std::jthread other(hits);
    hits();
  }
  std::map<unsigned, std::uint32_t> next;
  std::set<std::uint64_t> ids;
  const auto records = drain();
  EXPECT_EQ(records.size(), 4000u);
  for (const gt_record& r : records) {
    if (auto [it, first] = next.try_emplace(r.cpu, 0); r.seq != it->second++)
      FAIL() << "gap before " << r.seq;
    ids.insert(r.stack);
  }
  EXPECT_EQ(ids.size(), 1u);
  const auto site = capture_->site_counters(slot_)[GT_HOOK_PARK];
  EXPECT_EQ(site.hits, 4000u);
  EXPECT_NEAR(static_cast<double>(site.sampled), 4000.0 / GT_TIME_SAMPLE, 45);  // picked by chance: 6 sigma
  EXPECT_GT(site.sampled_ns, site.sampled * 50);
  EXPECT_LT(site.sampled_ns, site.sampled * 100'000);
}

// A program that is interrupted, or whose CPU is taken away, in the one hit of 64 that is timed.
TEST_P(CaptureTest, NoTimedHitCountsForMoreThanTheLongest) {
  capture_.reset();
  CaptureOptions options;
  options.force_mode = GetParam();
  options.longest_sample_ns = 3;
  auto made = Capture::make(options);
  ASSERT_TRUE(made) << made.error().message;
  capture_ = std::move(*made);
  const auto slot = capture_->add_target(::getpid(), kOwnExecutable, testing::fake_config(),
                                         testing::fake_plan(all_sites()));
  ASSERT_TRUE(slot) << slot.error().message;
  slot_ = *slot;
  attach(kBlock);
  FakeGoroutine gp(7, 3, 0x401000);
  for (int i = 0; i < 1000; ++i) hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  const auto site = capture_->site_counters(slot_)[GT_HOOK_PARK];
  EXPECT_GT(site.sampled, 0u);
  EXPECT_EQ(site.sampled_ns, 3 * site.sampled);
}

// Sites of the fake plan that only these groups have.
gt_u64 sites_of(GroupMask groups) {
  gt_u64 mask = 0;
  const auto sites = all_sites();
  for (std::size_t i = 0; i < sites.size(); ++i) {
    if (sites[i].groups != 0 && (sites[i].groups & ~groups) == 0) mask |= gt_u64{1} << i;
  }
  return mask;
}

TEST_P(CaptureTest, AboveItsLimitATargetsSitesAreSilentAndThatIsTold) {
  constexpr std::uint64_t kMore = 1000, kHits = 10'000;
  attach(kLifecycle | kBlock);
  capture_->limit(slot_, {.more = kMore, .sites = sites_of(kBlock), .groups = kBlock});
  FakeGoroutine gp(42, 12, 0x401000);
  for (std::uint64_t i = 0; i < kHits; ++i) hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  std::vector<gt_record> records = drain();
  ASSERT_FALSE(records.empty());
  const gt_record last = *std::ranges::max_element(records, {}, &gt_record::time_ns);
  EXPECT_EQ(last.hook, GT_HOOK_LIMIT);
  EXPECT_EQ(last.extra, kBlock);
  EXPECT_EQ(last.goid, 0u);
  EXPECT_EQ(std::ranges::count(records, GT_HOOK_LIMIT, &gt_record::hook), 1);
  // One in 64 counts for all: of 16 by chance, 6 sigma.
  EXPECT_NEAR(static_cast<double>(records.size()), kMore, 6 * 64 * 4.0);
  EXPECT_EQ(capture_->over_limit(slot_), kBlock);

  hit(GT_HOOK_READY, {.arg0 = gp.g.address()});  // another site of the same group
  EXPECT_EQ(drain().size(), 0u);
  hit(GT_HOOK_CORO_OUT, {.arg0 = gp.g.address()});  // of another group, too
  hit(GT_HOOK_EXIT, {.arg0 = gp.g.address()});
  EXPECT_EQ(drain().size(), 2u);
  const SiteCounters park = capture_->site_counters(slot_)[GT_HOOK_PARK];
  EXPECT_EQ(park.hits, kHits + 1) << "and what told of it";
  EXPECT_EQ(park.hits - park.skipped, records.size());
  EXPECT_EQ(capture_->counters(slot_).produced, records.size() + 2);

  capture_->limit(slot_, {.more = kHits, .sites = sites_of(kBlock), .groups = kBlock});
  hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  EXPECT_EQ(drain().size(), 0u) << "what is silent stays so until it is gone";
  capture_->lift_limit(slot_);
  EXPECT_EQ(capture_->over_limit(slot_), 0u);
  hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  EXPECT_EQ(drain().size(), 1u);
}

// How long a target runs into breakpoints still, once control has been told.
TEST_P(CaptureTest, AboveItsLimitATargetIsLetGoOfSoon) {
  using Clock = std::chrono::steady_clock;
  attach(kBlock);
  FakeGoroutine gp(42, 3, 0x401000);
  capture_->limit(slot_, {.more = 20'000, .sites = sites_of(kBlock), .groups = kBlock});
  std::jthread target([&](std::stop_token stop) {
    while (!stop.stop_requested()) hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  });
  std::optional<gt_record> limit;
  const auto give_up = Clock::now() + std::chrono::seconds(20);
  while (!limit && Clock::now() < give_up) {
    ASSERT_EQ(capture_->wait(1000), 0);
    for (const gt_record& r : drain()) {
      if (r.hook == GT_HOOK_LIMIT) limit = r;
    }
  }
  ASSERT_TRUE(limit);
  ASSERT_TRUE(capture_->set_groups(slot_, 0));
  const auto hits = [&] { return capture_->site_counters(slot_)[GT_HOOK_PARK].hits; };
  std::uint64_t at_end = hits(), changed_ns = limit->time_ns;
  const auto now_ns = [] {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count());
  };
  while (capture_->detaching(slot_)) {
    if (const std::uint64_t now = hits(); now != at_end) {
      at_end = now;
      changed_ns = now_ns();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const SiteCounters park = capture_->site_counters(slot_)[GT_HOOK_PARK];
  EXPECT_EQ(park.hits, hits());
  std::printf("from the first hit above the limit to the last one: %.1f ms, %llu hits\n",
              static_cast<double>(changed_ns - limit->time_ns) / 1e6,
              static_cast<unsigned long long>(park.skipped));
  // Perf events go one behind the other, each with three grace periods (userspace/DECISIONS.md): as long as
  // that takes where others want the CPUs, too.
  if (GetParam() == AttachMode::kUprobeMulti) {
    EXPECT_LT(changed_ns - limit->time_ns, 2'000'000'000u);
  }
}

TEST_P(CaptureTest, FullRingDropsAreCountedExactly) {
  capture_.reset();
  start(static_cast<std::uint32_t>(::getpagesize()));
  attach(kBlock);
  FakeGoroutine gp(42, 3, 0x401000);
  for (int i = 0; i < 1000; ++i) hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  const std::size_t received = drain().size();
  CaptureCounters c = capture_->counters();
  EXPECT_EQ(c.produced, 1000u);
  EXPECT_GT(c.dropped[GT_DROP_RING_FULL], 0u);
  EXPECT_GT(received, 0u);
  EXPECT_EQ(c.produced, received + c.dropped_total());
  EXPECT_EQ(capture_->counters(slot_).produced, 1000u);
  EXPECT_EQ(capture_->counters(slot_).dropped, c.dropped);
  EXPECT_EQ(capture_->dropped(slot_), c.dropped_total());
  using Losses = std::vector<std::pair<TargetId, std::uint64_t>>;
  EXPECT_EQ(capture_->dropped_by_target(), (Losses{{slot_, c.dropped_total()}}));
  hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});  // room again, and the gap shows in the sequence
  EXPECT_EQ(drain().size(), 1u);
}

TEST_P(CaptureTest, FillLevelWakesTheReader) {
  attach(kBlock);
  FakeGoroutine gp(42, 3, 0x401000);
  std::jthread producer([&](std::stop_token stop) {
    while (!stop.stop_requested()) hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  });
  const auto start_time = std::chrono::steady_clock::now();
  std::size_t received = 0;
  EXPECT_EQ(capture_->wait(20'000), 0);
  capture_->drain([&](unsigned, const gt_record&) { ++received; });
  EXPECT_LT(std::chrono::steady_clock::now() - start_time, std::chrono::seconds(10));
  EXPECT_GT(received, 1000u);
}

TEST_P(CaptureTest, SharedSitesStayWhileAGroupNeedsThem) {
  FakeGoroutine gp(42, 3, 0x401000);
  const auto seen = [&] {
    std::set<int> hooks;
    for (const gt_hook hook : {GT_HOOK_PARK, GT_HOOK_EXECUTE, GT_HOOK_YIELD, GT_HOOK_EXIT, GT_HOOK_CORO_IN})
      hit(hook, {.arg0 = gp.g.address()});
    for (const gt_record& r : drain()) hooks.insert(r.hook);
    return hooks;
  };
  using ::testing::ElementsAre;
  EXPECT_TRUE(seen().empty());
  attach(kBlock);
  EXPECT_THAT(seen(), ElementsAre(GT_HOOK_CORO_IN, GT_HOOK_PARK, GT_HOOK_EXECUTE));
  attach(kBlock | kRun);
  EXPECT_THAT(seen(), ElementsAre(GT_HOOK_CORO_IN, GT_HOOK_PARK, GT_HOOK_EXECUTE, GT_HOOK_YIELD));
  attach(kRun);
  EXPECT_THAT(seen(), ElementsAre(GT_HOOK_EXECUTE, GT_HOOK_YIELD));
  attach(kLifecycle | kRun);
  EXPECT_THAT(seen(), ElementsAre(GT_HOOK_EXIT, GT_HOOK_CORO_IN, GT_HOOK_EXECUTE, GT_HOOK_YIELD));
  attach(0);
  EXPECT_TRUE(seen().empty());
}

TEST_P(CaptureTest, TextIsRestored) {
  const std::vector<std::uint8_t> before(gt_fake_sites, gt_fake_sites + 16 * GT_HOOK_COUNT);
  const auto now = [] {
    return std::vector<std::uint8_t>(gt_fake_sites, gt_fake_sites + 16 * GT_HOOK_COUNT);
  };
  attach(kAll);
  EXPECT_NE(now(), before);
  attach(0);
  EXPECT_EQ(now(), before);
  attach(kAll);
  EXPECT_NE(now(), before);
  capture_.reset();
  EXPECT_EQ(now(), before);
}

// Whoever takes groups away does not wait for the kernel; what goes and comes back is recorded once.
TEST_P(CaptureTest, DetachingGoesOnByItself) {
  FakeGoroutine gp(42, 3, 0x401000);
  const auto park = [&] { hit(GT_HOOK_PARK, {.arg0 = gp.g.address()}); };
  attach(kBlock | kRun);
  ASSERT_EQ(capture_->set_groups(slot_, kRun), kRun);
  EXPECT_TRUE(capture_->detaching(slot_));
  ASSERT_EQ(capture_->set_groups(slot_, 0), 0u);
  EXPECT_EQ(capture_->groups(slot_), 0u);
  EXPECT_TRUE(capture_->detaching(slot_));
  ASSERT_EQ(capture_->set_groups(slot_, kBlock), kBlock);
  (void)drain();
  park();
  EXPECT_EQ(drain().size(), 1u);
  ASSERT_EQ(capture_->set_groups(slot_, 0), 0u);
  await_detached();
  (void)drain();
  park();
  EXPECT_TRUE(drain().empty());
}

TEST_P(CaptureTest, TargetsComeAndGo) {
  attach(kBlock);
  FakeGoroutine gp(42, 3, 0x401000);
  auto config = testing::fake_config();
  config.tgid += 1;  // some other process: its sites are not ours to report
  auto stranger = capture_->add_target(::getpid(), kOwnExecutable, config, testing::fake_plan(all_sites()));
  ASSERT_TRUE(stranger);
  EXPECT_NE(*stranger, slot_);
  if (GetParam() != AttachMode::kPerfEventIp) {  // keyed on (tgid, ip): the stranger's key matches nothing
    ASSERT_TRUE(capture_->set_groups(*stranger, kBlock));
    hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
    EXPECT_EQ(target_of(one()), slot_);
    EXPECT_EQ(capture_->site_counters(*stranger)[GT_HOOK_PARK].hits, 0u);
  }
  capture_->remove_target(*stranger);
  capture_->remove_target(slot_);
  EXPECT_EQ(capture_->groups(slot_), 0u);
  hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  EXPECT_TRUE(drain().empty());
  auto again = capture_->add_target(::getpid(), kOwnExecutable, testing::fake_config(),
                                    testing::fake_plan(all_sites()));
  ASSERT_TRUE(again);
  EXPECT_NE(*again, slot_);
  EXPECT_EQ(capture_->site_counters(*again)[GT_HOOK_PARK].hits, 0u);
  EXPECT_TRUE(capture_->site_counters(slot_).empty());
  EXPECT_FALSE(capture_->set_groups(slot_, kBlock));
}

TEST_P(CaptureTest, FailedAttachLeavesWhatWasOn) {
  capture_->remove_target(slot_);
  auto plan = testing::fake_plan(all_sites());
  plan.sites[GT_HOOK_EXIT].file_offset = 1ull << 40;  // beyond the file
  auto broken = capture_->add_target(::getpid(), kOwnExecutable, testing::fake_config(), plan);
  ASSERT_TRUE(broken);
  ASSERT_TRUE(capture_->set_groups(*broken, kRun));
  const auto refused = capture_->set_groups(*broken, kRun | kSync | kLifecycle);
  EXPECT_FALSE(refused);
  EXPECT_EQ(capture_->groups(*broken), kRun);
}

TEST_P(CaptureTest, AProcessIsOneTarget) {
  const auto again = capture_->add_target(::getpid(), kOwnExecutable, testing::fake_config(),
                                          testing::fake_plan(all_sites()));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kUsage);
}

// Two slots, one of them another process's: the free one goes round, each time to a new owner.
TEST_P(CaptureTest, ASlotIsReusedWithANewGenerationAndOnlyBehindADrain) {
  capture_.reset();
  CaptureOptions options;
  options.force_mode = GetParam();
  options.max_targets = 2;
  auto made = Capture::make(options);
  ASSERT_TRUE(made) << made.error().message;
  capture_ = std::move(*made);
  auto config = testing::fake_config();
  const auto add = [&] {
    return capture_->add_target(::getpid(), kOwnExecutable, config, testing::fake_plan(all_sites()));
  };
  const auto first = add();
  ASSERT_TRUE(first);
  config.tgid += 1;
  const auto other = add();
  ASSERT_TRUE(other);
  config.tgid -= 1;
  EXPECT_NE(slot_of(*other), slot_of(*first));
  slot_ = *first;
  attach(kBlock);
  FakeGoroutine gp(42, 3, 0x401000);
  hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  capture_->remove_target(slot_);
  EXPECT_FALSE(add()) << "a record of the former owner is still in a ring";
  EXPECT_EQ(target_of(one()), *first);
  EXPECT_FALSE(add()) << "that pass might have been under way when the slot was given back";
  EXPECT_TRUE(drain().empty());
  const auto next = add();
  ASSERT_TRUE(next);
  EXPECT_EQ(slot_of(*next), slot_of(*first));
  EXPECT_EQ(generation_of(*next), generation_of(*first) + 1);
  EXPECT_EQ(capture_->counters(*next).produced, 0u);
  slot_ = *next;
  attach(kBlock);
  hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  EXPECT_EQ(target_of(one()), *next);
}

// The process changes its goids with each owner of the slot, and never stops to hit.
TEST_P(CaptureTest, NoRecordOfASlotsFormerOwnerIsTakenForTheNextOnes) {
  capture_.reset();
  CaptureOptions options;
  options.force_mode = GetParam();
  options.max_targets = 1;
  auto made = Capture::make(options);
  ASSERT_TRUE(made) << made.error().message;
  capture_ = std::move(*made);
  FakeGoroutine gp(0, 6, 0x401000);
  std::atomic_ref<std::uint64_t> goid(gp.g.at<std::uint64_t>(152));
  std::map<TargetId, std::pair<std::uint64_t, std::uint64_t>> goids_of;  // first, last
  const auto drain_all = [&] {
    capture_->drain([&](unsigned, const gt_record& r) {
      const auto known = goids_of.find(target_of(r));
      ASSERT_NE(known, goids_of.end()) << "a record of nobody";
      EXPECT_GE(r.goid, known->second.first);
      EXPECT_LE(r.goid, known->second.second);
    });
  };
  std::jthread load([&](std::stop_token stop) {
    while (!stop.stop_requested()) hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  });
  for (std::uint64_t owner = 1; owner <= 12; ++owner) {
    goid.store(owner * 1000);
    auto target = capture_->add_target(::getpid(), kOwnExecutable, testing::fake_config(),
                                       testing::fake_plan(all_sites()));
    for (int i = 0; !target && i < 4; ++i) {
      drain_all();
      target = capture_->add_target(::getpid(), kOwnExecutable, testing::fake_config(),
                                    testing::fake_plan(all_sites()));
    }
    ASSERT_TRUE(target) << target.error().message;
    goids_of[*target] = {owner * 1000, owner * 1000 + 1};
    slot_ = *target;
    attach(kBlock);
    while (capture_->counters(slot_).produced < 200) std::this_thread::yield();
    goid.store(owner * 1000 + 1);
    capture_->remove_target(slot_);
  }
  load.request_stop();
  load.join();
  drain_all();
  EXPECT_EQ(goids_of.size(), 12u) << "generations are each their own";
}

// What a target makes of its stacks says nothing of another's: the same frames have another id, and the
// definition of neither can be had from the other.
TEST_P(CaptureTest, StackIdsAreATargetsOwn) {
  attach(kBlock);
  FakeGoroutine gp(42, 12, 0x401000);
  hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  const gt_record before = one();
  capture_->remove_target(slot_);
  auto config = testing::fake_config();
  config.stack_seed += 1;
  const auto next = capture_->add_target(::getpid(), kOwnExecutable, config, testing::fake_plan(all_sites()));
  ASSERT_TRUE(next);
  slot_ = *next;
  attach(kBlock);
  hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  const gt_record after = one();
  EXPECT_NE(after.stack, before.stack);
  EXPECT_EQ(stack_of(after), gp.pcs());
  EXPECT_EQ(stack_of(before), gp.pcs());
}

INSTANTIATE_TEST_SUITE_P(Modes, CaptureTest,
                         ::testing::Values(AttachMode::kUprobeMulti, AttachMode::kPerfEventCookie,
                                           AttachMode::kPerfEventIp),
                         [](const auto& param_info) {
                           switch (param_info.param) {
                             case AttachMode::kUprobeMulti:
                               return "UprobeMulti";
                             case AttachMode::kPerfEventCookie:
                               return "PerfEventCookie";
                             case AttachMode::kPerfEventIp:
                               return "PerfEventIp";
                           }
                           return "";
                         });

TEST(CaptureLimits, StacksMapIsKeptFromFilling) {
  auto made = Capture::make({});
  ASSERT_TRUE(made) << made.error().message;
  auto slot = (*made)->add_target(::getpid(), kOwnExecutable, testing::fake_config(),
                                  testing::fake_plan(all_sites()));
  ASSERT_TRUE(slot);
  ASSERT_TRUE((*made)->set_groups(*slot, kRun));
  FakeGoroutine gp(1, 4, 0x401000);
  for (std::uint64_t i = 0; i < 3 * GT_MAX_STACKS; ++i) {
    gp.g.at<std::uint64_t>(64) = 0x500000 + i;  // a new sched.pc, a new stack
    hit(GT_HOOK_YIELD, {.arg0 = gp.g.address()});
    if (i % 1024 != 1023) continue;
    (*made)->drain([&](unsigned, const gt_record& r) { EXPECT_TRUE((*made)->stack(r.stack)); });
    (*made)->make_room();
    EXPECT_EQ((*made)->counters().stack_failed[GT_STACK_MAP_FULL], 0u);
  }
  // Nobody pulls: now it does fill, and says so.
  for (std::uint64_t i = 0; i < GT_MAX_STACKS + 100; ++i) {
    gp.g.at<std::uint64_t>(64) = 0x900000 + i;
    hit(GT_HOOK_YIELD, {.arg0 = gp.g.address()});
  }
  EXPECT_GT((*made)->counters().stack_failed[GT_STACK_MAP_FULL], 0u);
}

// What the verifier walks, held: a program that grows past this is slower to load and nearer to refusal.
TEST(CaptureLimits, InstructionBudget) {
  auto made = Capture::make({});
  ASSERT_TRUE(made) << made.error().message;
  const auto programs = (*made)->programs();
  EXPECT_EQ(programs.size(), 10u);
  for (const auto& program : programs) {
    std::printf("%-14s %6u verified instructions\n", program.name.c_str(), program.verified_instructions);
    EXPECT_GT(program.verified_instructions, 0u);
    // gt_panic looks through a signal's stack: 30,107 on 6.18.
    const unsigned most = program.name == "gt_panic" ? 35'000u : 15'000u;
    EXPECT_LT(program.verified_instructions, most) << program.name;
  }
}

// From 6.13 a frame of 64 bytes or more may be put on a per-CPU private stack, which preemption then corrupts
// (bpf/README.md). Frames as the verifier counts them: the deepest access below r10 in each function.
TEST(CaptureLimits, FramesStayBelow64Bytes) {
  const TracerSkeleton skeleton(gorotrace_bpf__open());
  ASSERT_TRUE(skeleton);
  int checked = 0;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton->obj) {
    const bpf_insn* code = bpf_program__insns(program);
    int deepest = 0;
    for (std::size_t i = 0; i < bpf_program__insn_cnt(program); ++i) {
      const bpf_insn& insn = code[i];
      const int kind = BPF_CLASS(insn.code);
      int offset = 0;
      if ((kind == BPF_STX || kind == BPF_ST) && insn.dst_reg == BPF_REG_10) offset = insn.off;
      if (kind == BPF_LDX && insn.src_reg == BPF_REG_10) offset = insn.off;
      // r = r10; r += imm
      if (i > 0 && insn.code == (BPF_ALU64 | BPF_ADD | BPF_K) &&
          code[i - 1].code == (BPF_ALU64 | BPF_MOV | BPF_X) && code[i - 1].src_reg == BPF_REG_10 &&
          code[i - 1].dst_reg == insn.dst_reg)
        offset = insn.imm;
      deepest = std::min(deepest, offset);
      ++checked;
    }
    std::printf("%-14s %3d bytes of stack\n", bpf_program__name(program), -deepest);
    EXPECT_GT(-deepest, 0) << "no frame access found: is the scan right?";
    EXPECT_LT(-deepest, 64) << bpf_program__name(program);
  }
  EXPECT_GT(checked, 500);
}

// The slot past the first page of the mapped configurations, and past 64.
TEST(CaptureLimits, AThousandTargets) {
  CaptureOptions options;
  options.max_targets = kMaxTargets;
  options.groups = kBlock;
  auto made = Capture::make(options);
  ASSERT_TRUE(made) << made.error().message;
  auto config = testing::fake_config();
  const gt_u32 own = config.tgid;
  TargetId last = 0;
  for (gt_u32 i = 1; i <= kMaxTargets; ++i) {
    config.tgid = i == kMaxTargets ? own : own + i;
    const auto target =
        (*made)->add_target(::getpid(), kOwnExecutable, config, testing::fake_plan(all_sites()));
    ASSERT_TRUE(target) << target.error().message;
    last = *target;
  }
  config.tgid = own - 1;
  EXPECT_FALSE((*made)->add_target(::getpid(), kOwnExecutable, config, testing::fake_plan(all_sites())));
  EXPECT_EQ(slot_of(last), kMaxTargets - 1);
  ASSERT_TRUE((*made)->set_groups(last, kBlock));
  FakeGoroutine gp(42, 3, 0x401000);
  hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
  hit(GT_HOOK_PARK, {.arg0 = 16});
  std::vector<TargetId> of;
  // The numbers of the others may be those of processes, which end when they like.
  (*made)->drain([&](unsigned, const gt_record& r) {
    if (r.hook != GT_HOOK_ENDED) of.push_back(target_of(r));
  });
  EXPECT_EQ(of, std::vector<TargetId>{last});
  EXPECT_EQ((*made)->counters(last).produced, 2u);
  EXPECT_EQ((*made)->dropped(last), 1u);
  for (const auto& [target, dropped] : (*made)->dropped_by_target())
    EXPECT_EQ(dropped, target == last) << target;
}

TEST(CaptureLimits, RefusesNonsense) {
  CaptureOptions options;
  options.ring_bytes = 5000;
  auto made = Capture::make(options);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::kUsage);

  made = Capture::make({});
  ASSERT_TRUE(made);
  auto config = testing::fake_config();
  config.g_goid = 400;
  EXPECT_FALSE((*made)->add_target(::getpid(), kOwnExecutable, config, {}));
  config = testing::fake_config();
  config.g_lockedm = 0xffff;
  EXPECT_FALSE((*made)->add_target(::getpid(), kOwnExecutable, config, {}));
  config = testing::fake_config();
  config.g_words = GT_G_WINDOW / 8 + 1;
  EXPECT_FALSE((*made)->add_target(::getpid(), kOwnExecutable, config, {}));
  config = testing::fake_config();
  config.g_park_words = 152 / 8;  // short of the goid
  EXPECT_FALSE((*made)->add_target(::getpid(), kOwnExecutable, config, {}));
  Plan plan;
  plan.sites.resize(GT_MAX_SITES + 1);
  EXPECT_FALSE((*made)->add_target(::getpid(), kOwnExecutable, testing::fake_config(), plan));
  EXPECT_FALSE((*made)->set_groups(target_id(3, 0), kBlock));
  EXPECT_FALSE((*made)->set_groups(target_id(60000, 0), kBlock));
}

// The calibration runs beside the self-test: were its hits counted there, the better mode would seem broken.
TEST(CaptureLimits, TheModeIsTheSameEveryTime) {
  CaptureOptions options;
  options.groups = kRun;
  options.force_mode = AttachMode::kUprobeMulti;
  const bool has_multi = Capture::make(options).has_value();
  options.force_mode.reset();
  for (int i = 0; i < 6; ++i) {
    const auto made = Capture::make(options);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ((*made)->mode() == AttachMode::kUprobeMulti, has_multi);
  }
}

TEST(CaptureLimits, OnlyProgramsOfTheGroupsAreLoaded) {
  CaptureOptions options;
  options.groups = kRun;
  const auto made = Capture::make(options);
  ASSERT_TRUE(made) << made.error().message;
  std::vector<std::string> names;
  for (const auto& program : (*made)->programs()) names.push_back(program.name);
  std::ranges::sort(names);
  // Coroutine switches belong to `run` too, and the lifecycle program knows them; gt_exec and
  // gt_process_exit serve all groups.
  EXPECT_EQ(names, (std::vector<std::string>{"gt_exec", "gt_lifecycle", "gt_process_exit", "gt_run"}));
  const auto slot = (*made)->add_target(::getpid(), kOwnExecutable, testing::fake_config(), {});
  ASSERT_TRUE(slot);
  EXPECT_TRUE((*made)->set_groups(*slot, kRun));
  const auto refused = (*made)->set_groups(*slot, kRun | kBlock);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
}

TEST(Calibration, TrapCosts) {
  const auto capture = Capture::make({});
  ASSERT_TRUE(capture) << capture.error().message;
  const TrapCosts& costs = (*capture)->trap_costs();
  std::printf("emulated %.0f ns, single step %.0f ns, long nop emulated: %d\n", costs.emulated_ns,
              costs.single_step_ns, costs.emulates_long_nop);
  EXPECT_GT(costs.emulated_ns, 50);
  EXPECT_GT(costs.single_step_ns, costs.emulated_ns * 1.3);
}

// Processes that want the CPUs, four for each.
class BusyMachine {
 public:
  BusyMachine() {
    for (unsigned i = 0; i < 4 * std::thread::hardware_concurrency(); ++i) {
      const pid_t pid = ::fork();
      if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (volatile unsigned n = 0;;) n = n + 1;
      }
      if (pid > 0) pids_.push_back(pid);
    }
  }
  ~BusyMachine() {
    for (const pid_t pid : pids_) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
  }

 private:
  std::vector<pid_t> pids_;
};

TEST(Calibration, others_on_the_machine_make_no_trap_free_or_dear) {
  const auto calibration = TrapCalibration::attach();
  ASSERT_TRUE(calibration) << calibration.error().message;
  const TrapCosts alone = calibration->measure().traps;
  const BusyMachine busy;
  for (int i = 0; i < 5; ++i) {
    const TrapCosts beside = calibration->measure().traps;
    std::printf("emulated %.0f ns, beside others %.0f; single step %.0f, %.0f\n", alone.emulated_ns,
                beside.emulated_ns, alone.single_step_ns, beside.single_step_ns);
    EXPECT_GT(beside.emulated_ns, 0.4 * alone.emulated_ns);
    EXPECT_LT(beside.emulated_ns, 2.5 * alone.emulated_ns);
    EXPECT_GT(beside.single_step_ns, 0.4 * alone.single_step_ns);
    EXPECT_LT(beside.single_step_ns, 2.5 * alone.single_step_ns);
  }
}

// In a loop, where all is near to the CPU: what is charged is what the hits cost, or somewhat more.
TEST(Calibration, WhatIsChargedIsWhatHitsCost) {
  const auto capture = Capture::make({});
  ASSERT_TRUE(capture) << capture.error().message;
  const auto slot = (*capture)->add_target(::getpid(), kOwnExecutable, testing::fake_config(),
                                           testing::fake_plan(all_sites()));
  ASSERT_TRUE(slot) << slot.error().message;
  FakeGoroutine gp(7, 12, 0x401000);
  constexpr int kHits = 512;
  const auto batch_ns = [&] {
    const auto cpu_ns = [] {
      timespec t{};
      ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
      return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
    };
    const double start = cpu_ns();
    for (int i = 0; i < kHits; ++i) hit(GT_HOOK_PARK, {.arg0 = gp.g.address()});
    return (cpu_ns() - start) / kHits;
  };
  const auto median_ns = [&] {
    std::array<double, 31> batches{};
    for (double& batch : batches) {
      batch = batch_ns();
      (*capture)->drain([](unsigned, const gt_record&) {});
    }
    std::ranges::sort(batches);
    return batches[batches.size() / 2];
  };
  const double untraced = median_ns();
  ASSERT_TRUE((*capture)->set_groups(*slot, kBlock));
  const double measured = median_ns() - untraced;
  const SiteCounters site = (*capture)->site_counters(*slot)[GT_HOOK_PARK];
  ASSERT_GT(site.sampled, 0u);
  const double charged = (*capture)->trap_costs().emulated_ns +
                         static_cast<double>(site.sampled_ns) / static_cast<double>(site.sampled);
  std::printf("charged %.0f ns a hit, measured %.0f: %.2f\n", charged, measured, charged / measured);
  EXPECT_GT(charged, 0.9 * measured);
  EXPECT_LT(charged, 1.5 * measured);
}

}  // namespace
}  // namespace gorotrace
