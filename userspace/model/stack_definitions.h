// The program counters behind stack ids: what makes a table readable without the kernel's map and without the
// process. Definitions come one by one, before the records that name them, and are shared: whoever keeps a
// table keeps its stacks. Memory: those that the model's rows name, and the latest ones. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/seeded_hash.h"

namespace gorotrace {

struct StackPcs {
  std::vector<std::uint64_t> pcs;  // leaf first, process addresses
  bool truncated = false;
  bool user_code =
      false;  // a frame of it is known to be the program's own: not the runtime's, nor the library's
  bool operator==(const StackPcs&) const = default;
};
using StackRef = std::shared_ptr<const StackPcs>;

// The stacks that a table's rows name. Immutable once it is in a table.
class NamedStacks {
 public:
  using Map = std::unordered_map<std::uint64_t, StackRef, SeededHash>;
  NamedStacks() = default;
  explicit NamedStacks(Map stacks) : stacks_(std::make_shared<const Map>(std::move(stacks))) {}
  // nullptr when it was never defined, or its definition was forgotten.
  [[nodiscard]] const StackPcs* find(std::uint64_t id) const;
  [[nodiscard]] std::size_t size() const { return stacks_ ? stacks_->size() : 0; }
  // These, and those of `more` that are not among them.
  [[nodiscard]] NamedStacks with(const Map& more) const;
  template <typename Visit>
  void each(const Visit& visit) const {
    if (!stacks_) return;
    for (const auto& [id, stack] : *stacks_) visit(id, *stack);
  }
  bool operator==(const NamedStacks& other) const;  // by content

 private:
  std::shared_ptr<const Map> stacks_;
};

class StackDefinitions {
 public:
  // Whoever defines stacks (stream/definer.h) defines one again when it is used and kGeneration others were
  // defined since: what nothing names may therefore go once it is older than that.
  static constexpr std::size_t kGeneration = 32768;

  void define(std::uint64_t id, StackRef stack);
  [[nodiscard]] const StackRef* find(std::uint64_t id) const;
  // There is more than is worth keeping.
  [[nodiscard]] bool crowded() const { return stacks_.size() >= crowd_; }
  // Forgets what is old and not named.
  template <typename Named>
  void forget(const Named& named) {
    std::erase_if(stacks_, [&](const auto& entry) {
      return entry.second.serial + kGeneration < serial_ && !named(entry.first);
    });
    crowd_ = stacks_.size() + 2 * kGeneration;
  }
  [[nodiscard]] std::size_t size() const { return stacks_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct Entry {
    StackRef stack;
    std::uint64_t serial = 0;  // of its last definition
  };
  std::unordered_map<std::uint64_t, Entry, SeededHash> stacks_;
  std::uint64_t serial_ = 0;
  std::size_t crowd_ = 2 * kGeneration;
};

}  // namespace gorotrace
