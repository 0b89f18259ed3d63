// Looks at a program that leaks, for growth.
#pragma once

#include <initializer_list>

#include "dump_fixture.h"
#include "evidence/growth.h"

namespace gorotrace::report_test {

struct Counts {
  int leaking, flapping, steady;
};

inline FakeDump look(Counts n) {
  FakeDump fake;
  const std::uint64_t park = fake.function("runtime.gopark"),
                      leak = fake.function("main.leaked", "/src/leak.go", 9),
                      flap = fake.function("main.flap"), steady = fake.function("main.steady"),
                      maker = fake.function("main.make", "/src/make.go", 33);
  std::uint64_t goid = 1;
  const auto add = [&](int count, std::uint64_t pc) {
    for (int i = 0; i < count; ++i) {
      GoroutineSnapshot& g = fake.goroutine(++goid, {park, pc});
      g.startpc = pc - 0x20;
      g.gopc = maker;
    }
  };
  add(n.leaking, leak);
  add(n.flapping, flap);
  add(n.steady, steady);
  return fake;
}

// Four that the library made: three for main.client, by a creator that probes saw, and one by nobody known.
inline FakeDump library_look() {
  FakeDump fake;
  const std::uint64_t loop = fake.function("net/http.loop"),
                      dial = fake.function("net/http.dial", "/go/http.go", 7),
                      queue = fake.function("net/http.queue", "/go/http.go", 9),
                      client = fake.function("main.client", "/src/c.go", 3);
  for (std::uint64_t goid = 5; goid < 9; ++goid) {
    GoroutineSnapshot& g = fake.goroutine(goid, {loop});
    g.startpc = loop - 0x20;
    g.gopc = dial;
    g.parent_goid = goid < 8 ? 4 : 3;
  }
  fake.dump.creations.creations = {{4, 1, 72, queue, 0}};
  fake.dump.creations.stacks =
      NamedStacks({{72, std::make_shared<const StackPcs>(StackPcs{{queue, client}, false})}});
  return fake;
}

inline Population counted(const FakeDump& fake) {
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  return population(view, select(view, {}));
}

inline Growth growth(std::initializer_list<Counts> looks) {
  GrowthTracker tracker;
  for (const Counts& n : looks) tracker.add(counted(look(n)));
  return tracker.result();
}

}  // namespace gorotrace::report_test
