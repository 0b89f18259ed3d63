// `record --last`: the last part of a recording is kept in memory and written when the recording ends, and at
// each SIGUSR1 while it goes on. Threads: control thread; windows that are written meanwhile are written by
// another (cli/window_files.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "cli/window_files.h"
#include "recording/recorder.h"

namespace gorotrace {

class RecordOutput;

class FlightRecorder {
 public:
  static constexpr std::uint64_t kDefaultBytes = 256u << 20;

  struct Written {
    std::string path;
    std::uint64_t took_ns = 0;  // the window's length
    std::uint64_t records = 0, bytes = 0, dropped_bytes = 0;
    bool from_the_start = false;
  };

  // last: as typed; "": there is none, and nullptr comes back. Before any thread: from here on SIGUSR1 is for
  // this object.
  [[nodiscard]] static Result<std::unique_ptr<FlightRecorder>> make(const std::string& last,
                                                                    const std::string& path,
                                                                    std::optional<std::uint64_t> max_bytes);
  ~FlightRecorder();
  FlightRecorder(const FlightRecorder&) = delete;
  FlightRecorder& operator=(const FlightRecorder&) = delete;

  // Which outlives this object's begins() to end().
  [[nodiscard]] Result<std::unique_ptr<Recorder>> recorder(Recorder::Options options);
  // Tells the recorder what is known of the targets, in front of each window.
  void tell_by(std::function<void()> tell) { tell_ = std::move(tell); }
  void begins(EventLoop& loop);
  // Writes the last window, and says the last lines. The recorder is closed.
  [[nodiscard]] Status end(const Recorder& recorder, const RecordOutput& output, std::string why);

  // "the last 42s of 60s in 12.3 MiB of memory"
  [[nodiscard]] std::string progress(const Recorder::Figures& figures) const;
  // "the last 12.1s (60s were asked for, and took more than --max-size): 1234 events, 1.2 MiB in f.gtr"
  [[nodiscard]] std::string text(const Written& written) const;

 private:
  FlightRecorder(const RollingChunks::Bounds& bounds, std::unique_ptr<WindowFiles> files, UniqueFd signals,
                 UniqueFd done);
  [[nodiscard]] WindowKept told(const KeptChunks& kept, std::string why, bool goes_on) const;
  [[nodiscard]] static Written written_of(const KeptChunks& kept);
  void write_soon();
  void tell_written();

  const RollingChunks::Bounds bounds_;
  const std::unique_ptr<WindowFiles> files_;
  const UniqueFd signals_, done_;  // done_: an eventfd
  Recorder* recorder_ = nullptr;
  std::function<void()> tell_ = [] {};
  bool writing_ = false, again_ = false;  // another SIGUSR1 has come meanwhile
  mutable bool told_kept_ = false;        // with the first window
  Status failed_;                         // the first window that could not be written

  std::mutex mutex_;
  std::optional<Result<Written>> written_;  // of which control does not know yet
};

}  // namespace gorotrace
