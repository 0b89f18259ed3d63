#include "snapshot/thread_words.h"

#include "base/seeded_hash.h"
#include "snapshot/goroutines.h"

namespace gorotrace {
namespace {

// Threads and bubbles are few (sched.maxmcount is 10,000): beyond this somebody makes them up.
constexpr std::size_t kMaxDistinct = 1u << 16;
constexpr std::uint64_t kMaxThread = 1u << 22;  // PID_MAX_LIMIT (include/linux/threads.h)

// A word behind pointers that many goroutines share.
class SharedWord {
 public:
  SharedWord(const Memory& memory, std::uint16_t offset) : memory_(memory), offset_(offset) {}
  std::uint64_t of(std::uint64_t address) {
    if (address == 0 || offset_ == kAbsent) return 0;
    if (const auto it = known_.find(address); it != known_.end()) return it->second;
    if (known_.size() == kMaxDistinct) return 0;
    return known_[address] = memory_.value<std::uint64_t>(address + offset_).value_or(0);
  }

 private:
  const Memory& memory_;
  const std::uint16_t offset_;
  SeededMap<std::uint64_t, std::uint64_t> known_;
};

}  // namespace

void read_thread_words(const Memory& memory, const RuntimeOffsets& offsets,
                       std::vector<GoroutineSnapshot>& goroutines) {
  SharedWord thread(memory, offsets.m_procid);
  const bool ids = offsets.g_bubble != kAbsent;
  SharedWord bubble(memory, ids ? offsets.synctestBubble_id : offsets.synctestGroup_root);
  SharedWord root_goid(memory, offsets.g_goid);
  for (GoroutineSnapshot& g : goroutines) {
    const std::uint64_t id = thread.of(g.m);
    g.thread_id = id <= kMaxThread ? static_cast<std::uint32_t>(id) : 0;
    if (g.bubble != 0) g.bubble = ids ? bubble.of(g.bubble) : root_goid.of(bubble.of(g.bubble));
  }
}

}  // namespace gorotrace
