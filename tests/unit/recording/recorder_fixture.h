// A recorder behind a router, of a target that exists on paper.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../model/random_trace.h"
#include "../stream/fixture.h"
#include "recording/recorder.h"

namespace gorotrace {

// Every pc is a function of its own.
class PaperSymbols : public Symbolizer {
 public:
  const std::vector<Frame>& stack(std::uint64_t) override { return none_; }
  bool truncated(std::uint64_t) override { return false; }
  const std::vector<Frame>& frames(std::uint64_t pc, PcKind kind) override {
    Frame frame;
    frame.function = (pc == plugin_pc && !plugin_known ? "[plug.so]" : "main.f") + std::to_string(pc) +
                     (kind == PcKind::kExact ? "!" : "");
    frame.line = static_cast<int>(pc % 1000);
    return frames_[{pc, kind}] = {frame};
  }
  std::atomic<std::uint64_t> plugin_pc = 0;
  std::atomic<bool> plugin_known = false;

 private:
  std::vector<Frame> none_;
  std::map<std::pair<std::uint64_t, PcKind>, std::vector<Frame>> frames_;
};

class RecorderTest : public ::testing::Test {
 protected:
  RecorderTest() {
    path = std::filesystem::temp_directory_path() / ("recorder_test." + std::to_string(::getpid()));
    record({});
  }
  ~RecorderTest() override { std::filesystem::remove(path); }

  void record(const Recorder::Options& options) {
    router.reset();
    recorder.reset();  // it has the file to itself
    auto made = Recorder::make(path, options);
    EXPECT_TRUE(made) << made.error().message;
    recorder = std::move(*made);
    router.emplace(std::vector<ItemSink*>{&models, recorder.get()});
  }

  void begin(TargetId target) {
    auto owned = std::make_unique<PaperSymbols>();
    names = owned.get();
    EXPECT_TRUE(recorder->name(target, {nullptr, std::move(owned)}));
    router->begin(
        target,
        {.host_pid = 42, .start_time_ticks = 1, .exe = "/bin/it", .wait_reasons = kReasons, .label_key = ""},
        source);
    for (int g = 0; g <= GT_GROUP_RUN; ++g)
      router->post({target, 1000, GroupChanged{static_cast<gt_group>(g), true}});
  }
  void push(std::vector<gt_record> ring, std::uint64_t watermark) {
    for (gt_record& r : ring) {
      r.target = slot_of(kOne);
      r.generation = generation_of(kOne);
      r.seq = seq++;
    }
    router->push({{std::move(ring)}, watermark, std::nullopt});
  }
  void play_through(const std::vector<gt_record>& events, std::uint64_t end_ns) {
    for (std::size_t at = 0; at < events.size(); at += 500) {
      const auto from = events.begin() + static_cast<std::ptrdiff_t>(at);
      const auto to = events.begin() + static_cast<std::ptrdiff_t>(std::min(events.size(), at + 500));
      push({from, to}, std::prev(to)->time_ns + 1);
    }
    push({}, end_ns);
  }
  Tables live(std::uint64_t at_ns) {
    const auto answers = models.ask(at_ns, Ask::kTables, {kOne});
    EXPECT_TRUE(answers);
    return *answers->at(kOne).tables;
  }
  StatFacts facts(std::uint64_t begin_ns, std::uint64_t end_ns) {
    StatFacts f;
    f.target.host_pid = f.target.pid = 42;
    f.target.exe = "/bin/it";
    f.begin_ns = begin_ns;
    f.end_ns = end_ns;
    f.wait_reasons = kReasons;
    f.requested = 7;
    f.cost = {123, 4.5, 678, 0.1};
    f.notices = {"a notice"};
    return f;
  }
  Status close() {
    router.reset();
    return recorder->close();
  }

  std::filesystem::path path;
  PaperSource source;
  ModelSink models;
  std::unique_ptr<Recorder> recorder;
  std::optional<Router> router;
  PaperSymbols* names = nullptr;  // the recorder's
  std::uint32_t seq = 0;
};

}  // namespace gorotrace
