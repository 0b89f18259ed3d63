// Which stacks the rows name: an answer brings their definitions, and what nothing names is forgotten.
#include <unordered_set>
#include <utility>

#include "model/model_impl.h"

namespace gorotrace {
namespace {

template <typename Visit>
void each_stack(const std::vector<PanicRow>& rows, const std::optional<ProcessEnd>& end, const Visit& visit) {
  for (const PanicRow& row : rows) {
    visit(row.stack);
    visit(row.place);
  }
  if (end) visit(end->stack);
}

template <typename Visit>
void each_stack(const std::vector<WakerRow>& wakers, const Visit& visit) {
  for (const WakerRow& waker : wakers) visit(waker.stack);
}

}  // namespace

void Model::Impl::fill_stacks(Tables& out) const {
  NamedStacks::Map named;
  const auto add = [&](std::uint64_t id) {
    if (id == 0) return;
    const auto [place, fresh] = named.try_emplace(id);
    if (!fresh) return;
    if (const StackRef* known = stacks.find(id); known != nullptr) {
      place->second = *known;
    } else {
      ++out.stacks_undefined;
    }
  };
  for (const BlockingRow& row : out.blocking) {
    add(row.stack);
    each_stack(row.wakers, add);
  }
  for (const CreationRow& row : out.creation) {
    for (const CreationRow::Origin& origin : row.origins) {
      for (const CreationLink& link : origin.links) add(link.stack);
    }
  }
  for (const ObjectRow& row : out.objects) {
    add(row.waiter_stack);
    each_stack(row.releasers, add);
  }
  each_stack(out.panics.rows, out.panics.end, add);
  std::erase_if(named, [](const auto& entry) { return entry.second == nullptr; });
  out.stacks = NamedStacks(std::move(named));
}

void Model::Impl::forget_stacks() {
  std::unordered_set<std::uint64_t, SeededHash> named;
  const auto add = [&](std::uint64_t id) { named.insert(id); };
  for (const BlockingData& row : blocking.all()) {
    add(row.key.stack);
    each_stack(row.wakers.all(), add);
  }
  for (const CreationData& row : creation.all()) {
    for (const OriginData& origin : row.origins) {
      for (const CreationLink& link : origin.links) add(link.stack);
    }
  }
  for (const ObjectData& row : objects.all()) {
    add(row.waiter_stack);
    each_stack(row.releasers.all(), add);
  }
  each_stack(panics.rows(), panics.totals().end, add);
  for (const OpenPanic& panic : panics.open()) add(panic.stack);
  stacks.forget([&](std::uint64_t id) { return named.contains(id); });
}

}  // namespace gorotrace
