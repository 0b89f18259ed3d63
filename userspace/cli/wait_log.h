// `stat --waits FILE`: one JSON object per line and ended wait, for matching against another cross-check of
// the same window. What a regular file holds already is kept as FILE.old, once there is something to be
// written or at the end (recording/claimed_file.h). A thread of its own writes them, so that a file that
// takes nothing (a FIFO that nobody reads, a full disk) holds up neither the models nor the command: what it
// does not take is counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.h"
#include "base/unique_fd.h"
#include "recording/claimed_file.h"
#include "report/stack_numbers.h"
#include "stream/wait_queue.h"

namespace gorotrace {

class WaitLog {
 public:
  // `stacks`: the names that the summaries give them too, of every target; outlives this object.
  // A regular file is nobody else's meanwhile, and stays as it is until the first wait or close(); kFailed: a
  // recording is written to it, or what it holds could not be kept.
  // A FIFO may be without a reader yet: then it is opened as soon as one comes.
  [[nodiscard]] static Result<std::unique_ptr<WaitLog>> open(const std::string& path, RunStacks& stacks);
  ~WaitLog();
  WaitLog(const WaitLog&) = delete;
  WaitLog& operator=(const WaitLog&) = delete;

  [[nodiscard]] WaitQueue& queue() { return queue_; }
  // Nothing more is pushed. Writes what is queued as long as the file takes some of it every second, for ten
  // at most, and says what did not get there.
  [[nodiscard]] Status close();

 private:
  WaitLog(std::string path, std::optional<ClaimedFile> claimed, UniqueFd file, RunStacks& stacks)
      : path_(std::move(path)), claimed_(std::move(claimed)), file_(std::move(file)), stacks_(stacks) {}
  void run();
  // False when it cannot be written at all, or not in time.
  [[nodiscard]] bool write(std::string_view text);
  [[nodiscard]] bool open_fifo();
  // The file, empty from here on. False: why_ says why not.
  [[nodiscard]] bool begin_anew();
  // At the end, and the file has taken nothing since moved_ns for too long.
  [[nodiscard]] bool out_of_time(std::uint64_t moved_ns) const;
  void end();

  // 80 bytes each.
  static constexpr std::size_t kMaxQueued = 1u << 19;

  const std::string path_;
  std::optional<ClaimedFile> claimed_;  // a regular file, until it is written to
  UniqueFd file_;
  RunStacks& stacks_;
  WaitQueue queue_{kMaxQueued};
  std::atomic<std::uint64_t> ending_ns_ = 0;  // when close() was called
  // The thread's own until it ends.
  std::uint64_t unwritten_ = 0;
  int error_ = 0;    // errno of the first write that failed
  std::string why_;  // what else did
  std::thread thread_;
};

}  // namespace gorotrace
