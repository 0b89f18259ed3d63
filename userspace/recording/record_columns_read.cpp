#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "recording/column_layout.h"
#include "recording/record_columns.h"
#include "recording/varint.h"

namespace gorotrace {
namespace {

using namespace column_layout;

// Each function gives false for what no writer makes.
class BlockReader {
 public:
  explicit BlockReader(std::size_t count) : history_(reserved(count)) {}

  [[nodiscard]] bool columns(Bytes& bytes) {
    for (Bytes& column : columns_) {
      std::uint64_t size = 0;
      if (!take_varint(bytes, size) || size > bytes.size()) return false;
      column = bytes.first(size);
      bytes = bytes.subspan(size);
    }
    return bytes.empty();
  }

  [[nodiscard]] bool record(gt_u16 target, gt_u8 generation) {
    gt_record r{};
    r.target = target;
    r.generation = generation;
    std::uint64_t cpu = 0, difference = 0;
    if (!take_varint(columns_[kCpus], cpu) || cpu > UINT16_MAX) return false;
    r.cpu = static_cast<gt_u16>(cpu);
    const gt_record& before = history_.before(r.cpu);
    if (!kind(r, history_.expected(before)) || !take_varint(columns_[kTimes], difference) ||
        !goid(r.goid, before))
      return false;
    r.time_ns = time_ += from_zigzag(difference);
    if (!changes(r, history_.alike(r.hook, r.goid), before)) return false;
    history_.add(r, before);
    records_.push_back(r);
    return true;
  }

  // Whether all of them were of the records.
  [[nodiscard]] bool at_end() const {
    for (const Bytes& column : columns_) {
      if (!column.empty()) return false;
    }
    return true;
  }

  [[nodiscard]] std::vector<gt_record> take() { return std::move(records_); }

 private:
  using Values = std::vector<std::uint64_t>;

  const gt_record* reserved(std::size_t count) {
    records_.reserve(count);
    return records_.data();
  }

  [[nodiscard]] bool kind(gt_record& r, const gt_record& expected) {
    Bytes& column = columns_[kKinds];
    std::uint64_t code = 0;
    if (!take_varint(column, code)) return false;
    std::array<gt_u8, 3> parts = {expected.hook, expected.detail, expected.flags};
    if (code == kNewKind) {
      if (column.size() < parts.size()) return false;
      std::copy_n(column.begin(), parts.size(), parts.begin());
      column = column.subspan(parts.size());
      kinds_.push_back(parts);
    } else if (code != kExpectedKind) {
      if (code - kFirstSeenKind >= kinds_.size()) return false;
      parts = kinds_[code - kFirstSeenKind];
    }
    r.hook = parts[0];
    r.detail = parts[1];
    r.flags = parts[2];
    return true;
  }

  [[nodiscard]] bool goid(gt_u64& out, const gt_record& before) {
    std::uint64_t code = 0;
    if (!take_varint(columns_[kGoids], code)) return false;
    if (code == kSameGoid || code == kGoidOfOther) {
      out = code == kSameGoid ? before.goid : before.other;
      return true;
    }
    if (code >= kFirstGoid) return known(goids_, code - kFirstGoid, out);
    return near(columns_[kGoids], goids_, last_goid_, out);
  }

  [[nodiscard]] bool changes(gt_record& r, const gt_record& alike, const gt_record& before) {
    if (columns_[kChanges].empty()) return false;
    const std::uint8_t changed = columns_[kChanges].front();
    columns_[kChanges] = columns_[kChanges].subspan(1);
    if (changed >= kChangeEnd) return false;
    r.other = alike.other;
    r.object = alike.object;
    r.stack = alike.stack;
    r.extra = alike.extra;
    std::uint64_t tid = before.tid;
    if (((changed & kOther) != 0 && !near_or_known(kOthers, goids_, last_goid_, r.other)) ||
        ((changed & kObject) != 0 && !far_or_known(kObjects, objects_, r.object)) ||
        ((changed & kStack) != 0 && !far_or_known(kStacks, stacks_, r.stack)) ||
        ((changed & kExtra) != 0 && !far_or_known(kExtras, extras_, r.extra)) ||
        ((changed & kTid) != 0 && !near_or_known(kTids, tids_, last_tid_, tid)) || tid > UINT32_MAX)
      return false;
    r.tid = static_cast<gt_u32>(tid);
    return true;
  }

  [[nodiscard]] bool near_or_known(Column at, Values& values, std::uint64_t& last, std::uint64_t& out) {
    std::uint64_t code = 0;
    if (!take_varint(columns_[at], code)) return false;
    if (code != kNewValue) return known(values, code - kFirstValue, out);
    return near(columns_[at], values, last, out);
  }
  [[nodiscard]] bool far_or_known(Column at, Values& values, std::uint64_t& out) {
    Bytes& column = columns_[at];
    std::uint64_t code = 0;
    if (!take_varint(column, code)) return false;
    if (code != kNewValue) return known(values, code - kFirstValue, out);
    const auto value = load<std::uint64_t>(column, 0);
    if (!value) return false;
    column = column.subspan(sizeof *value);
    values.push_back(out = *value);
    return true;
  }

  [[nodiscard]] static bool near(Bytes& column, Values& values, std::uint64_t& last, std::uint64_t& out) {
    std::uint64_t difference = 0;
    if (!take_varint(column, difference)) return false;
    values.push_back(out = last += from_zigzag(difference));
    return true;
  }
  [[nodiscard]] static bool known(const Values& values, std::uint64_t place, std::uint64_t& out) {
    if (place >= values.size()) return false;
    out = values[place];
    return true;
  }

  std::vector<gt_record> records_;  // before history_, which looks into it
  History history_;
  std::array<Bytes, kColumnCount> columns_;
  std::vector<std::array<gt_u8, 3>> kinds_;
  Values goids_, objects_, stacks_, extras_, tids_;
  std::uint64_t time_ = 0, last_goid_ = 0, last_tid_ = 0;
};

}  // namespace

Result<std::vector<gt_record>> read_columns(std::string_view bytes, gt_u16 target, gt_u8 generation) {
  const auto damaged = [](std::string_view what) {
    return fail(ErrorKind::kFailed, fmt::format("a block of records is damaged: {}", what));
  };
  Bytes rest(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  std::uint64_t count = 0;
  // Each of them takes a byte at least in five columns.
  if (!take_varint(rest, count) || count > kMaxBlockRecords || count > rest.size())
    return damaged("it says of too many records");
  BlockReader reader(count);
  if (!reader.columns(rest)) return damaged("its columns do not end with it");
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!reader.record(target, generation)) return damaged(fmt::format("record {} of {}", i, count));
  }
  if (!reader.at_end()) return damaged("a column holds more than its records");
  return reader.take();
}

}  // namespace gorotrace
