// Looks at who runs and who waits for a CPU (metrics/run_states.h): what running_or_runnable is made of where
// no probe tells the two apart. Its ticks count two states, and name nobody. Threads: one owner at a time.
#pragma once

#include <cstdint>
#include <functional>

#include "metrics/run_states.h"
#include "sampling/looker.h"

namespace gorotrace {

struct RunSubject {
  MetricsSource where;  // RunStateReader::possible
  std::function<bool(std::uint64_t startpc)> is_system;
};

class RunSampler final : public Looker {
 public:
  // `memory` outlives this object.
  RunSampler(const Memory& memory, RunSubject subject)
      : reader_(memory, subject.where), is_system_(std::move(subject.is_system)) {}

  [[nodiscard]] std::size_t total() const override { return reader_.ps(); }
  [[nodiscard]] Status refresh() override { return reader_.refresh(); }
  void restart() override { begins_ = true; }
  [[nodiscard]] Result<const SampleTick*> look(std::uint64_t now_ns, std::size_t wanted,
                                               std::uint64_t stacks_ns) override;
  [[nodiscard]] SampleClasses take_classes() override { return {}; }
  [[nodiscard]] StackSet take_stacks() override { return {}; }

 private:
  RunStateReader reader_;
  std::function<bool(std::uint64_t)> is_system_;
  SampleTick tick_;
  bool begins_ = true;
};

}  // namespace gorotrace
