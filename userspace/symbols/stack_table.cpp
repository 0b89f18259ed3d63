#include "symbols/stack_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "golang/goroutine.h"
#include "symbols/calls.h"

namespace gorotrace {
namespace {

bool injects_call(const std::string& function) {
  return std::ranges::find(kInjectedCalls, function) != kInjectedCalls.end();
}

}  // namespace

PcKind kind_below(const std::vector<Frame>& callee) {
  return injects_call(callee.back().function) ? PcKind::kExact : PcKind::kReturnAddress;
}

StackTable::StackTable(std::shared_ptr<FrameTable> frames, std::uint64_t load_bias)
    : frames_(std::move(frames)), load_bias_(load_bias) {}

bool StackTable::add(std::uint64_t id, std::span<const std::uint64_t> pcs, bool truncated) {
  if (id == 0 || pcs.empty() || stacks_.contains(id)) return id != 0 && !pcs.empty();
  if (stacks_.size() >= kMaxStacks) {
    ++refused_;
    return false;
  }
  stacks_.emplace(id, Entry{Stack{{pcs.begin(), pcs.end()}, truncated}, nullptr});
  return true;
}

void StackTable::add(const StackSet& stacks) {
  for (std::uint32_t i = 0; i < stacks.size(); ++i) {
    const StackSet::Stack stack = stacks[i];
    add(stack.id, stack.pcs, stack.truncated);
  }
}

const std::vector<std::uint64_t>* StackTable::pcs(std::uint64_t id) const {
  const auto it = stacks_.find(id);
  return it == stacks_.end() ? nullptr : &it->second.stack.pcs;
}

bool StackTable::truncated(std::uint64_t id) {
  const auto found = stacks_.find(id);
  return found != stacks_.end() && found->second.stack.truncated;
}

const std::vector<Frame>& StackTable::stack(std::uint64_t id) {
  static const std::vector<Frame> none;
  const auto found = stacks_.find(id);
  if (found == stacks_.end()) return none;
  Entry& entry = found->second;
  // A plugin that came since may have the code that was in no module before.
  const bool outdated = entry.modules != 0 && entry.modules != modules();
  if (outdated) outdated_.push_back(std::move(entry.frames));
  if (!entry.frames) {
    auto frames = std::make_unique<std::vector<Frame>>();
    for (const Call& call : calls(entry.stack.pcs))
      frames->insert(frames->end(), call.frames->begin(), call.frames->end());
    const bool whole = std::ranges::all_of(entry.stack.pcs, [this](std::uint64_t pc) {
      return modules_ == nullptr || modules_->at(pc) != nullptr;
    });
    entry.modules = whole ? 0 : modules();
    entry.frames = std::move(frames);
  }
  return *entry.frames;
}

std::vector<Call> StackTable::calls(std::span<const std::uint64_t> pcs) {
  std::vector<Call> out;
  out.reserve(pcs.size());
  each_call(*this, pcs, [&](std::uint64_t pc, PcKind, const std::vector<Frame>& frames) {
    out.push_back({pc - load_bias_, &frames});
  });
  return out;
}

const std::vector<Frame>& StackTable::frames(std::uint64_t pc, PcKind kind) {
  ByPc& seen = kind == PcKind::kReturnAddress ? of_return_ : of_exact_;
  if (const auto it = seen.find(pc); it != seen.end()) return *it->second;
  std::uint64_t link = pc - load_bias_;  // a hostile pc wraps to an address no function has
  if (kind == PcKind::kReturnAddress && table_of(pc).entry(link) != link) --link;
  const std::vector<Frame>* frames = known(pc, link);
  if (frames == nullptr) return unknown(pc);
  seen.emplace(pc, frames);
  return *frames;
}

void StackTable::name_plugins(std::shared_ptr<const Modules> modules) {
  modules_ = std::move(modules);
  of_plugins_ = std::make_unique<FrameTable>(modules_lookup(*modules_));
}

FrameTable& StackTable::table_of(std::uint64_t pc) {
  const Module* module = modules_ != nullptr ? modules_->at(pc) : nullptr;
  return module != nullptr && module != &modules_->first() ? *of_plugins_ : *frames_;
}

const std::vector<Frame>* StackTable::known(std::uint64_t pc, std::uint64_t link_pc) {
  if (FrameTable& table = table_of(pc); &table != frames_.get()) return table.at(link_pc);
  if (own_) return own_->at(link_pc);
  const std::vector<Frame>* frames = frames_->at(link_pc);
  if (frames != nullptr || !frames_->full()) return frames;
  own_ = frames_->empty_one();
  return own_->at(link_pc);
}

const std::vector<Frame>& StackTable::unknown(std::uint64_t pc) {
  static const std::vector<Frame> others = [] {
    Frame frame;
    frame.function = "?";
    return std::vector<Frame>{frame};
  }();
  if (const auto it = unknown_.find(pc); it != unknown_.end()) return it->second;
  if (unknown_.size() >= kMaxUnknown) return others;
  Frame frame;
  frame.function = fmt::format("?{:#x}", pc);
  frame.pc = frame.entry = pc - load_bias_;
  if (const auto place = outside_ ? outside_->find(pc) : std::nullopt) {
    frame.function = place->name;
    frame.file = place->file;
    frame.entry = place->base - load_bias_;
  }
  return unknown_.emplace(pc, std::vector<Frame>{frame}).first->second;
}

}  // namespace gorotrace
