// The account of a target's panics: which are under way, how each ended, and what ended the process.
// Memory: bounded. Threads: the model's.
//
// Which panics a recovery ends, the stack tells: the goroutine goes on in the function that deferred the
// recovering call, and every gopanic whose frame lay deeper is gone, the panic that a deferred call's panic
// took the place of included (runtime/panic.go, recovery; up to 1.21 gopanic, which marks those as aborted).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/seeded_hash.h"
#include "bpf/shared/abi.h"
#include "model/panics.h"

namespace gorotrace {

class PanicAccount {
 public:
  static constexpr std::size_t kMaxRows = 4096, kMaxOpen = 4096, kMaxValues = 8192;

  // What records name, told before they do.
  void define(std::uint64_t value, PanicValue what);
  // One of the hooks of the group panic, or GT_HOOK_ENDED.
  void apply(const gt_record& record);
  // Its panics are under way no more.
  void goroutine_ended(std::uint64_t goid, std::uint64_t at_ns) {
    if (!open_.empty()) end_of(goid, std::nullopt, 0, at_ns);
  }
  // Records were lost: whether panics are still under way is not known.
  void gap() { open_.clear(); }

  [[nodiscard]] std::uint64_t count() const { return thrown_ + fatal_; }  // fatal errors are among them
  // Panics that ended beyond the bound of the table, or of which too many were under way.
  [[nodiscard]] std::uint64_t overflow() const { return overflow_; }
  [[nodiscard]] Panics totals() const;  // without rows
  [[nodiscard]] std::vector<PanicRow> rows() const;
  [[nodiscard]] const std::vector<OpenPanic>& open() const { return open_; }
  void restore(std::vector<OpenPanic> open) { open_ = std::move(open); }

 private:
  struct Event {
    gt_record record;
    PanicValue value;
  };
  // The goroutine's panics are over, or those that lie deeper in its stack than `below`: how many.
  std::uint64_t end_of(std::uint64_t goid, std::optional<std::uint64_t> below, std::uint64_t place,
                       std::uint64_t at_ns);
  void recovered(const gt_record& record);
  void book(const OpenPanic& panic, std::uint64_t place, std::uint64_t at_ns);
  [[nodiscard]] PanicValue value_of(const gt_record& record) const;
  [[nodiscard]] std::optional<ProcessEnd> end() const;

  SeededMap<std::uint64_t, PanicValue> values_;
  std::deque<std::uint64_t> values_order_;
  std::vector<OpenPanic> open_;  // by time
  std::map<std::tuple<std::uint64_t, std::string, std::uint64_t>, PanicRow> rows_;
  std::uint64_t thrown_ = 0, recovered_ = 0, fatal_ = 0, overflow_ = 0;
  // The first of each: what comes behind it is of a process that dies.
  std::optional<Event> fatal_error_, signal_, exit_call_, ended_;
};

}  // namespace gorotrace
