#include "report/stack_numbers.h"

#include <fmt/format.h>

namespace gorotrace {

std::string stack_name(std::uint64_t number) {
  return fmt::format("s{}", number);
}

std::string StackNumbers::name(std::uint64_t id) {
  if (id == 0) return "";
  const std::lock_guard lock(mutex_);
  const auto found = numbers_.find(id);
  if (found != numbers_.end()) return stack_name(found->second);
  if (numbers_.size() == kMost) return "";
  const std::uint64_t number = numbers_.size() + 1;
  numbers_.emplace(id, number);
  return stack_name(number);
}

}  // namespace gorotrace
