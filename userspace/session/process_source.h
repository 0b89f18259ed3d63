// A process and the kernel's map of its stacks as a source of definitions (stream/target_source.h).
// Threads: the router's.
#pragma once

#include "base/seeded_hash.h"
#include "capture/capture.h"
#include "session/target.h"
#include "stream/target_source.h"

namespace gorotrace {

class ProcessSource : public TargetSource {
 public:
  // capture: nullptr without probes. Both outlive this object.
  ProcessSource(const Target& target, const Capture* capture);

  [[nodiscard]] std::optional<StackPcs> stack(std::uint64_t id) override;
  [[nodiscard]] std::optional<WholeStack> whole(const StackPcs& walked, std::uint64_t at_sp,
                                                std::uint64_t above_frame) override;
  [[nodiscard]] std::optional<WholeStack> interrupted(const StackPcs& walked, std::uint64_t caller,
                                                      std::uint64_t pushed) override;
  [[nodiscard]] std::optional<PanicValue> value(std::uint64_t id) override;
  [[nodiscard]] FunctionDescribed function(std::uint64_t startpc) override;

 private:
  [[nodiscard]] bool user_code(std::uint64_t pc);

  const Target& target_;
  const Capture* capture_;
  SpDelta sp_delta_;
  Code::Elsewhere plugins_;
  SeededMap<std::uint64_t, bool> user_code_;  // by program counter
};

}  // namespace gorotrace
