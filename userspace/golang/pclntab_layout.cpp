#include "golang/pclntab_layout.h"

#include <algorithm>
#include <limits>

namespace gorotrace {
namespace {

constexpr std::uint64_t kHeaderSize = 72;
constexpr std::uint32_t kMaxFunctions = 1u << 24;
constexpr int kMaxSteps =
    1 << 20;  // of one pcvalue table; the longest of the runtime's own has a few thousand
constexpr std::size_t kMaxName = 1u << 16;

std::string_view c_string(Bytes table, std::uint64_t offset) {
  if (offset >= table.size()) return {};
  const auto* begin = reinterpret_cast<const char*>(table.data() + offset);
  return {begin, ::strnlen(begin, std::min<std::uint64_t>(table.size() - offset, kMaxName))};
}

bool read_varint(Bytes bytes, std::uint64_t& at, std::uint32_t& out) {
  out = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    if (at >= bytes.size()) return false;
    const std::uint8_t b = bytes[at++];
    out |= static_cast<std::uint32_t>(b & 0x7f) << shift;
    if ((b & 0x80) == 0) return true;
  }
  return false;
}

}  // namespace

bool PclntabLayout::too_old(Bytes table) {
  const auto magic = load<std::uint32_t>(table, 0);
  const auto rest = load<std::uint32_t>(table, 4);
  return magic && rest && (*magic == 0xfffffffb || *magic == 0xfffffffa) && (*rest & 0xffff) == 0 &&
         (*rest >> 24) == 8;
}

std::optional<PclntabLayout> PclntabLayout::parse(Bytes table) {
  const auto magic = load<std::uint32_t>(table, 0);
  const Bytes head = slice(table, 0, kHeaderSize);
  if (!magic || head.empty() || (*magic != kMagic118 && *magic != kMagic120)) return std::nullopt;
  if (head[4] != 0 || head[5] != 0 || (head[6] != 1 && head[6] != 4) || head[7] != 8) return std::nullopt;
  const auto word = [&](std::uint64_t at) { return *load<std::uint64_t>(head, at); };
  PclntabLayout t;
  t.magic_ = *magic;
  t.quantum_ = head[6];
  t.funcname_ = word(32), t.cu_ = word(40), t.file_ = word(48), t.pc_ = word(56), t.pcln_ = word(64);
  const std::uint64_t offsets[] = {kHeaderSize, t.funcname_, t.cu_, t.file_, t.pc_, t.pcln_, table.size()};
  if (!std::is_sorted(std::begin(offsets), std::end(offsets))) return std::nullopt;
  const std::uint64_t count = word(8);
  if (count == 0 || count > kMaxFunctions || table.size() - t.pcln_ < count * 8 + 4) return std::nullopt;
  t.count_ = static_cast<std::uint32_t>(count);
  t.names_ = slice(table, t.funcname_, t.cu_ - t.funcname_);
  t.cus_ = slice(table, t.cu_, t.file_ - t.cu_);
  t.files_ = slice(table, t.file_, t.pc_ - t.file_);
  t.pcs_ = slice(table, t.pc_, t.pcln_ - t.pc_);
  t.pclns_ = slice(table, t.pcln_, table.size() - t.pcln_);
  return t;
}

std::optional<std::uint32_t> PclntabLayout::entry_off(std::uint32_t i) const {
  if (i > count_) return std::nullopt;
  return load<std::uint32_t>(pclns_, std::uint64_t{i} * 8);
}

std::optional<PclntabLayout::Func> PclntabLayout::func(std::uint32_t i) const {
  if (i >= count_) return std::nullopt;
  const auto at = load<std::uint32_t>(pclns_, std::uint64_t{i} * 8 + 4);
  const std::uint64_t size = go118() ? 40 : 44;
  if (!at) return std::nullopt;
  const Bytes raw = slice(pclns_, *at, size);
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

std::optional<std::uint32_t> PclntabLayout::find(std::uint64_t offset) const {
  if (offset < *entry_off(0) || offset >= *entry_off(count_)) return std::nullopt;
  std::uint32_t low = 0, high = count_;  // entry_off(low) <= offset < entry_off(high)
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    (*entry_off(middle) <= offset ? low : high) = middle;
  }
  return low;
}

