#include "report/symbols.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "golang/goroutine.h"

namespace gorotrace {
namespace {

// Generic names of real programs pass 1 kB; beyond this nobody reads on.
constexpr std::size_t kMaxNameBytes = 4096;

bool injects_call(const std::string& function) {
  return std::ranges::find(kInjectedCalls, function) != kInjectedCalls.end();
}

}  // namespace

StackTable::StackTable(PcLookup lookup, std::uint64_t load_bias, Source source)
    : lookup_(std::move(lookup)), load_bias_(load_bias), source_(std::move(source)) {}

bool StackTable::add(std::uint64_t id, std::span<const std::uint64_t> pcs, bool truncated) {
  if (id == 0 || pcs.empty() || stacks_.contains(id)) return id != 0 && !pcs.empty();
  if (stacks_.size() >= kMaxStacks) {
    ++refused_;
    return false;
  }
  stacks_.emplace(id, Entry{Stack{{pcs.begin(), pcs.end()}, truncated}, std::nullopt});
  return true;
}

void StackTable::add(const StackSet& stacks) {
  for (std::uint32_t i = 0; i < stacks.size(); ++i) {
    const StackSet::Stack stack = stacks[i];
    add(stack.id, stack.pcs, stack.truncated);
  }
}

bool StackTable::ensure(std::uint64_t id) {
  if (id == 0) return false;
  if (stacks_.contains(id)) return true;
  if (!source_) return false;
  const std::optional<Stack> found = source_(id);
  return found && add(id, found->pcs, found->truncated);
}

const std::vector<std::uint64_t>* StackTable::pcs(std::uint64_t id) const {
  const auto it = stacks_.find(id);
  return it == stacks_.end() ? nullptr : &it->second.stack.pcs;
}

bool StackTable::truncated(std::uint64_t id) {
  return ensure(id) && stacks_.find(id)->second.stack.truncated;
}

const std::vector<Frame>& StackTable::stack(std::uint64_t id) {
  static const std::vector<Frame> none;
  if (!ensure(id)) return none;
  Entry& entry = stacks_.find(id)->second;
  if (!entry.frames) {
    entry.frames.emplace();
    for (const Call& call : calls(entry.stack.pcs)) {
      entry.frames->insert(entry.frames->end(), call.frames->begin(), call.frames->end());
    }
  }
  return *entry.frames;
}

std::vector<Call> StackTable::calls(std::span<const std::uint64_t> pcs) {
  std::vector<Call> out;
  out.reserve(pcs.size());
  PcKind kind = PcKind::kReturnAddress;
  for (const std::uint64_t pc : pcs) {
    const std::vector<Frame>& frames = this->frames(pc, kind);
    out.push_back({pc, &frames});
    kind = injects_call(frames.back().function) ? PcKind::kExact : PcKind::kReturnAddress;
  }
  return out;
}

const std::vector<Frame>& StackTable::frames(std::uint64_t pc, PcKind kind) {
  std::uint64_t link = pc - load_bias_;  // a hostile pc wraps to an address no function has
  if (kind == PcKind::kReturnAddress && lookup_.entry(link) != link) --link;
  const auto [it, fresh] = by_lookup_pc_.try_emplace(link);
  if (!fresh) return it->second;
  std::vector<Frame>& frames = it->second;
  frames = lookup_.frames(link);
  for (Frame& frame : frames) {
    frame.function = printable(frame.function, kMaxNameBytes);
    frame.file = printable(frame.file, kMaxNameBytes);
    frame.type_arguments = printable(frame.type_arguments, kMaxNameBytes);
    frame.pc += load_bias_;
    frame.entry += load_bias_;
  }
  if (frames.empty() || frames.back().function.empty()) {
    Frame unknown;
    unknown.function = fmt::format("?{:#x}", pc);
    unknown.pc = unknown.entry = link + load_bias_;
    frames.assign(1, unknown);
  }
  return frames;
}

}  // namespace gorotrace
