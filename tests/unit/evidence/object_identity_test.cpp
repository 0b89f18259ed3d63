#include "evidence/object_identity.h"

#include <gtest/gtest.h>

#include "fixture.h"

namespace gorotrace::report_test {
namespace {

Frame function(const char* name) {
  Frame frame;
  frame.function = name;
  return frame;
}

ObjectRow semaphore(std::uint64_t waiter_stack, std::uint8_t reason) {
  ObjectRow row;
  row.kind = ObjectRow::Kind::kSemaphore;
  row.address = 0xc00c;
  row.waiter_stack = waiter_stack;
  row.waiter_reason = reason;
  return row;
}

TEST(ObjectIdentity, ASemaphoreHasTheAddressThatADumpShows) {
  Session x = make_session();
  const std::uint8_t mutex = 3, none = 0;  // of make_session()
  x.symbols.stacks[1] = {function("sync.runtime_SemacquireMutex"),
                         function("internal/sync.(*Mutex).lockSlow"), function("main.f")};
  x.symbols.stacks[2] = {function("internal/sync.(*Mutex).lockSlow"), function("sync.(*Mutex).Lock"),
                         function("sync.(*Once).doSlow"), function("main.f")};
  x.symbols.stacks[3] = {function("internal/sync.(*Mutex).lockSlow"), function("main.locks"),
                         function("sync.(*Once).doSlow"), function("main.f")};
  x.symbols.stacks[4] = {function("sync.runtime_SemacquireRWMutexR"), function("sync.(*RWMutex).RLock"),
                         function("main.f")};
  x.symbols.stacks[5] = {function("internal/poll.runtime_Semacquire"), function("sync.(*Mutex).lockSlow")};
  const auto check = [&](std::uint64_t stack, std::uint8_t reason, const char* kind, std::uint64_t address) {
    const ObjectIdentity found = object_identity(semaphore(stack, reason), x.facts, x.symbols);
    EXPECT_EQ(found.kind, kind) << stack;
    EXPECT_EQ(found.address, address) << stack;
  };
  check(1, mutex, "mutex", 0xc008);
  check(1, none, "mutex", 0xc008);
  check(2, mutex, "once", 0xc004);
  check(3, mutex, "mutex", 0xc008);
  check(4, none, "rwmutex_read", 0xc000);
  check(5, none, "semaphore", 0xc00c);
  check(0, none, "semaphore", 0xc00c);  // nobody was seen to wait
}

TEST(ObjectIdentity, AChannelIsItself) {
  Session x = make_session();
  ObjectRow row;
  row.address = 0xc0;
  EXPECT_EQ(object_identity(row, x.facts, x.symbols).kind, "channel");
  EXPECT_EQ(object_identity(row, x.facts, x.symbols).address, 0xc0u);
}

}  // namespace
}  // namespace gorotrace::report_test
