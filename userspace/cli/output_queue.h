// A descriptor that is written to by a thread of its own, so that a reader who does not read (Ctrl-S, a pipe
// to less, a FIFO that nobody drains) holds up nobody but that thread.
// Threads: all of this is one owner thread's.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"
#include "base/unique_fd.h"

namespace gorotrace {

class OutputQueue {
 public:
  // What waits to be written while there is still room. One interval of many targets may be more than that:
  // room is asked for once, for all of their lines.
  static constexpr std::size_t kRoomBytes = 16 << 10;

  // fd outlives this object.
  [[nodiscard]] static Result<std::unique_ptr<OutputQueue>> make(int fd);
  // Gives up what has not been written.
  ~OutputQueue();

  void put(std::string text);  // never waits, takes all
  [[nodiscard]] bool room() const;
  [[nodiscard]] bool idle() const;  // everything was written, or nothing more can be
  // errno of the write that failed: nothing put before or after it arrives any more. 0 while all is well.
  [[nodiscard]] int error() const;
  // Readable after something was written or could not be; acknowledge() makes it unreadable until then.
  [[nodiscard]] int event_fd() const;
  void acknowledge();

 private:
  struct Shared;
  OutputQueue() = default;

  // The thread's, too: one that even a signal does not get out of a write (NFS) is left behind with it.
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace gorotrace
