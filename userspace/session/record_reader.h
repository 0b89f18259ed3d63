// The reader thread: empties the rings into batches for the router and does nothing else.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "base/unique_fd.h"
#include "capture/capture.h"
#include "stream/router.h"

namespace gorotrace {

class RecordReader {
 public:
  RecordReader(Capture& capture, Router& router);  // starts the thread; both outlive this object
  ~RecordReader();                                 // one last drain, then joins

  // Any thread: reads the rings as soon as everything recorded before at_ns is in them, instead of at the
  // next turn.
  void catch_up(std::uint64_t at_ns);

  // Control thread: no watermark passes the time of this call until let_go(). So what is asked as of a later
  // time can be answered with every record from before it, however late it comes, and with none from after.
  void hold() { held_ = true; }
  void let_go();

  // Readable once a target has passed its limit (GT_HOOK_LIMIT): control is to look at all of them.
  // acknowledge() makes it unreadable again.
  [[nodiscard]] int urgent_fd() const { return urgent_.get(); }
  void acknowledge();

  // errno of the first failed drain, 0 while all is well: after it no more records arrive.
  [[nodiscard]] int error() const { return error_.load(); }

 private:
  void run();
  // Until the next turn; all before watermark_ns is read. `stuck`: because a ring could not be emptied.
  [[nodiscard]] int sleep_ms(std::uint64_t watermark_ns, bool stuck) const;

  Capture& capture_;
  Router& router_;
  UniqueFd urgent_;  // eventfd; none to be had: control comes on its own
  std::atomic<bool> stop_ = false, held_ = false;
  std::atomic<int> error_ = 0;
  std::atomic<std::uint64_t> wanted_ns_ = 0;  // greatest at_ns asked for
  std::thread thread_;
};

}  // namespace gorotrace
