// What all targets of a session share: the loaded programs, and the threads between their rings and the
// models. Threads: control thread.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "capture/capture.h"
#include "evidence/facts.h"
#include "model/aggregator.h"
#include "session/record_reader.h"

namespace gorotrace {

class Pipeline {
 public:
  // Loads and calibrates when options.groups is not empty. Attaches nothing.
  [[nodiscard]] static Result<std::unique_ptr<Pipeline>> make(const CaptureOptions& options);
  ~Pipeline();  // detaches everything, then drains, then stops the threads

  [[nodiscard]] Capture* capture() { return capture_.get(); }  // nullptr without probes
  [[nodiscard]] const Capture* capture() const { return capture_.get(); }
  [[nodiscard]] Aggregator& aggregator() { return aggregator_; }
  [[nodiscard]] TrapCosts trap_costs() const;

  // As of a time that has passed, with all that was recorded until then.
  [[nodiscard]] Tables tables(TargetId target, std::uint64_t at_ns);
  [[nodiscard]] Tables totals(TargetId target, std::uint64_t at_ns);
  // Any thread.
  [[nodiscard]] OpenWaits open_waits(TargetId target, std::uint64_t at_ns);
  // Records that a target lost so far.
  [[nodiscard]] std::uint64_t dropped(TargetId target) const {
    return capture_ ? capture_->dropped(target) : 0;
  }
  // Records of a target, and of all together.
  [[nodiscard]] EventFacts events(TargetId target) const;
  [[nodiscard]] EventFacts events() const;
  // errno of the first failed read of the rings, 0 while all is well.
  [[nodiscard]] int read_error() const { return reader_ ? reader_->error() : 0; }

  // From here on nothing is answered as of a time behind this call, until close(). Windows that end meanwhile
  // (Aggregator::post_end) end with every record from before, and with none from after.
  void hold();
  // Detaches all targets, which ends every program that still runs, and waits until all that was produced has
  // arrived, so that the account closes; then lets go. What it waited for in vain is told by events().
  void close();

 private:
  Pipeline() = default;
  void catch_up(std::uint64_t at_ns);

  // Reverse teardown order: the reader stops first, then the aggregator, then the programs go.
  std::unique_ptr<Capture> capture_;
  Aggregator aggregator_;
  std::unique_ptr<RecordReader> reader_;
};

}  // namespace gorotrace
