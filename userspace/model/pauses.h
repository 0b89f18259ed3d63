// When the world stood still and when collections went on, from the records of the group gc (pause_tables.h
// has the words). Not thread-safe: a part of Model. Memory: the last kMaxSpans pauses and collections; what
// is older is in sums.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "base/result.h"
#include "bpf/shared/abi.h"
#include "model/pause_tables.h"

namespace gorotrace {

class Pauses {
 public:
  static constexpr std::size_t kMaxSpans = 1024;

  // One of the group's records. lasting: the record that ends what this one begins would be seen.
  void apply(const gt_record& record, bool lasting);
  // From at_ns on nothing is known of what goes on.
  void forget(std::uint64_t at_ns);

  // For how much of a stretch the world stood still. Costs nothing if no pause has ended since from_ns. Of a
  // stretch that is longer than kMaxSpans pauses: at least.
  [[nodiscard]] std::uint64_t stopped_between(std::uint64_t from_ns, std::uint64_t to_ns) const {
    if (last_end_ns_ <= from_ns && !pause_) return 0;
    return stopped_within(from_ns, to_ns);
  }

  [[nodiscard]] PauseTables totals(std::uint64_t at_ns) const;
  [[nodiscard]] PauseTables tables(std::uint64_t at_ns) const;  // with the spans

  // waits_since_ns: somebody waits for a CPU since then, and nobody for longer.
  [[nodiscard]] OpenPauses open(std::uint64_t waits_since_ns) const;
  // Goes on from a checkpoint at at_ns. Error: it contradicts itself.
  [[nodiscard]] Status restore(const OpenPauses& open, std::uint64_t at_ns);
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct Span {
    PauseSpan what;
    std::uint64_t sum_ns = 0;  // of all pauses so far, this one included
  };
  struct Row {
    Histogram times;
    std::uint64_t seen_ns = 0;    // in which it was seen, what is over
    std::uint64_t before_ns = 0;  // of one that a checkpoint brought: what lies before that
  };
  [[nodiscard]] std::uint64_t stopped_within(std::uint64_t from_ns, std::uint64_t to_ns) const;
  void begin_pause(const gt_record& r, bool lasting);
  void end_pause(std::uint64_t at_ns);
  void begin_collection(std::uint64_t at_ns, bool lasting);
  void end_collection(std::uint64_t at_ns);
  void taint_pause(std::uint64_t at_ns);
  void taint_collection(std::uint64_t at_ns);

  std::optional<OpenPauses::Pause> pause_;
  std::optional<OpenPauses::Collection> collection_;
  std::deque<Span> spans_;
  std::deque<PauseSpan> marking_;
  std::uint64_t last_end_ns_ = 0, sum_ns_ = 0;
  std::uint64_t from_ns_ = 0;  // of a checkpoint
  std::map<std::uint8_t, Row> rows_;
  Row collections_;
  std::uint64_t tainted_ = 0, collections_tainted_ = 0;
};

}  // namespace gorotrace
