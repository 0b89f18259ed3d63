#include "golang/pclntab_layout.h"

#include <algorithm>
#include <limits>

namespace gorotrace {
namespace {

// kubelet has 100,000, the greatest programs known a million.
constexpr std::uint32_t kMaxFunctions = 1u << 22;
constexpr std::size_t kMaxName = 1u << 16;

using View = FileWindow::View;
using Range = PclntabLayout::Range;

// Of the part [offset, offset + size) of the range; empty when any of it lies outside.
Bytes part(const View& view, const Range& range, std::uint64_t offset, std::uint64_t size) {
  if (offset > range.size || range.size - offset < size) return {};
  return view.at(range.begin + offset, size);
}

std::optional<std::uint32_t> load_u32(const View& view, const Range& range, std::uint64_t offset) {
  return load<std::uint32_t>(part(view, range, offset, 4), 0);
}

std::string_view c_string(const View& view, const Range& table, std::uint64_t offset) {
  if (offset >= table.size) return {};
  return view.c_string(table.begin + offset, table.end(), kMaxName);
}

// Reads on through pieces of the file.
class Cursor {
 public:
  Cursor(const View& view, const Range& range, std::uint64_t offset)
      : view_(view), at_(range.begin + offset), end_(offset < range.size ? range.end() : at_) {}

  bool varint(std::uint32_t& out) {
    out = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      if (next_ == piece_.size() && !more()) return false;
      const std::uint8_t b = piece_[next_++];
      out |= static_cast<std::uint32_t>(b & 0x7f) << shift;
      if ((b & 0x80) == 0) return true;
    }
    return false;
  }

 private:
  bool more() {
    at_ += piece_.size();
    next_ = 0;
    piece_ = at_ < end_ ? view_.piece_from(at_) : Bytes{};
    if (piece_.size() > end_ - at_) piece_ = piece_.first(end_ - at_);
    return !piece_.empty();
  }

  const View& view_;
  std::uint64_t at_, end_;  // of the piece, of all
  Bytes piece_;
  std::size_t next_ = 0;
};

}  // namespace

bool PclntabLayout::too_old(Bytes head) {
  const auto magic = load<std::uint32_t>(head, 0);
  const auto rest = load<std::uint32_t>(head, 4);
  return magic && rest && (*magic == 0xfffffffb || *magic == 0xfffffffa) && (*rest & 0xffff) == 0 &&
         (*rest >> 24) == 8;
}

std::optional<PclntabLayout> PclntabLayout::parse(Bytes head, Range table) {
  const auto magic = load<std::uint32_t>(head, 0);
  if (!magic || head.size() < kHeaderSize || (*magic != kMagic118 && *magic != kMagic120))
    return std::nullopt;
  if (head[4] != 0 || head[5] != 0 || (head[6] != 1 && head[6] != 4) || head[7] != 8) return std::nullopt;
  const auto word = [&](std::uint64_t at) { return *load<std::uint64_t>(head, at); };
  PclntabLayout t;
  t.magic_ = *magic;
  t.quantum_ = head[6];
  t.funcname_ = word(32), t.cu_ = word(40), t.file_ = word(48), t.pc_ = word(56), t.pcln_ = word(64);
  const std::uint64_t offsets[] = {kHeaderSize, t.funcname_, t.cu_, t.file_, t.pc_, t.pcln_, table.size};
  if (!std::is_sorted(std::begin(offsets), std::end(offsets))) return std::nullopt;
  const std::uint64_t count = word(8);
  if (count == 0 || count > kMaxFunctions || table.size - t.pcln_ < count * 8 + 4) return std::nullopt;
  t.count_ = static_cast<std::uint32_t>(count);
  const auto range = [&](std::uint64_t from, std::uint64_t to) {
    return Range{table.begin + from, to - from};
  };
  t.names_ = range(t.funcname_, t.cu_);
  t.cus_ = range(t.cu_, t.file_);
  t.files_ = range(t.file_, t.pc_);
  t.pcs_ = range(t.pc_, t.pcln_);
  t.pclns_ = range(t.pcln_, table.size);
  return t;
}

std::optional<std::uint32_t> PclntabLayout::entry_off(const View& view, std::uint32_t i) const {
  if (i > count_) return std::nullopt;
  return load_u32(view, pclns_, std::uint64_t{i} * 8);
}

