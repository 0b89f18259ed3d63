#include "snapshot/module_chain.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/bytes.h"
#include "golang/pclntab_layout.h"
#include "snapshot/user_address.h"

namespace gorotrace {
namespace {

// moduledata.next is the last word of a struct of 552 to 592 bytes (1.18-1.27), elsewhere in nearly every
// version. It is found by what it points to: it is the first word that leads to a moduledata which is not
// known.
constexpr std::uint64_t kModuledataWindow = 1024, kSmallestPage = 4096;
constexpr std::uint64_t kModuledataHead = 192;  // the fields up to etext, the same in every version
// Of a struct whose bytes differ from those that were searched before: some of its words change while a
// plugin is opened, and after that none does.
constexpr int kMaxSearches = 4 * static_cast<int>(ModuleChain::kMax);
constexpr std::uint64_t kMostText = 1ull << 32;

// Its first words: the table's header, and slices that must be those which the header describes.
std::optional<ChainedModule> parse_moduledata(const Memory& memory, std::uint64_t address, Bytes head) {
  const auto word = [&](std::uint64_t at) { return load<std::uint64_t>(head, at).value_or(0); };
  const std::uint64_t header = word(0), table_end = word(104) + word(112);
  if (!may_be_pointer(header) || table_end <= header) return std::nullopt;
  std::array<std::uint8_t, PclntabLayout::kHeaderSize> bytes{};
  if (!memory.read(header, bytes)) return std::nullopt;
  const auto table = PclntabLayout::parse(bytes, {0, table_end - header});
  if (!table || word(8) != header + table->funcname_off() || word(32) != header + table->cu_off() ||
      word(56) != header + table->filetab_off() || word(80) != header + table->pctab_off() ||
      word(104) != header + table->pcln_off())
    return std::nullopt;
  const ChainedModule module{address, word(176), word(184)};
  if (module.text < kUserStart || module.text >= module.etext || module.etext > kUserEnd ||
      module.etext - module.text > kMostText)
    return std::nullopt;
  return module;
}

}  // namespace

bool ModuleChain::is_known(std::uint64_t moduledata) const {
  return std::ranges::find(known_, moduledata, &ChainedModule::moduledata) != known_.end();
}

// Behind the last one.
std::optional<ChainedModule> ModuleChain::next() {
  const std::uint64_t at = known_.back().moduledata;
  std::vector<std::uint8_t> bytes(kModuledataWindow);
  if (!memory_.read(at, bytes)) {  // it may lie at the end of what is mapped
    bytes.resize(kSmallestPage - at % kSmallestPage);
    if (bytes.size() >= kModuledataWindow || !memory_.read(at, bytes)) return std::nullopt;
  }
  if (bytes == tail_ || searches_ == kMaxSearches) return std::nullopt;
  ++searches_;
  std::vector<std::uint64_t> candidates;
  for (std::uint64_t field = kModuledataHead; field + 8 <= bytes.size(); field += 8) {
    const std::uint64_t address = load<std::uint64_t>(bytes, field).value_or(0);
    if (may_be_pointer(address) && !is_known(address)) candidates.push_back(address);
  }
  std::vector<std::uint8_t> heads(candidates.size() * kModuledataHead);
  std::vector<Memory::Range> ranges;
  for (std::size_t i = 0; i < candidates.size(); ++i)
    ranges.push_back({candidates[i], std::span(heads).subspan(i * kModuledataHead, kModuledataHead)});
  std::vector<bool> failed;
  if (!memory_.read_many(ranges, failed)) return std::nullopt;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (failed[i]) continue;
    if (auto found = parse_moduledata(memory_, candidates[i], ranges[i].out)) return found;
  }
  tail_ = std::move(bytes);
  return std::nullopt;
}

std::vector<ChainedModule> ModuleChain::more() {
  std::vector<ChainedModule> out;
  while (known_.size() < kMax) {
    const auto found = next();
    if (!found) break;
    const bool overlaps = std::ranges::any_of(
        known_, [&](const ChainedModule& m) { return m.text < found->etext && found->text < m.etext; });
    known_.push_back(*found);
    if (!overlaps) out.push_back(*found);
  }
  return out;
}

}  // namespace gorotrace
