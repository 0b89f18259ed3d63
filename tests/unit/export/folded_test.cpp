#include "export/folded.h"

#include <gtest/gtest.h>

#include "dump_fixture.h"

namespace gorotrace {
namespace {

using report_test::FakeDump;
using report_test::written;

TEST(Folded, OutermostFirstAndNamesThatAreEqualAddUp) {
  FakeDump fake;
  const std::uint64_t leaf = fake.function("runtime.gopark"), f = fake.function("main.f"),
                      twin = fake.function("main.f"), evil = fake.function("main.g;x 3\n"),
                      exit = fake.function("runtime.goexit");
  fake.goroutine(1, {leaf, f, exit});
  fake.goroutine(2, {leaf, twin, exit});
  fake.goroutine(3, {leaf, evil, exit});
  GoroutineSnapshot& running = fake.goroutine(4, {});
  running.status = GStatus::kRunning;
  running.startpc = f;
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  EXPECT_EQ(written([&](const TextSink& sink) { folded_stacks(view, select(view, {}), sink); }),
            "main.f;[stack unavailable: running] 1\n"
            "main.f;runtime.gopark 2\n"
            "main.g:x 3\xef\xbf\xbd;runtime.gopark 1\n");
}

TEST(Folded, WhatLiesBetweenTheEndsOfADeepStackIsCounted) {
  FakeDump fake;
  const std::uint64_t leaf = fake.function("runtime.gopark"), inner = fake.function("main.inner"),
                      outer = fake.function("main.outer");
  const std::vector<std::uint64_t> pcs = {leaf, inner, outer};
  GoroutineSnapshot& g = fake.goroutine(1, pcs);
  g.stack = fake.dump.snapshot.stacks.add(g.stack_id + 1, pcs, true, StackSet::Gap{2, 861});
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  EXPECT_EQ(written([&](const TextSink& sink) { folded_stacks(view, select(view, {}), sink); }),
            "main.outer;[861 calls left out];main.inner;runtime.gopark 1\n");
}

}  // namespace
}  // namespace gorotrace
