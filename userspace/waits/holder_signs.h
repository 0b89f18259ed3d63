// What speaks for it that a goroutine holds a lock: where the lock's address lies on its stack.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/seeded_hash.h"
#include "snapshot/g_words.h"
#include "waits/wait_reader.h"

namespace gorotrace::waits {

// Beside the address on its stack; more is more.
enum class Sign : std::uint8_t {
  kNone,      // whoever made the lock, used it or will has it, too
  kArgument,  // it is in a function that was called with it as its first argument: a method of what it is in
  kDeferred,  // it has a deferred call with it before it: `defer mu.Unlock()`
};

// Where most speaks for it.
struct HeldAddress {
  Sign sign = Sign::kNone;
  std::uint64_t depth = 0;  // bytes from SP; of a running goroutine from where the search began
};
[[nodiscard]] constexpr bool stronger(const HeldAddress& a, const HeldAddress& b) {
  return a.sign != b.sign ? a.sign > b.sign : a.depth < b.depth;
}

class LockSet {
 public:
  void add(std::uint64_t address);
  [[nodiscard]] bool contains(std::uint64_t word) const {
    return word >= lowest_ && word <= highest_ && addresses_.contains(word);
  }

 private:
  SeededSet<std::uint64_t> addresses_;
  std::uint64_t lowest_ = ~0ull, highest_ = 0;
};

inline constexpr std::uint64_t kMaxHolderStack = 64 * 1024;  // bytes of one stack that are searched

// (address, size) of the part of its stack that is searched, from SP on; size 0: none. Of one that runs
// nobody knows SP: the part at its base.
[[nodiscard]] std::pair<std::uint64_t, std::uint64_t> searched_stack(const GWords& g);

class HolderSigns {
 public:
  explicit HolderSigns(const WaitReader::Config& config) : config_(config) {}

  // Its program counters, of a goroutine at rest; none where they are not known. Asked for where they matter.
  using Frames = std::function<std::span<const std::uint64_t>()>;
  // The locks whose address lies on that stack. Frames keep words of calls that are over: a deferred call
  // counts only of a function that is among them.
  [[nodiscard]] std::map<std::uint64_t, HeldAddress> on_stack(Bytes stack, const LockSet& locks,
                                                              const Frames& frames);

 private:
  struct Meaning {
    Sign sign = Sign::kNone;
    std::string deferred_by;  // function
  };
  [[nodiscard]] Sign of(std::uint64_t below, std::uint64_t second, const Frames& frames);
  [[nodiscard]] Sign of(std::uint64_t before, const Frames& frames);
  [[nodiscard]] const Meaning& meaning(std::uint64_t word);
  [[nodiscard]] const std::string& function_of(std::uint64_t pc);

  const WaitReader::Config& config_;
  SeededMap<std::uint64_t, Meaning> meanings_;
  SeededMap<std::uint64_t, std::string> functions_;  // by pc of a frame
};

}  // namespace gorotrace::waits
