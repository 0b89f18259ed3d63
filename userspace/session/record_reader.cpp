#include "session/record_reader.h"

#include <utility>

#include "base/clock.h"

namespace gorotrace {
namespace {

// The rings are emptied this often even when none is a quarter full: 1.4 M records a second, the most that
// traps on one CPU can make, are 14,000 records of 64 bytes then.
constexpr int kDrainMs = 10;
// A program reads the clock, then reserves; what it does in between (reading g and the stack) takes
// microseconds. Only a program preempted in between comes later than this, and then it is counted as late.
constexpr std::uint64_t kStragglerNs = 1'000'000;

}  // namespace

RecordReader::RecordReader(Capture& capture, Aggregator& aggregator)
    : capture_(capture), aggregator_(aggregator), thread_([this] { run(); }) {}

RecordReader::~RecordReader() {
  stop_ = true;
  thread_.join();
}

void RecordReader::run() {
  bool last = false;
  while (!last) {
    last = stop_;
    RecordBatch batch;
    batch.rings.resize(capture_.ring_count());
    const std::uint64_t begin = monotonic_ns();
    const int n = capture_.drain(last ? 0 : kDrainMs, [&](unsigned ring, const gt_record& record) {
      batch.rings[ring].push_back(record);
    });
    if (n < 0) {
      error_ = -n;
      return;
    }
    batch.watermark_ns = begin - kStragglerNs;
    const std::uint64_t read_from = monotonic_ns();
    const std::uint64_t dropped = capture_.counters().dropped_total();
    batch.dropped = {.total = dropped, .at_ns = read_from, .read_until_ns = monotonic_ns()};
    aggregator_.push(std::move(batch));
  }
}

}  // namespace gorotrace
