#include "session/record_reader.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "stream/watermark.h"

namespace gorotrace {
namespace {

// The rings are emptied this often even when none is a quarter full: 1.4 M records a second, the most that
// traps on one CPU can make, are 14,000 records of 64 bytes then.
constexpr int kDrainMs = 10;
constexpr std::uint64_t kMillisecond = 1'000'000;

}  // namespace

RecordReader::RecordReader(Capture& capture, Router& router)
    : capture_(capture),
      router_(router),
      urgent_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { run(); }) {}

RecordReader::~RecordReader() {
  stop_ = true;
  capture_.wake_reader();
  thread_.join();
}

void RecordReader::catch_up(std::uint64_t at_ns) {
  std::uint64_t before = wanted_ns_;
  while (before < at_ns && !wanted_ns_.compare_exchange_weak(before, at_ns)) {
  }
  capture_.wake_reader();
}

void RecordReader::acknowledge() {
  eventfd_t count = 0;
  (void)::eventfd_read(urgent_.get(), &count);
}

void RecordReader::let_go() {
  held_ = false;
  capture_.wake_reader();
}

int RecordReader::sleep_ms(std::uint64_t watermark_ns, bool stuck) const {
  const std::uint64_t wanted = wanted_ns_;
  if (wanted <= watermark_ns || held_) return kDrainMs;
  const std::uint64_t ready = wanted + Watermark::kStragglerNs, now = monotonic_ns();
  if (ready <= now) return stuck ? 1 : 0;
  return static_cast<int>(std::min<std::uint64_t>((ready - now + kMillisecond - 1) / kMillisecond, kDrainMs));
}

void RecordReader::run() {
  bool last = false;
  Watermark complete(capture_.ring_count());
  std::uint64_t watermark_ns = 0;
  bool stuck = false;
  // Of each ring, what it last held: a batch that grows step by step costs more in page faults than in
  // copying.
  std::vector<std::size_t> held_last(capture_.ring_count());
  while (!last) {
    last = stop_;
    if (!last) {
      if (const int err = capture_.wait(sleep_ms(watermark_ns, stuck)); err < 0) {
        error_ = -err;
        return;
      }
    }
    RecordBatch batch;
    batch.rings.resize(capture_.ring_count());
    for (std::size_t i = 0; i < held_last.size(); ++i)
      batch.rings[i].reserve(held_last[i] + held_last[i] / 4);
    const std::uint64_t began_ns = monotonic_ns();
    // Asked for behind the clock: who held before that finds the clock later than all that was let pass.
    const bool held = held_;
    stuck = false;
    bool urgent = false;
    capture_.drain(
        [&](unsigned ring, const gt_record& record) {
          batch.rings[ring].push_back(record);
          urgent = urgent || record.hook == GT_HOOK_LIMIT;
        },
        [&](unsigned ring, std::uint64_t at_ns, bool emptied) {
          complete.passed(ring, at_ns, emptied);
          stuck = stuck || !emptied;
        });
    for (std::size_t i = 0; i < held_last.size(); ++i) held_last[i] = batch.rings[i].size();
    if (urgent) (void)::eventfd_write(urgent_.get(), 1);
    if (!held) watermark_ns = complete.at(began_ns);
    batch.watermark_ns = watermark_ns;
    const std::uint64_t read_from = monotonic_ns();
    capture_.make_room();
    auto dropped = capture_.dropped_by_target();
    batch.dropped = {.of = std::move(dropped), .at_ns = read_from, .read_until_ns = monotonic_ns()};
    router_.push(std::move(batch));
  }
}

}  // namespace gorotrace
