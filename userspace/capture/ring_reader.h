// The consumer side of our ring buffers. libbpf's own publishes its position after every record; one store
// per batch gains a third (measured), so this reads the kernel's layout directly (ring_layout.h). Threads:
// make on the control thread, then drain() on the reader thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "capture/capture.h"

namespace gorotrace {

class RingReader {
 public:
  // Creates `count` ring buffers of `bytes` each (power of two, a multiple of the page size).
  [[nodiscard]] static Result<std::unique_ptr<RingReader>> make(unsigned count, std::uint32_t bytes);
  ~RingReader();
  RingReader(const RingReader&) = delete;
  RingReader& operator=(const RingReader&) = delete;

  [[nodiscard]] unsigned count() const { return static_cast<unsigned>(rings_.size()); }
  [[nodiscard]] int fd(unsigned ring) const { return rings_[ring].fd.get(); }
  // Until a ring is a quarter full, wake() is called, or the time is over. Negative errno on failure.
  int wait(int timeout_ms);
  int drain(const Capture::Sink& sink, const Capture::Passed& passed);  // records
  void wake();                                                          // any thread

 private:
  struct Ring {
    UniqueFd fd;
    std::uint64_t* consumer = nullptr;  // a page, shared with the kernel
    std::uint64_t* producer = nullptr;  // a page and twice the data, read only
    const std::uint8_t* data = nullptr;
  };
  RingReader() = default;
  // Whether all that was reserved at its begin is taken.
  template <typename Sink>
  [[nodiscard]] bool drain_ring(unsigned index, const Sink& sink);

  std::uint32_t bytes_ = 0;
  std::size_t page_ = 0;
  std::vector<Ring> rings_;
  UniqueFd wake_;  // eventfd, never read: edge triggered
  UniqueFd epoll_;
};

}  // namespace gorotrace
