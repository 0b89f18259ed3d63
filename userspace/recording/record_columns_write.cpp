#include <array>
#include <bit>
#include <optional>
#include <utility>

#include "recording/column_layout.h"
#include "recording/record_columns.h"
#include "recording/varint.h"

namespace gorotrace {
namespace {

using namespace column_layout;

// The values of a dictionary in the order in which they were new. Of two that share a slot the later one is
// found: one may stand in it twice, which costs a few bytes and no more, whoever chose the values.
class Places {
 public:
  // The value's place, or nothing where it is new and gets the next place.
  [[nodiscard]] std::optional<unsigned> find_or_add(std::uint64_t value) {
    std::uint16_t& slot = slots_[(value * 0x9e3779b97f4a7c15ULL) >> (64 - kSlotBits)];
    if (slot != 0 && values_[slot - 1u] == value) return slot - 1u;
    values_.push_back(value);
    slot = static_cast<std::uint16_t>(values_.size());
    return std::nullopt;
  }

 private:
  static constexpr int kSlotBits = 11;

  std::vector<std::uint64_t> values_;
  std::array<std::uint16_t, 1u << kSlotBits> slots_ = {};  // places from 1; 0: none
};

class BlockWriter {
 public:
  explicit BlockWriter(std::span<const gt_record> records) : records_(records), history_(records.data()) {
    for (std::string& column : columns_) column.reserve(2 * records.size());
  }

  void write(std::string& out) {
    for (const gt_record& r : records_) add(r);
    append_varint(out, records_.size());
    for (const std::string& column : columns_) {
      append_varint(out, column.size());
      out += column;
    }
  }

 private:
  void add(const gt_record& r) {
    const gt_record& before = history_.before(r.cpu);
    append_varint(columns_[kCpus], r.cpu);
    kind(r, history_.expected(before));
    append_varint(columns_[kTimes], zigzag(r.time_ns - std::exchange(time_, r.time_ns)));
    goid(r.goid, before);
    changes(r, history_.alike(r.hook, r.goid), before);
    history_.add(r, before);
  }

  void kind(const gt_record& r, const gt_record& expected) {
    std::string& column = columns_[kKinds];
    if (r.hook == expected.hook && r.detail == expected.detail && r.flags == expected.flags) {
      column.push_back(kExpectedKind);
    } else if (const auto place = kinds_.find_or_add(std::uint64_t{r.hook} | std::uint64_t{r.detail} << 8 |
                                                     std::uint64_t{r.flags} << 16)) {
      append_varint(column, kFirstSeenKind + *place);
    } else {
      column.push_back(kNewKind);
      for (const gt_u8 part : {r.hook, r.detail, r.flags}) column.push_back(static_cast<char>(part));
    }
  }

  void goid(gt_u64 goid, const gt_record& before) {
    if (goid == before.goid) {
      columns_[kGoids].push_back(kSameGoid);
    } else if (goid == before.other) {
      columns_[kGoids].push_back(kGoidOfOther);
    } else {
      near(columns_[kGoids], goids_, kFirstGoid, goid, last_goid_);
    }
  }

  void changes(const gt_record& r, const gt_record& alike, const gt_record& before) {
    std::uint8_t changed = 0;
    if (r.other != alike.other) {
      changed |= kOther;
      near(columns_[kOthers], goids_, kFirstValue, r.other, last_goid_);
    }
    if (r.object != alike.object) {
      changed |= kObject;
      far(columns_[kObjects], objects_, r.object);
    }
    if (r.stack != alike.stack) {
      changed |= kStack;
      far(columns_[kStacks], stacks_, r.stack);
    }
    if (r.extra != alike.extra) {
      changed |= kExtra;
      far(columns_[kExtras], extras_, r.extra);
    }
    if (r.tid != before.tid) {
      changed |= kTid;
      near(columns_[kTids], tids_, kFirstValue, r.tid, last_tid_);
    }
    columns_[kChanges].push_back(static_cast<char>(changed));
  }

  // A new value as its difference to the new one before, or as it is.
  static void near(std::string& column, Places& places, unsigned first_place, std::uint64_t value,
                   std::uint64_t& last) {
    const auto place = places.find_or_add(value);
    append_varint(column, place ? first_place + *place : kNewValue);
    if (!place) append_varint(column, zigzag(value - std::exchange(last, value)));
  }
  static void far(std::string& column, Places& places, std::uint64_t value) {
    const auto place = places.find_or_add(value);
    append_varint(column, place ? kFirstValue + *place : kNewValue);
    if (place) return;
    const auto bytes = std::bit_cast<std::array<char, sizeof value>>(value);
    column.append(bytes.data(), bytes.size());
  }

  std::span<const gt_record> records_;
  History history_;
  std::array<std::string, kColumnCount> columns_;
  Places kinds_, goids_, objects_, stacks_, extras_, tids_;
  std::uint64_t time_ = 0, last_goid_ = 0, last_tid_ = 0;
};

}  // namespace

void append_columns(std::span<const gt_record> records, std::string& out) {
  BlockWriter(records).write(out);
}

}  // namespace gorotrace
