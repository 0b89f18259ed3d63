// What all targets of a session share: the loaded programs, and the threads between their rings and the
// models. Threads: control thread.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/result.h"
#include "capture/capture.h"
#include "evidence/facts.h"
#include "session/link_sharing.h"
#include "session/record_reader.h"
#include "stream/model_sink.h"
#include "stream/router.h"

namespace gorotrace {

// The tables of one target, asked for and on their way. The pipeline outlives it.
class PendingTables {
 public:
  PendingTables(PendingAnswers answers, TargetId target) : answers_(std::move(answers)), target_(target) {}
  [[nodiscard]] Result<Tables> get(const std::stop_token& stop = {});  // once

 private:
  PendingAnswers answers_;
  TargetId target_;
};

class Pipeline {
 public:
  // What a detached target has produced arrives within it: at once, but the reader has to come to run.
  static constexpr std::uint64_t kSettleNs = 2'000'000'000;

  // Loads and calibrates when options.groups is not empty. Attaches nothing. `waits` gets every wait that
  // ends, `sink` the stream, beside the models; both may be nullptr, else they outlive the pipeline.
  [[nodiscard]] static Result<std::unique_ptr<Pipeline>> make(const CaptureOptions& options,
                                                              LinkSharing::Options sharing, WaitQueue* waits,
                                                              ItemSink* sink);
  ~Pipeline();  // detaches everything, then drains, then stops the threads

  [[nodiscard]] Capture* capture() { return capture_.get(); }  // nullptr without probes
  [[nodiscard]] const Capture* capture() const { return capture_.get(); }
  [[nodiscard]] Router& router() { return router_; }
  [[nodiscard]] LinkSharing& sharing() { return sharing_; }
  [[nodiscard]] TrapCosts trap_costs() const;

  // As of a time that has passed, with all that was recorded until then: ModelSink::ask(). Any thread.
  [[nodiscard]] PendingAnswers ask(std::uint64_t at_ns, Ask what, std::vector<TargetId> targets);
  // The same of one target. An error when it is not there, too.
  [[nodiscard]] PendingTables tables(TargetId target, std::uint64_t at_ns);
  [[nodiscard]] PendingTables totals(TargetId target, std::uint64_t at_ns);
  [[nodiscard]] Result<OpenWaits> open_waits(TargetId target, std::uint64_t at_ns);
  [[nodiscard]] Result<SeenCreations> creations(TargetId target, std::uint64_t at_ns);
  [[nodiscard]] Result<StandingWaits> standing(TargetId target, std::uint64_t at_ns);
  // Records that a target lost so far, on the way to the models too.
  [[nodiscard]] std::uint64_t dropped(TargetId target) const;
  // The same of sampling ticks.
  [[nodiscard]] std::uint64_t dropped_samples(TargetId target) const {
    return models_.dropped_samples(target);
  }
  // Records of a target, and of all together; and as a sink has them that dropped so many.
  [[nodiscard]] EventFacts events(TargetId target) const;
  [[nodiscard]] EventFacts events(TargetId target, std::uint64_t dropped) const;
  [[nodiscard]] EventFacts events() const;
  // RecordReader::urgent_fd(); -1 without probes.
  [[nodiscard]] int urgent_fd() const { return reader_ ? reader_->urgent_fd() : -1; }
  void acknowledge() {
    if (reader_) reader_->acknowledge();
  }
  // errno of the first failed read of the rings, 0 while all is well.
  [[nodiscard]] int read_error() const { return reader_ ? reader_->error() : 0; }

  // From here on nothing is answered as of a time behind this call, until let_go(). Windows that end
  // meanwhile (TargetEnded) end with every record from before, and with none from after.
  void hold();
  void let_go();
  // Detaches all targets, which ends every program that still runs, and waits until all that was produced has
  // arrived, so that the account closes; then lets go. What it waited for in vain is told by events().
  void close();

 private:
  Pipeline(LinkSharing::Options sharing, WaitQueue* waits, ItemSink* sink);
  void catch_up(std::uint64_t at_ns);

  LinkSharing sharing_;
  // Reverse teardown order: the reader stops first, then the router, then the models, then the programs go.
  std::unique_ptr<Capture> capture_;
  ModelSink models_;
  Router router_;
  std::unique_ptr<RecordReader> reader_;
};

}  // namespace gorotrace
