#include "report/chains_text.h"

#include <gmock/gmock.h>

#include <sstream>

#include "fixture.h"
#include "report/columns.h"

namespace gorotrace::report_test {
namespace {

using namespace testing;

class ChainsText : public Test {
 protected:
  ChainsText() : x(make_session()) {}
  void wait(std::uint64_t goid, std::uint64_t ms, std::uint64_t stack, Waker waker, std::uint64_t by = 0,
            bool system = false) {
    chains.add({.goid = goid,
                .start_ns = 0,
                .end_ns = ms * 1'000'000,
                .stack = stack,
                .reason = 1,
                .in_syscall = false,
                .system = system,
                .waker = waker,
                .waker_goid = by});
  }
  std::string text(const ChainsTextOptions& options = {}) {
    return chains_text(chains, x.symbols, x.facts.wait_reasons, options);
  }
  Session x;
  WaitChains chains;
};

TEST_F(ChainsText, NothingOfNoWaits) {
  EXPECT_EQ(text(), "");
  wait(1, 5, 11, {WakerKind::kTimer, 0}, 0, true);
  EXPECT_EQ(text(), "") << "the runtime's own";
  EXPECT_NE(text({.system = true}), "");
}

TEST_F(ChainsText, StepsStandBelowEachOther) {
  wait(2, 10, 12, {WakerKind::kNetpoll, 0});
  wait(1, 2000, 11, {WakerKind::kGoroutine, 21}, 2);
  wait(1, 500, 11, {WakerKind::kTimer, 0});
  EXPECT_EQ(text(),
            "\n"
            "WHO MADE WHOM WAIT  waits that ended, by time · 2 of 2 places · who ended them,\n"
            "  who had woken that one\n"
            "   waited   count\n"
            "    2.50s       2  chan receive  example.com/server/internal/pool.(*Pool).next\n"
            "                   pool.go:80\n"
            "    2.00s       1  woken by example.com/server/internal/pool.(*Pool).Submit\n"
            "                     pool.go:55\n"
            "                     woken by the network poller\n"
            "    500ms       1  woken by a timer\n"
            "   10.0ms       1  chan receive  main.serve  main.go:51\n"
            "   10.0ms       1  woken by the network poller\n");
}

TEST_F(ChainsText, WhatIsLeftOutIsSaid) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    x.symbols.stacks[1000 + i] = {{"main.f" + std::to_string(i), "/src/main.go", 1, false}};
    wait(1, 1 + i, 11, {WakerKind::kGoroutine, 1000 + i});
    wait(2, 1 + i, 1000 + i, {WakerKind::kTimer, 0});
  }
  const std::string all = text({.limit = 3});
  EXPECT_THAT(all, HasSubstr("3 of 21 places"));
  EXPECT_THAT(all, HasSubstr("16 other chains"));
}

}  // namespace
}  // namespace gorotrace::report_test