std::string_view PclntabLayout::name(std::uint32_t name_off) const {
  return c_string(names_, name_off);
}

std::string_view PclntabLayout::file(const Func& f, std::int32_t file_number) const {
  if (file_number < 0 || f.cu_offset == std::numeric_limits<std::uint32_t>::max()) return {};
  const std::uint64_t entry = std::uint64_t{f.cu_offset} + static_cast<std::uint32_t>(file_number);
  const auto off = load<std::uint32_t>(cus_, entry * 4);
  if (!off || *off == std::numeric_limits<std::uint32_t>::max()) return {};
  return c_string(files_, *off);
}

// visit(value, end_pc_off): the table has `value` up to end_pc_off; false stops.
template <typename Visit>
void PclntabLayout::walk(std::uint32_t off, Visit visit) const {
  if (off == 0) return;
  std::uint64_t at = off, pc = 0;
  std::uint32_t value = std::numeric_limits<std::uint32_t>::max();  // -1; wraps as the runtime's int32 does
  for (int step = 0; step < kMaxSteps; ++step) {
    std::uint32_t delta = 0, advance = 0;
    if (!read_varint(pcs_, at, delta) || (delta == 0 && step != 0) || !read_varint(pcs_, at, advance)) return;
    value += (delta & 1) != 0 ? ~(delta >> 1) : delta >> 1;
    pc += std::uint64_t{advance} * quantum_;
    if (!visit(static_cast<std::int32_t>(value), pc)) return;
  }
}

std::optional<std::int32_t> PclntabLayout::value(std::uint32_t off, std::uint64_t pc_off) const {
  std::optional<std::int32_t> found;
  walk(off, [&](std::int32_t value, std::uint64_t end) {
    if (pc_off >= end) return true;
    found = value;
    return false;
  });
  return found;
}

std::int32_t PclntabLayout::max_value(std::uint32_t off, std::uint64_t& budget) const {
  std::int32_t most = -1;
  walk(off, [&](std::int32_t value, std::uint64_t) {
    most = std::max(most, value);
    if (budget == 0) return false;
    --budget;
    return budget != 0;
  });
  return most;
}

std::uint32_t PclntabLayout::pcdata(const Func& f, std::uint32_t index) const {
  if (index >= f.npcdata) return 0;
  const std::uint64_t record = go118() ? 40 : 44;
  return load<std::uint32_t>(pclns_, f.at + record + std::uint64_t{index} * 4).value_or(0);
}

std::optional<std::uint32_t> PclntabLayout::funcdata(const Func& f, std::uint32_t index) const {
  if (index >= f.nfuncdata) return std::nullopt;
  const std::uint64_t record = go118() ? 40 : 44;
  const auto off = load<std::uint32_t>(pclns_, f.at + record + (std::uint64_t{f.npcdata} + index) * 4);
  if (!off || *off == std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return off;
}

std::optional<PclntabLayout::Inlined> PclntabLayout::inlined(Bytes tree, std::int32_t index) const {
  if (index < 0) return std::nullopt;
  const std::uint64_t size = go118() ? 20 : 16;
  const Bytes raw = slice(tree, static_cast<std::uint64_t>(index) * size, size);
  if (raw.empty()) return std::nullopt;
  return Inlined{.name_off = *load<std::uint32_t>(raw, go118() ? 12 : 4),
                 .parent_pc = *load<std::uint32_t>(raw, go118() ? 16 : 8),
                 .start_line = go118() ? 0 : *load<std::uint32_t>(raw, 12),
                 .func_id = raw[go118() ? 2 : 0]};
}

}  // namespace gorotrace
