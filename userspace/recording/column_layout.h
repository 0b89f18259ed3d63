// What both sides of record_columns.h know: the columns, and what a record is held against. README.md has
// the layout for readers of other programs: a change here is a new version of the format.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/seeded_hash.h"
#include "bpf/shared/abi.h"
#include "recording/record_columns.h"

namespace gorotrace::column_layout {

// In the order in which they stand in a block, which is that in which a reader needs them.
enum Column : std::uint8_t {
  kCpus,
  kKinds,
  kTimes,
  kGoids,
  kChanges,
  kOthers,
  kObjects,
  kStacks,
  kExtras,
  kTids,
  kColumnCount
};

// Codes: what has a name here, or from the last one on the place of a value that came before.
inline constexpr std::uint8_t kNewKind = 0, kExpectedKind = 1, kFirstSeenKind = 2;
inline constexpr std::uint8_t kNewGoid = 0, kSameGoid = 1, kGoidOfOther = 2, kFirstGoid = 3;
inline constexpr std::uint8_t kNewValue = 0, kFirstValue = 1;

// Bits of kChanges: the field is not that of the record which this one is held against.
enum Change : std::uint8_t { kOther = 1, kObject = 2, kStack = 4, kExtra = 8, kTid = 16, kChangeEnd = 32 };

// The records of a block so far, by what the next one may have in common with them.
class History {
 public:
  // `first`: of the block's records, which stay where they are.
  explicit History(const gt_record* first) : first_(first) {}

  // The last record of the CPU (modulo 256); all zero where there is none, as below.
  [[nodiscard]] const gt_record& before(gt_u16 cpu) const { return at(of_cpu_[cpu % of_cpu_.size()]); }
  // The last one that came behind one of the same hook as `before`, on that one's CPU.
  [[nodiscard]] const gt_record& expected(const gt_record& before) const { return at(behind_[before.hook]); }
  // The last one of the same hook and goroutine, else of the hook. The next add() is of these two.
  [[nodiscard]] const gt_record& alike(gt_u8 hook, gt_u64 goid) {
    link_ = &of_goroutine_[hash_(goid, hook) % of_goroutine_.size()];
    while (*link_ != 0) {
      const gt_record& r = at(*link_);
      if (r.goid == goid && r.hook == hook) return r;
      link_ = &next_[*link_ - 1u];
    }
    return at(of_hook_[hook]);
  }
  void add(const gt_record& record, const gt_record& before) {
    const auto number = static_cast<std::uint16_t>(++count_);
    behind_[before.hook] = number;
    of_cpu_[record.cpu % of_cpu_.size()] = number;
    of_hook_[record.hook] = number;
    next_[number - 1u] = *link_ == 0 ? std::uint16_t{0} : next_[*link_ - 1u];
    *link_ = number;
  }

 private:
  static constexpr gt_record kNone{};

  [[nodiscard]] const gt_record& at(std::uint16_t number) const {
    return number == 0 ? kNone : first_[number - 1];
  }

  const gt_record* first_;
  std::size_t count_ = 0;
  // All of these are numbers of records, from 1; 0: none.
  std::array<std::uint16_t, 256> of_cpu_ = {}, behind_ = {}, of_hook_ = {};
  // A table of lists, of the last record of each hook and goroutine.
  std::array<std::uint16_t, kMaxBlockRecords> of_goroutine_ = {}, next_;
  std::uint16_t* link_ = nullptr;
  SeededHash hash_;  // the target chooses goids
};

}  // namespace gorotrace::column_layout
