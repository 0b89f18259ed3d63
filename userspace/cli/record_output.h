// What `record` says: how far it is, on a terminal, and at the end what was recorded, what it cost, and what
// to type next. All on stderr. Threads: control thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/progress.h"
#include "cli/window_output.h"
#include "recording/recorder.h"

namespace gorotrace {

class RecordOutput : public WindowOutput {
 public:
  struct Options {
    std::string path;
    std::optional<std::chrono::nanoseconds> duration;
    std::optional<std::uint64_t> max_bytes;  // the recording ends when the file is as large
  };
  // recorder outlives this object.
  RecordOutput(Options options, const Recorder& recorder);

  void begins(EventLoop& loop) override;
  void ends() override { progress_.reset(); }
  [[nodiscard]] bool wants_all() const override { return false; }
  [[nodiscard]] bool has_lines() const override { return false; }
  void interval(const IntervalRow& row, const StatFacts& facts) override;
  void note(const std::string& text) override;
  void summary(const StatFacts& facts, const Tables& tables, Symbolizer& symbols) override;

  // The last lines, once the file is closed.
  void tell_end() const;

 private:
  [[nodiscard]] std::string progress() const;
  void look_at_size(EventLoop& loop);

  Options options_;
  const Recorder& recorder_;
  std::uint64_t began_ns_ = 0;
  std::unique_ptr<Progress> progress_;
  struct Rate {
    double events_per_s = 0, cpu_percent = 0;
  };
  std::map<pid_t, Rate> rates_;  // of the last interval, by target
  std::vector<StatFacts> ended_;
  bool full_ = false;
};

}  // namespace gorotrace
