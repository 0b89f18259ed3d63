#include "waits/confirm.h"

#include <algorithm>

#include "base/clock.h"

namespace gorotrace::waits {
namespace {

constexpr std::size_t kChunk = 32, kSmallestChunk = 2;
constexpr int kLooks = 8;                 // at a goroutine whose looks came too far apart
constexpr std::uint64_t kMergeGap = 256;  // evidence that lies together shares a remote range
constexpr std::uint64_t kUserEnd = 1ull << 56;
constexpr std::size_t kMaxEvidence = 512;  // words of one goroutine; a longer select cannot be read in time

class Pass {
 public:
  explicit Pass(const Context& context)
      : memory_(context.memory), config_(context.config), window_(g_window(context.config.offsets)) {}

  Status run(std::span<Waiter> waiters) {
    std::vector<Waiter*> pending;
    for (Waiter& w : waiters) {
      if (w.objects.empty()) continue;
      // No address of a process: nothing was read there.
      if (std::erase_if(w.evidence, [](const Evidence& e) { return e.address >= kUserEnd; }) != 0)
        w.provable = false;
      std::sort(w.evidence.begin(), w.evidence.end(),
                [](const Evidence& a, const Evidence& b) { return a.address < b.address; });
      pending.push_back(&w);
    }
    std::size_t chunk = kChunk;
    for (int look = 0; look < kLooks && !pending.empty(); ++look) {
      std::vector<Waiter*> late;
      for (std::size_t at = 0; at < pending.size();) {
        const std::size_t n = std::min(chunk, pending.size() - at);
        const std::size_t before = late.size();
        if (!look_at(std::span(pending).subspan(at, n), late)) return gone();
        if (late.size() > before) chunk = std::max(chunk / 2, kSmallestChunk);
        at += n;
      }
      std::swap(pending, late);
    }
    return {};
  }

 private:
  bool look_at(std::span<Waiter*> chunk, std::vector<Waiter*>& late) {
    std::vector<std::vector<std::uint8_t>> bytes;
    std::vector<Memory::Range> first, second;
    first_.resize(chunk.size() * window_);
    second_.resize(chunk.size() * window_);
    // Sizes before addresses of buffers: ranges point into them.
    struct Part {
      std::uint64_t begin, end;
    };
    std::vector<Part> parts;
    std::vector<std::vector<std::pair<std::size_t, std::size_t>>> where(chunk.size());
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const std::size_t own = parts.size();
      for (const Evidence& e : chunk[i]->evidence) {
        if (where[i].size() == kMaxEvidence) break;
        if (parts.size() == own || e.address - parts.back().end > kMergeGap) {
          parts.push_back({e.address, e.address});
        }
        parts.back().end = e.address + sizeof e.value;
        where[i].emplace_back(parts.size() - 1, e.address - parts.back().begin);
      }
    }
    for (const Part& p : parts) bytes.emplace_back(p.end - p.begin);
    for (std::size_t k = 0; k < parts.size(); ++k) second.push_back({parts[k].begin, bytes[k]});
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      first.push_back({chunk[i]->g, std::span(first_).subspan(i * window_, window_)});
      second.push_back({chunk[i]->g, std::span(second_).subspan(i * window_, window_)});
    }
    std::vector<bool> first_failed, second_failed;
    const std::uint64_t begin = monotonic_ns();
    if (!memory_.read_many(first, first_failed) || !memory_.read_many(second, second_failed)) return false;
    const bool in_time = monotonic_ns() - begin <= config_.max_between_looks_ns;

    for (std::size_t i = 0; i < chunk.size(); ++i) {
      Waiter& w = *chunk[i];
      const bool readable = !first_failed[i] && !second_failed[parts.size() + i];
      bool holds = w.evidence.size() <= kMaxEvidence;
      for (std::size_t k = 0; k < where[i].size(); ++k) {
        const auto& [part, offset] = where[i][k];
        holds =
            holds && !second_failed[part] && load<std::uint64_t>(bytes[part], offset) == w.evidence[k].value;
      }
      const GWords before = pick_words(first[i].out, config_.offsets);
      const GWords after = pick_words(second[parts.size() + i].out, config_.offsets);
      if (!readable || !same(w.words, before) || !same(before, after)) {
        w.objects.clear();
        w.words.goid = 0;
      } else if (!holds && w.evidence.size() <= kMaxEvidence) {
        // It stood still all the time, so what was found was never its own.
        w.objects.clear();
      } else if (!in_time) {
        late.push_back(&w);
      } else if (holds && w.provable) {
        for (WaitObject& object : w.objects) object.certainty = Certainty::kProven;
      }
    }
    return true;
  }

  static bool same(const GWords& a, const GWords& b) {
    return unmoved(a, b) && a.wait_reason == b.wait_reason && a.waiting == b.waiting &&
           a.sleep_when == b.sleep_when;
  }

  const Memory& memory_;
  const WaitReader::Config& config_;
  const std::size_t window_;
  std::vector<std::uint8_t> first_, second_;
};

}  // namespace

Status confirm(const Context& context, std::span<Waiter> waiters) {
  return Pass(context).run(waiters);
}

}  // namespace gorotrace::waits
