// The reader thread: empties the rings into batches for the aggregator and does nothing else.
#pragma once

#include <atomic>
#include <thread>

#include "capture/capture.h"
#include "model/aggregator.h"

namespace gorotrace {

class RecordReader {
 public:
  RecordReader(Capture& capture, Aggregator& aggregator);  // starts the thread; both outlive this object
  ~RecordReader();                                         // one last drain, then joins

  // errno of the first failed drain, 0 while all is well: after it no more records arrive.
  [[nodiscard]] int error() const { return error_.load(); }

 private:
  void run();

  Capture& capture_;
  Aggregator& aggregator_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> error_ = 0;
  std::thread thread_;
};

}  // namespace gorotrace
