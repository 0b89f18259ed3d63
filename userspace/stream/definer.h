// Puts the definition of each stack and start function in front of the first record that names it. Memory is
// bounded by two generations of names: one that is still used when a generation is full is defined again, so
// that readers may forget what is old (StackDefinitions). Threads: the router's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/seeded_hash.h"
#include "stream/target_source.h"

namespace gorotrace {

// Lets whoever owns the source take it back at any moment.
class SourceGate {
 public:
  explicit SourceGate(TargetSource& source) : source_(&source) {}
  void close() {
    const std::lock_guard lock(mutex_);
    source_ = nullptr;
  }
  // fallback when it is closed.
  template <typename Answer, typename Question>
  [[nodiscard]] Answer ask(const Question& question, Answer fallback = {}) {
    const std::lock_guard lock(mutex_);
    return source_ != nullptr ? Answer(question(*source_)) : fallback;
  }

 private:
  std::mutex mutex_;
  TargetSource* source_;
};

// A table in front of all definers: what was defined lately is found in one look. Names come from targets;
// one that collides costs a longer look, no more.
class LatelyDefined {
 public:
  [[nodiscard]] bool has(TargetId target, std::uint64_t stack) const {
    const Entry& entry = entries_[place(stack)];
    return entry.stack == stack && entry.target == target;
  }
  void add(TargetId target, std::uint64_t stack) { entries_[place(stack)] = {stack, target}; }
  void clear() { entries_.fill({}); }

 private:
  static constexpr std::size_t kEntries = 4096;
  struct Entry {
    std::uint64_t stack = 0;
    TargetId target = 0;
  };
  [[nodiscard]] std::size_t place(std::uint64_t stack) const { return hash_(stack) % kEntries; }
  SeededHash hash_;
  std::array<Entry, kEntries> entries_{};
};

// The record names a go statement (object) and what it starts (extra).
[[nodiscard]] inline bool names_start(const gt_record& record) {
  return record.hook == GT_HOOK_CREATE || record.hook == GT_HOOK_CREATE_CORO || record.hook == GT_HOOK_EXIT ||
         (record.hook == GT_HOOK_CORO_OUT && (record.flags & GT_REC_ENDS) != 0);
}

[[nodiscard]] inline bool names_value(const gt_record& record) {
  return (record.hook == GT_HOOK_PANIC || record.hook == GT_HOOK_THROW) && record.object != 0;
}

// Of one target.
class Definer {
 public:
  Definer(TargetId target, std::shared_ptr<SourceGate> source, LatelyDefined& lately)
      : target_(target), source_(std::move(source)), lately_(lately) {}

  // Adds to `out` what the record names for the first time; that of a goroutine which was suspended, or
  // interrupted by a deadly signal, gets the whole stack.
  void define(gt_record& record, std::vector<Item>& out) {
    if (record.hook == GT_HOOK_SUSPEND || record.hook == GT_HOOK_SIGNAL) complete(record, out);
    if (record.stack != 0 && !lately_.has(target_, record.stack))
      define_stack(record.stack, record.time_ns, out);
    if (names_value(record)) define_value(record.object, record.time_ns, out);
    if (names_start(record) && record.extra != last_startpc_) describe(record.extra, record.time_ns, out);
  }
  // One that is posted, unless it is known.
  void define(StackDefined defined, std::uint64_t at_ns, std::vector<Item>& out) {
    if (!current_.contains(defined.id)) define_as(defined.id, std::move(defined.stack), at_ns, out);
  }
  // The same of a snapshot, whose stacks are taken out.
  void define(Snapshot& snapshot, std::vector<Item>& out);

 private:
  void define_stack(std::uint64_t id, std::uint64_t at_ns, std::vector<Item>& out);
  void define_as(std::uint64_t id, StackRef stack, std::uint64_t at_ns, std::vector<Item>& out);
  void complete(gt_record& record, std::vector<Item>& out);
  void define_value(std::uint64_t id, std::uint64_t at_ns, std::vector<Item>& out);
  void describe(std::uint64_t startpc, std::uint64_t at_ns, std::vector<Item>& out);
  [[nodiscard]] StackRef known(std::uint64_t id) const;
  [[nodiscard]] StackRef pull(std::uint64_t id);

  static constexpr std::size_t kMaxFunctions = 65536;  // only a hostile target has so many; then none is new

  TargetId target_;
  std::shared_ptr<SourceGate> source_;
  LatelyDefined& lately_;
  using Stacks = SeededMap<std::uint64_t, StackRef>;
  Stacks current_, previous_;
  // Of late: who panics again with the same before the source has given it away has not brought it again.
  static constexpr std::size_t kMaxValues = 1024;
  SeededMap<std::uint64_t, PanicValue> values_;
  SeededSet<std::uint64_t> functions_;
  std::uint64_t last_startpc_ = 0;
};

}  // namespace gorotrace
