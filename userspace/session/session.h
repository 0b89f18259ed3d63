// A tracing session: what its targets share, and the targets. The control thread owns it and calls tick()
// every kTickMs; nothing here prints.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "session/census_share.h"
#include "session/pipeline.h"
#include "session/traced.h"

namespace gorotrace {

class Session {
 public:
  static constexpr int kTickMs = 50;

  // Loads and calibrates when options.groups is not empty. Attaches nothing.
  [[nodiscard]] static Result<std::unique_ptr<Session>> make(const SessionOptions& options);

  // Arms the groups and reads all goroutines. On failure nothing of this target stays attached.
  [[nodiscard]] Status add(std::unique_ptr<Target> target);
  // Liveness, budget, periodic reads of memory. Cheap when nothing is due.
  void tick();
  // Turns groups of a target on or off while it runs.
  [[nodiscard]] Status set_groups(std::size_t target, GroupMask groups, const std::string& reason) {
    return traced_[target]->set_groups(groups, reason);
  }
  // The end of the window: a last look at memory, then everything is detached. tables() answers as of then,
  // with every record from before.
  void finish();
  // The same of a session with one target, whose last look is kept: every goroutine, and since when each has
  // waited, as far as watching has proven it.
  [[nodiscard]] Result<Dump> finish_with_dump(WaitsWanted waits);

  [[nodiscard]] std::size_t size() const { return traced_.size(); }
  [[nodiscard]] bool any_alive() const;
  [[nodiscard]] Target& target(std::size_t i) { return traced_[i]->target(); }
  [[nodiscard]] Symbolizer& symbols(std::size_t i) { return traced_[i]->symbols(); }

  [[nodiscard]] Result<Tables> tables(std::size_t target) { return traced_[target]->tables(); }
  // Counters and totals of every target, all as of now (or of the end of its window, once it has ended): what
  // an interval line subtracts.
  [[nodiscard]] Result<std::vector<Sample>> samples();
  [[nodiscard]] StatFacts facts(std::size_t target) const { return traced_[target]->facts(); }

  [[nodiscard]] EventFacts events() const { return pipeline_->events(); }

 private:
  void close();

  explicit Session(const SessionOptions& options) : options_(options), share_(options.census_cpu) {}

  SessionOptions options_;
  CensusShare share_;
  std::vector<std::unique_ptr<Traced>> traced_;
  // Its threads refer to the targets, so it goes first.
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace gorotrace
