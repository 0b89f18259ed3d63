#include "waits/labels.h"

#include "base/seeded_hash.h"
#include "waits/label_reader.h"

namespace gorotrace::waits {

Status read_labels(const Context& context, std::span<const Waiter> waiters, Waits& out) {
  const LabelLayout layout{context.config.offsets, context.config.labels_in_map};
  LabelReader reader(context.memory, layout);
  SeededMap<std::uint64_t, std::optional<std::uint32_t>> known;
  for (const Waiter& w : waiters) {
    if (w.words.labels == 0) continue;
    const auto [at, added] = known.try_emplace(w.words.labels);
    if (added) {
      if (auto labels = reader.read(w.words.labels); labels && labels->empty()) {
        at->second = 0;
      } else if (labels) {
        at->second = static_cast<std::uint32_t>(out.label_sets.size());
        out.label_sets.push_back(std::move(*labels));
      }
    }
    if (at->second) {
      out.goroutines[w.index].labels = *at->second;
    } else {
      ++out.labels_unreadable;
    }
  }
  return {};
}

}  // namespace gorotrace::waits