std::optional<PclntabLayout::Func> PclntabLayout::func(const View& view, std::uint32_t i) const {
  if (i >= count_) return std::nullopt;
  const auto at = load_u32(view, pclns_, std::uint64_t{i} * 8 + 4);
  const std::uint64_t size = go118() ? 40 : 44;
  if (!at) return std::nullopt;
  const Bytes raw = part(view, pclns_, *at, size);
  if (raw.empty()) return std::nullopt;
  const auto u32 = [&](std::uint64_t field) { return *load<std::uint32_t>(raw, field); };
  // [36] is startLine since 1.20; the four bytes funcID, flag, pad, nfuncdata end the record in every
  // version.
  return Func{.at = *at,
              .entry_off = u32(0),
              .name_off = u32(4),
              .pcsp = u32(16),
              .pcfile = u32(20),
              .pcln = u32(24),
              .npcdata = u32(28),
              .cu_offset = u32(32),
              .start_line = go118() ? 0 : u32(36),
              .func_id = raw[size - 4],
              .flag = raw[size - 3],
              .nfuncdata = raw[size - 1]};
}

std::optional<std::uint32_t> PclntabLayout::find(const View& view, std::uint64_t offset) const {
  const auto first = entry_off(view, 0), end = entry_off(view, count_);
  if (!first || !end || offset < *first || offset >= *end) return std::nullopt;
  std::uint32_t low = 0, high = count_;  // entry_off(low) <= offset < entry_off(high)
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    const auto entry = entry_off(view, middle);
    if (!entry) return std::nullopt;
    (*entry <= offset ? low : high) = middle;
  }
  return low;
}

std::string_view PclntabLayout::name(const View& view, std::uint32_t name_off) const {
  return c_string(view, names_, name_off);
}

std::string_view PclntabLayout::file(const View& view, const Func& f, std::int32_t file_number) const {
  if (file_number < 0 || f.cu_offset == std::numeric_limits<std::uint32_t>::max()) return {};
  const std::uint64_t entry = std::uint64_t{f.cu_offset} + static_cast<std::uint32_t>(file_number);
  const auto off = load_u32(view, cus_, entry * 4);
  if (!off || *off == std::numeric_limits<std::uint32_t>::max()) return {};
  return c_string(view, files_, *off);
}

// visit(value, end_pc_off): the table has `value` up to end_pc_off; false stops.
template <typename Visit>
void PclntabLayout::walk(const View& view, std::uint32_t off, std::uint64_t& budget, Visit visit) const {
  if (off == 0) return;
  Cursor cursor(view, pcs_, off);
  std::uint64_t pc = 0;
  std::uint32_t value = std::numeric_limits<std::uint32_t>::max();  // -1; wraps as the runtime's int32 does
  for (bool first = true; budget != 0; first = false, --budget) {
    std::uint32_t delta = 0, advance = 0;
    if (!cursor.varint(delta) || (delta == 0 && !first) || !cursor.varint(advance)) return;
    value += (delta & 1) != 0 ? ~(delta >> 1) : delta >> 1;
    pc += std::uint64_t{advance} * quantum_;
    if (!visit(static_cast<std::int32_t>(value), pc)) return;
  }
}

std::optional<std::int32_t> PclntabLayout::value(const View& view, std::uint32_t off, std::uint64_t pc_off,
                                                 std::uint64_t& budget) const {
  std::optional<std::int32_t> found;
  walk(view, off, budget, [&](std::int32_t value, std::uint64_t end) {
    if (pc_off >= end) return true;
    found = value;
    return false;
  });
  return found;
}

std::int32_t PclntabLayout::max_value(const View& view, std::uint32_t off, std::uint64_t& budget) const {
  std::int32_t most = -1;
  walk(view, off, budget, [&](std::int32_t value, std::uint64_t) {
    most = std::max(most, value);
    return true;
  });
  return most;
}

std::uint32_t PclntabLayout::pcdata(const View& view, const Func& f, std::uint32_t index) const {
  if (index >= f.npcdata) return 0;
  const std::uint64_t record = go118() ? 40 : 44;
  return load_u32(view, pclns_, f.at + record + std::uint64_t{index} * 4).value_or(0);
}

std::optional<std::uint32_t> PclntabLayout::funcdata(const View& view, const Func& f,
                                                     std::uint32_t index) const {
  if (index >= f.nfuncdata) return std::nullopt;
  const std::uint64_t record = go118() ? 40 : 44;
  const auto off = load_u32(view, pclns_, f.at + record + (std::uint64_t{f.npcdata} + index) * 4);
  if (!off || *off == std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return off;
}

std::optional<PclntabLayout::Inlined> PclntabLayout::inlined(const View& view, const Range& tree,
                                                             std::int32_t index) const {
  if (index < 0) return std::nullopt;
  const std::uint64_t size = go118() ? 20 : 16;
  const Bytes raw = part(view, tree, static_cast<std::uint64_t>(index) * size, size);
  if (raw.empty()) return std::nullopt;
  return Inlined{.name_off = *load<std::uint32_t>(raw, go118() ? 12 : 4),
                 .parent_pc = *load<std::uint32_t>(raw, go118() ? 16 : 8),
                 .start_line = go118() ? 0 : *load<std::uint32_t>(raw, 12),
                 .func_id = raw[go118() ? 2 : 0]};
}

}  // namespace gorotrace
