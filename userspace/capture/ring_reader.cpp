#include "capture/ring_reader.h"

#include <bpf/bpf.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "base/clock.h"
#include "capture/ring_layout.h"
#include "capture/selftest.h"

namespace gorotrace {
Result<std::unique_ptr<RingReader>> RingReader::make(unsigned count, std::uint32_t bytes) {
  std::unique_ptr<RingReader> reader(new RingReader);
  reader->bytes_ = bytes;
  reader->page_ = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  reader->epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!reader->epoll_) return fail_errno(errno, "epoll_create1");
  reader->wake_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!reader->wake_) return fail_errno(errno, "eventfd");
  epoll_event woken{};
  woken.events = EPOLLIN | EPOLLET;
  if (::epoll_ctl(reader->epoll_.get(), EPOLL_CTL_ADD, reader->wake_.get(), &woken) != 0)
    return fail_errno(errno, "epoll_ctl");
  for (unsigned i = 0; i < count; ++i) {
    Ring ring;
    ring.fd = UniqueFd(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "gt_ring", 0, 0, bytes, nullptr));
    if (!ring.fd) return load_error(errno);
    void* consumer = ::mmap(nullptr, reader->page_, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd.get(), 0);
    if (consumer == MAP_FAILED) return fail_errno(errno, "mapping a ring buffer");
    ring.consumer = static_cast<std::uint64_t*>(consumer);
    void* producer = ::mmap(nullptr, reader->page_ + 2 * std::size_t{bytes}, PROT_READ, MAP_SHARED,
                            ring.fd.get(), static_cast<off_t>(reader->page_));
    if (producer == MAP_FAILED) {
      const int err = errno;
      ::munmap(consumer, reader->page_);
      return fail_errno(err, "mapping a ring buffer");
    }
    ring.producer = static_cast<std::uint64_t*>(producer);
    ring.data = static_cast<const std::uint8_t*>(producer) + reader->page_;
    // Edge triggered: woken by the programs' forced wake-ups only, not by there being something to read.
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.u32 = i;
    const int fd = ring.fd.get();
    reader->rings_.push_back(std::move(ring));
    if (::epoll_ctl(reader->epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
      return fail_errno(errno, "epoll_ctl");
  }
  return reader;
}

RingReader::~RingReader() {
  for (const Ring& ring : rings_) {
    ::munmap(ring.consumer, page_);
    ::munmap(ring.producer, page_ + 2 * std::size_t{bytes_});
  }
}

int RingReader::wait(int timeout_ms) {
  std::array<epoll_event, GT_MAX_RINGS + 1> events{};
  const int n = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout_ms);
  return n < 0 && errno != EINTR ? -errno : 0;
}

void RingReader::wake() {
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

int RingReader::drain(const Capture::Sink& sink, const Capture::Passed& passed) {
  int records = 0;
  for (unsigned i = 0; i < count(); ++i) {
    const std::uint64_t began_ns = monotonic_ns();
    const bool emptied = drain_ring(i, [&](const gt_record& record) {
      sink(i, record);
      ++records;
    });
    if (passed) passed(i, began_ns, emptied);
  }
  return records;
}

// Up to the producer's position at the start, so that one busy ring cannot keep us from the others.
template <typename Sink>
bool RingReader::drain_ring(unsigned index, const Sink& sink) {
  const Ring& ring = rings_[index];
  std::atomic_ref<std::uint64_t> published(*ring.consumer);
  const auto publish = [&](std::uint64_t position) { published.store(position, std::memory_order_release); };
  const std::uint64_t end = ring::acquire(ring.producer);
  const std::uint64_t reached =
      ring::take(ring.data, bytes_, published.load(std::memory_order_relaxed), end, sink, publish);
  publish(reached);
  return reached >= end;
}

}  // namespace gorotrace
