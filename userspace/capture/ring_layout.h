// What lies in a BPF ring buffer, read as the kernel writes it: kernel/bpf/ringbuf.c, ABI since 5.8. Pure but
// for the memory it is given, which the kernel writes meanwhile.
#pragma once

#include <atomic>
#include <cstdint>

#include "bpf/shared/abi.h"

namespace gorotrace::ring {

inline constexpr std::uint32_t kBusy = 1u << 31;     // BPF_RINGBUF_BUSY_BIT: reserved, not yet committed
inline constexpr std::uint32_t kDiscard = 1u << 30;  // BPF_RINGBUF_DISCARD_BIT
inline constexpr std::uint32_t kHeader = 8;          // BPF_RINGBUF_HDR_SZ

template <typename T>
[[nodiscard]] T acquire(const T* word) {
  return std::atomic_ref<T>(*const_cast<T*>(word)).load(std::memory_order_acquire);
}

// Gives sink every record from `position` on, up to `end` or the first place that is reserved and not yet
// filled, and publish(position) now and then. `data`: `bytes` of it (a power of two), mapped twice in a row,
// so that no record wraps. The position reached.
template <typename Sink, typename Publish>
std::uint64_t take(const std::uint8_t* data, std::uint32_t bytes, std::uint64_t position, std::uint64_t end,
                   const Sink& sink, const Publish& publish) {
  constexpr int kPublishEvery = 256;  // records
  int records = 0;
  while (position < end) {
    const auto* header = reinterpret_cast<const std::uint32_t*>(data + (position & (bytes - 1)));
    const std::uint32_t word = acquire(header);
    if (word & kBusy) break;
    const std::uint32_t length = word & ~kDiscard;
    if (!(word & kDiscard) && length == sizeof(gt_record)) {
      sink(*reinterpret_cast<const gt_record*>(header + 2));
      ++records;
    }
    position += (kHeader + length + 7) / 8 * 8;
    if (records % kPublishEvery == kPublishEvery - 1) publish(position);
  }
  return position;
}

}  // namespace gorotrace::ring
