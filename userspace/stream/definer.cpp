#include "stream/definer.h"

#include <optional>
#include <utility>

namespace gorotrace {

StackRef Definer::known(std::uint64_t id) const {
  for (const Stacks* stacks : {&current_, &previous_}) {
    if (const auto found = stacks->find(id); found != stacks->end()) return found->second;
  }
  return nullptr;
}

StackRef Definer::pull(std::uint64_t id) {
  auto pulled = source_->ask<std::optional<StackPcs>>([&](TargetSource& source) { return source.stack(id); });
  return pulled ? std::make_shared<const StackPcs>(std::move(*pulled)) : nullptr;
}

void Definer::define_stack(std::uint64_t id, std::uint64_t at_ns, std::vector<Item>& out) {
  if (!current_.contains(id)) {
    StackRef stack = known(id);
    if (!stack) stack = pull(id);
    if (!stack) return;  // asked for again with the next record
    define_as(id, std::move(stack), at_ns, out);
  }
  lately_.add(target_, id);
}

void Definer::define_as(std::uint64_t id, StackRef stack, std::uint64_t at_ns, std::vector<Item>& out) {
  if (current_.size() >= StackDefinitions::kGeneration) {
    previous_ = std::exchange(current_, {});
    lately_.clear();  // what is in use is defined again
  }
  current_.emplace(id, stack);
  out.push_back({target_, at_ns, StackDefined{id, std::move(stack)}});
}

void Definer::complete(gt_record& record, std::vector<Item>& out) {
  const bool interrupted = record.hook == GT_HOOK_SIGNAL;
  // Of a signal's record this is all that the words are for.
  const std::uint64_t word = interrupted ? std::exchange(record.object, 0) : record.object;
  const std::uint64_t next = interrupted ? std::exchange(record.other, 0) : 0;
  if (record.stack == 0 || (interrupted && word == 0 && next == 0)) return;
  StackRef walked = known(record.stack);
  if (!walked) {
    walked = pull(record.stack);
    if (!walked) return;
    // The source may have it no more: kept for the next goroutine that is suspended there.
    define_as(record.stack, walked, record.time_ns, out);
  }
  auto whole = source_->ask<std::optional<TargetSource::WholeStack>>([&](TargetSource& source) {
    return interrupted ? source.interrupted(*walked, word, next) : source.whole(*walked, record.extra, word);
  });
  if (!whole) return;
  record.stack = whole->id;
  if (current_.contains(whole->id)) return;
  StackRef stack = known(whole->id);
  if (!stack) stack = std::make_shared<const StackPcs>(std::move(whole->pcs));
  define_as(whole->id, std::move(stack), record.time_ns, out);
}

void Definer::define_value(std::uint64_t id, std::uint64_t at_ns, std::vector<Item>& out) {
  auto value =
      source_->ask<std::optional<PanicValue>>([&](TargetSource& source) { return source.value(id); });
  if (value) {
    if (values_.size() >= kMaxValues) values_.clear();
    values_.insert_or_assign(id, *value);
  } else if (const auto known = values_.find(id); known != values_.end()) {
    value = known->second;
  }
  if (value) out.push_back({target_, at_ns, ValueDefined{id, std::move(*value)}});
}

void Definer::describe(std::uint64_t startpc, std::uint64_t at_ns, std::vector<Item>& out) {
  last_startpc_ = startpc;
  if (startpc == 0 || functions_.size() >= kMaxFunctions || !functions_.insert(startpc).second) return;
  auto function =
      source_->ask<FunctionDescribed>([&](TargetSource& source) { return source.function(startpc); });
  function.startpc = startpc;
  out.push_back({target_, at_ns, std::move(function)});
}

void Definer::define(Snapshot& snapshot, std::vector<Item>& out) {
  const std::uint64_t at_ns = snapshot.counts.end_ns;
  for (std::uint32_t i = 0; i < snapshot.stacks.size(); ++i) {
    const StackSet::Stack stack = snapshot.stacks[i];
    if (current_.contains(stack.id)) continue;
    StackRef pcs = known(stack.id);
    if (!pcs) {
      pcs = std::make_shared<const StackPcs>(StackPcs{{stack.pcs.begin(), stack.pcs.end()}, stack.truncated});
    }
    define_as(stack.id, std::move(pcs), at_ns, out);
  }
  snapshot.stacks = {};
  for (GoroutineSnapshot& g : snapshot.goroutines) {
    g.stack = StackSet::kNone;  // they know their stacks by id
    if (g.startpc != last_startpc_) describe(g.startpc, at_ns, out);
  }
}

}  // namespace gorotrace
