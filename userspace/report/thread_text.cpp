#include "report/thread_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "base/sort_stably.h"
#include "evidence/traceback.h"
#include "report/stack_record.h"

namespace gorotrace {
namespace {

// Since 1.23 (internal/profilerecord) the whole array, with its zeros; before only what is set.
std::string key_of(const ThreadStack& stack, const GoVersion& version) {
  std::string out = "@";
  for (const std::uint64_t pc : stack) {
    if (pc == 0 && !version.at_least(23)) break;
    fmt::format_to(std::back_inserter(out), " {:#x}", pc);
  }
  return out;
}

}  // namespace

std::vector<std::uint64_t> known_pcs(const ThreadStack& stack) {
  return {stack.begin(), std::ranges::find(stack, 0u)};
}

std::vector<ThreadGroup> thread_groups(const ThreadStacks& stacks) {
  std::map<std::string, ThreadGroup> by_key;
  for (const ThreadStack& stack : stacks.threads) {
    std::string key = key_of(stack, stacks.version);
    ThreadGroup& group = by_key[key];
    group.stack = &stack;
    ++group.count;
    group.key = std::move(key);
  }
  std::vector<ThreadGroup> out;
  for (auto& [key, group] : by_key) out.push_back(std::move(group));
  sort_stably(out, std::ranges::greater(), &ThreadGroup::count);
  return out;
}

std::string thread_text(const ThreadStacks& stacks, StackTable& symbols) {
  std::string out = fmt::format("threadcreate profile: total {}\n", stacks.threads.size());
  for (const ThreadGroup& group : thread_groups(stacks)) {
    out += fmt::format("{} {}\n", group.count, group.key);
    const std::vector<std::uint64_t> pcs = known_pcs(*group.stack);
    // runtime.Frames.Next of nothing is a frame without a name.
    out += pcs.empty()
               ? "#\t0x0\n\n"
               : stack_record(profile_frames(symbols.calls(pcs)), symbols.load_bias(), stacks.version);
  }
  return out;
}

}  // namespace gorotrace
