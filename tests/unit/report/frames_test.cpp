#include "report/frames.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

namespace gorotrace {
namespace {

std::vector<Frame> frames_named(std::initializer_list<const char*> functions) {
  std::vector<Frame> out;
  for (const char* f : functions) out.push_back({f, "", 0, false});
  return out;
}

TEST(Frames, Classes) {
  EXPECT_EQ(classify("runtime.gopark"), FrameClass::kRuntime);
  EXPECT_EQ(classify("internal/poll.runtime_pollWait"), FrameClass::kRuntime);
  EXPECT_EQ(classify("internal/runtime/maps.(*Map).Get"), FrameClass::kRuntime);
  EXPECT_EQ(classify("net/http.(*conn).serve"), FrameClass::kStandard);
  EXPECT_EQ(classify("runtimes.Go"), FrameClass::kUser);
  EXPECT_EQ(classify("main.F[net/http.Request]"), FrameClass::kUser);
  EXPECT_EQ(classify("github.com/a/net.Dial"), FrameClass::kUser);
  EXPECT_EQ(classify("plugin/unnamed-1f0c.Work"), FrameClass::kUser);
  EXPECT_EQ(classify("plugin.Open"), FrameClass::kStandard);
}

TEST(Frames, TheTellingOnes) {
  using Picked = std::vector<std::size_t>;
  EXPECT_EQ(telling_frames(
                frames_named({"runtime.gopark", "net.Read", "bufio.Fill", "main.a", "main.b", "main.c"}), 2),
            (Picked{1, 3, 4}));
  EXPECT_EQ(telling_frames(frames_named({"runtime.gopark", "main.a", "net/http.serve", "runtime.goexit"}), 3),
            (Picked{1}));
  // Nothing of the user's: where the library began.
  EXPECT_EQ(
      telling_frames(frames_named({"runtime.gopark", "internal/poll.wait", "net.Read", "bufio.Fill",
                                   "net/http.(*conn).serve", "net/http.Serve.gowrap3", "runtime.goexit"}),
                     3),
      (Picked{1, 4, 5}));
  EXPECT_EQ(telling_frames(frames_named({"internal/poll.wait", "net/http.serve"}), 3), (Picked{0, 1}));
  EXPECT_EQ(telling_frames(frames_named({"runtime.gopark", "time.Sleep"}), 3), (Picked{1}));
  EXPECT_EQ(telling_frames(frames_named({"runtime.gopark", "runtime.goexit"}), 3), (Picked{0}));
  EXPECT_EQ(telling_frames({}, 3), Picked{});
}

TEST(Frames, TheNamingOne) {
  const auto named = [](std::initializer_list<const char*> functions) {
    return naming_frame(frames_named(functions))->function;
  };
  EXPECT_EQ(named({"runtime.ready", "net.Read", "main.a", "main.b"}), "main.a");
  EXPECT_EQ(named({"runtime.ready", "net.Read", "bufio.Fill"}), "net.Read");
  EXPECT_EQ(named({"runtime.systemstack_switch", "runtime.gcMarkDone", "runtime.gcBgMarkWorker"}),
            "runtime.gcMarkDone");
  EXPECT_EQ(named({"runtime.systemstack_switch"}), "runtime.systemstack_switch");
  EXPECT_EQ(naming_frame({}), nullptr);
}

TEST(Frames, ShortNames) {
  EXPECT_EQ(short_function("github.com/a/b.(*T).M", 40), "github.com/a/b.(*T).M");
  EXPECT_EQ(short_function("github.com/a/b.(*T).M", 12), "…/b.(*T).M");
  EXPECT_EQ(short_function("github.com/a/b.(*T).M", 3), "…/b.(*T).M");
  EXPECT_EQ(short_function("main.F[github.com/x/y.Z]", 20), "main.F[github.com/x/y.Z]");
}

TEST(Frames, WhatHasNoRoomGoesBelowAndNoNameIsCut) {
  const Frame f{"example.com/shop/pool.(*Pool).Submit", "/src/pool/pool_of_workers.go", 55, false};
  EXPECT_EQ(frame_text(f, {80, 8, 12}, {}), "example.com/shop/pool.(*Pool).Submit  pool_of_workers.go:55");
  EXPECT_EQ(frame_text(f, {60, 8, 12}, {}), "…/pool.(*Pool).Submit  pool_of_workers.go:55");
  EXPECT_EQ(frame_text(f, {60, 8, 12}, {}, " and 2 more"),
            "example.com/shop/pool.(*Pool).Submit\n            pool_of_workers.go:55 and 2 more");
  EXPECT_EQ(frame_text(f, {40, 30, 12}, {}),
            "\n            …/pool.(*Pool).Submit\n            pool_of_workers.go:55");
  EXPECT_EQ(frame_text(f, {50, 40, 12}, {}),
            "\n            example.com/shop/pool.(*Pool).Submit\n            pool_of_workers.go:55")
      << "it has a line of its own";
  EXPECT_EQ(frame_text(f, {24, 8, 4}, {}),
            "\n    …/pool.(*Pool).\n    Submit\n    pool_of_workers.\n    go:55");
  EXPECT_EQ(frame_text(f, {kNoWidth, 300, 12}, {}),
            "example.com/shop/pool.(*Pool).Submit  pool_of_workers.go:55");
}

TEST(Frames, ANameThatWouldFillTheScreenIsCut) {
  const Frame f{"main." + std::string(10'000, 'x'), "", 0, false};
  const std::string out = frame_text(f, {80, 8, 12}, {});
  EXPECT_LE(std::ranges::count(out, '\n'), 8);
  EXPECT_NE(out.find("…"), std::string::npos);
}

}  // namespace
}  // namespace gorotrace
