// Who a record belongs to. A slot of the kernel side is given to one target after another, while records of a
// former owner may still be on their way: slot and generation together name one owner.
#pragma once

#include <cstdint>

#include "bpf/shared/abi.h"

namespace gorotrace {

using TargetId = std::uint32_t;  // slot << 8 | generation

[[nodiscard]] constexpr TargetId target_id(std::uint16_t slot, std::uint8_t generation) {
  return static_cast<TargetId>(slot) << 8 | generation;
}
[[nodiscard]] constexpr std::uint16_t slot_of(TargetId id) {
  return static_cast<std::uint16_t>(id >> 8);
}
[[nodiscard]] constexpr std::uint8_t generation_of(TargetId id) {
  return static_cast<std::uint8_t>(id);
}
[[nodiscard]] constexpr TargetId target_of(const gt_record& record) {
  return target_id(record.target, record.generation);
}

}  // namespace gorotrace
