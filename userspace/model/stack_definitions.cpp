#include "model/stack_definitions.h"

#include <algorithm>
#include <utility>

namespace gorotrace {

const StackPcs* NamedStacks::find(std::uint64_t id) const {
  if (!stacks_) return nullptr;
  const auto found = stacks_->find(id);
  return found == stacks_->end() ? nullptr : found->second.get();
}

NamedStacks NamedStacks::with(const Map& more) const {
  if (more.empty()) return *this;
  Map all = stacks_ ? *stacks_ : Map{};
  all.insert(more.begin(), more.end());
  return NamedStacks(std::move(all));
}

bool NamedStacks::operator==(const NamedStacks& other) const {
  if (size() != other.size()) return false;
  bool equal = true;
  each([&](std::uint64_t id, const StackPcs& stack) {
    const StackPcs* theirs = other.find(id);
    equal = equal && theirs != nullptr && *theirs == stack;
  });
  return equal;
}

void StackDefinitions::define(std::uint64_t id, StackRef stack) {
  Entry& entry = stacks_[id];
  entry.serial = ++serial_;
  if (!entry.stack) entry.stack = std::move(stack);
}

const StackRef* StackDefinitions::find(std::uint64_t id) const {
  const auto found = stacks_.find(id);
  return found == stacks_.end() ? nullptr : &found->second.stack;
}

std::size_t StackDefinitions::memory_bytes() const {
  std::size_t sum = stacks_.size() * (sizeof(Entry) + 4 * sizeof(std::uint64_t));
  for (const auto& [id, entry] : stacks_) sum += sizeof(StackPcs) + entry.stack->pcs.capacity() * 8;
  return sum;
}

}  // namespace gorotrace
