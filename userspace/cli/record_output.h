// What `record` says: how far it is, on a terminal, and at the end what was recorded, what it cost, and what
// to type next. All on stderr. Threads: control thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/flight_recorder.h"
#include "cli/progress.h"
#include "cli/until.h"
#include "cli/window_output.h"
#include "recording/recorder.h"

namespace gorotrace {

class RecordOutput : public WindowOutput {
 public:
  struct Options {
    std::string path;
    std::optional<std::chrono::nanoseconds> duration;
    std::optional<std::uint64_t> max_bytes;  // the recording ends when the file is as large
    Until* until = nullptr;                  // it ends then, too; outlives this object, as does `flight`
    FlightRecorder* flight = nullptr;        // there is no file while it goes on
    bool progress = true;                    // the terminal is ours alone
  };
  // recorder outlives this object.
  RecordOutput(Options options, const Recorder& recorder);

  // A target's window did. Time counts from the last of them, as that of -d does.
  void began(std::uint64_t at_ns) { began_ns_ = std::max(began_ns_, at_ns); }
  void begins(EventLoop& loop) override;
  void ends() override { progress_.reset(); }
  [[nodiscard]] bool wants_all() const override { return false; }
  [[nodiscard]] bool has_lines() const override { return false; }
  void interval(const IntervalRow& row, const StatFacts& facts) override;
  void note(const std::string& text) override;
  void summary(const StatFacts& facts, const Tables& tables, Symbolizer& symbols) override;

  // What ended the recording, once the summaries are here: a signal, a condition, a target's end, its time.
  [[nodiscard]] std::string why(std::optional<int> signal) const;
  // The last of the targets' windows, likewise.
  [[nodiscard]] std::uint64_t end_ns() const;
  // The last lines, once the file is closed. written: whether it came to the disk; window: the flight
  // recorder's last one.
  void tell_end(const Status& written, const FlightRecorder::Written* window = nullptr) const;

 private:
  [[nodiscard]] std::string progress() const;
  [[nodiscard]] std::string file_text(const std::string& targets, std::uint64_t longest,
                                      std::optional<std::uint64_t> bytes,
                                      const FlightRecorder::Written* window) const;
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
