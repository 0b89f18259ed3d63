// What the router asks of a target's kernel map and binary, once for each name that its records bring (each
// time for a value).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "model/stack_definitions.h"
#include "stream/item.h"

namespace gorotrace {

class TargetSource {
 public:
  virtual ~TargetSource() = default;
  // All on the router's thread.
  // A stack that a probe recorded; nothing when its definition is gone.
  [[nodiscard]] virtual std::optional<StackPcs> stack(std::uint64_t id) = 0;
  struct WholeStack {
    std::uint64_t id;
    StackPcs pcs;
  };
  // Of a goroutine in preemptPark, from the walked one and the words that GT_HOOK_SUSPEND brings; nothing
  // when the walked one is whole.
  [[nodiscard]] virtual std::optional<WholeStack> whole(const StackPcs& walked, std::uint64_t at_sp,
                                                        std::uint64_t above_frame) = 0;
  // Of a goroutine that a signal interrupted at the first pc of the walked one; `caller` is where that
  // function returns to while it has no frame, `pushed` while it has pushed the frame pointer and not set it
  // yet (0: it has). Nothing when the walked one is whole.
  [[nodiscard]] virtual std::optional<WholeStack> interrupted(const StackPcs& walked, std::uint64_t caller,
                                                              std::uint64_t pushed) = 0;
  // What a goroutine panicked with; nothing when it was handed out before and nobody has brought it again.
  [[nodiscard]] virtual std::optional<PanicValue> value(std::uint64_t id) = 0;
  [[nodiscard]] virtual FunctionDescribed function(std::uint64_t startpc) = 0;
};

}  // namespace gorotrace
