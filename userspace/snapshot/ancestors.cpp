#include "snapshot/ancestors.h"

#include <array>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "base/bytes.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kWord = 8, kAncestor = 5 * kWord;  // a slice, goid, gopc
// The runtime keeps as many as it is told to; more than this no person asked for.
constexpr std::uint64_t kMaxAncestors = 1024;
constexpr std::size_t kMaxBytes = 64u << 20;

struct Slice {
  std::uint64_t data, length;
};

std::span<std::uint8_t> bytes_of(Ancestor::Pcs& words) {
  return {reinterpret_cast<std::uint8_t*>(words.data()), words.size() * kWord};
}

class Reader {
 public:
  Reader(const Memory& memory, const RuntimeOffsets& offsets, std::size_t max_frames)
      : memory_(memory), o_(offsets), max_frames_(max_frames) {}

  std::optional<std::vector<Ancestor>> read(const GoroutineSnapshot& g) {
    std::array<std::uint8_t, 2 * kWord> header;
    if (!memory_.read(g.ancestors, header)) return std::nullopt;
    const auto list = slice(header, 0);
    if (!list || list->length == 0 || list->length > kMaxAncestors || !afford(list->length * kAncestor))
      return std::nullopt;
    std::vector<std::uint8_t> raw(list->length * kAncestor);
    if (!memory_.read(list->data, raw)) return std::nullopt;
    std::vector<Ancestor> out;
    for (std::size_t at = 0; at < raw.size(); at += kAncestor) {
      const auto frames = slice(raw, at + o_.ancestorInfo_pcs);
      const auto goid = load<std::uint64_t>(raw, at + o_.ancestorInfo_goid),
                 gopc = load<std::uint64_t>(raw, at + o_.ancestorInfo_gopc);
      auto pcs = frames ? stack(*frames) : nullptr;
      if (!pcs || !goid || !gopc) return std::nullopt;
      out.push_back({std::move(pcs), *goid, *gopc});
    }
    // They go with the goroutine, and their memory to others: it must be the same still.
    if (memory_.value<std::uint64_t>(g.g + o_.g_goid) != std::optional(g.goid) ||
        memory_.value<std::uint64_t>(g.g + o_.g_ancestors) != std::optional(g.ancestors))
      return std::nullopt;
    return out;
  }

 private:
  static std::optional<Slice> slice(Bytes bytes, std::size_t at) {
    const auto data = load<std::uint64_t>(bytes, at), length = load<std::uint64_t>(bytes, at + kWord);
    if (!data || !length) return std::nullopt;
    return Slice{*data, *length};
  }

  // Descendants share the stacks of their ancestors.
  std::shared_ptr<const Ancestor::Pcs> stack(const Slice& frames) {
    if (frames.length > max_frames_) return nullptr;
    const auto [known, fresh] = stacks_.try_emplace({frames.data, frames.length});
    if (!fresh) return known->second;
    auto pcs = std::make_shared<Ancestor::Pcs>(frames.length);
    if (!afford(frames.length * kWord) || (frames.length > 0 && !memory_.read(frames.data, bytes_of(*pcs))))
      return nullptr;
    known->second = std::move(pcs);
    return known->second;
  }

  bool afford(std::size_t bytes) {
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }

  const Memory& memory_;
  const RuntimeOffsets& o_;
  const std::size_t max_frames_;
  std::size_t left_ = kMaxBytes;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::shared_ptr<const Ancestor::Pcs>> stacks_;
};

}  // namespace

std::size_t max_ancestor_frames(const GoVersion& version) {
  return version.at_least(21) ? 50 : 100;
}

Ancestors read_ancestors(const Memory& memory, const RuntimeOffsets& offsets, const GoVersion& version,
                         const Snapshot& snapshot) {
  Ancestors out;
  const bool known = offsets.g_ancestors != kAbsent && offsets.g_goid != kAbsent &&
                     offsets.ancestorInfo_pcs + 2 * kWord <= kAncestor &&
                     offsets.ancestorInfo_goid + kWord <= kAncestor &&
                     offsets.ancestorInfo_gopc + kWord <= kAncestor;
  if (!known) return out;
  Reader reader(memory, offsets, max_ancestor_frames(version));
  for (const GoroutineSnapshot& g : snapshot.goroutines) {
    if (g.ancestors == 0) continue;
    if (auto ancestors = reader.read(g)) out.insert_or_assign(g.goid, std::move(*ancestors));
  }
  return out;
}

}  // namespace gorotrace
