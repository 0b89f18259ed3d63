// The names of what a trace shows, as far as a capture file has told them: stacks by id, program counters,
// start functions, and of a stack the frames that runtime/trace shows of it. Not thread-safe. Memory: the
// latest stacks (model/stack_definitions.h) and at most RecordedSymbols::kMaxPcs program counters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/seeded_hash.h"
#include "model/stack_definitions.h"
#include "recording/file_item.h"
#include "recording/recorded_symbols.h"

namespace gorotrace {

class TraceNames {
 public:
  explicit TraceNames(TargetId target) : target_(target) {}

  void take(const FileItem& item);

  [[nodiscard]] StackRef stack(std::uint64_t id) const;  // nullptr: 0, never defined, or forgotten
  // How many of a stack's program counters have names, from the leaf on: one is named at the latest at the
  // end of the chunk in which it is first used.
  [[nodiscard]] std::size_t named(const StackPcs& stack);

  // As runtime/trace shows it (1.22 and later): leaf first, without the functions of the runtime and of sync
  // through which one blocks, wakes or creates, without wrappers, and without where every goroutine begins.
  [[nodiscard]] std::vector<const Frame*> frames(const StackPcs& stack);
  // Of a goroutine that began in a wrapper that the compiler made for its go statement: the function that it
  // calls, for which runtime/trace names the goroutine, and the wrapper's name; nullptr: it did not.
  [[nodiscard]] const Frame* wrapped(const StackPcs& stack, std::string_view& wrapper);
  // Whether a goroutine that stopped there called runtime.Gosched; else it was preempted.
  [[nodiscard]] bool called_gosched(const StackPcs& stack);
  // Of a start function; of one that is not named its address alone.
  [[nodiscard]] Frame start(std::uint64_t startpc);
  [[nodiscard]] bool start_named(std::uint64_t startpc) const {
    return symbols_.has(startpc, PcKind::kExact);
  }
  // Of a go statement, where it stands; nullptr: not known.
  [[nodiscard]] const Frame* statement(std::uint64_t gopc);

 private:
  const TargetId target_;
  RecordedSymbols symbols_;
  StackDefinitions stacks_;
  SeededMap<std::uint64_t, std::string> functions_;  // by start
};

// What runtime/trace calls the reason of a wait that has this text in g.waitreason
// (runtime/traceruntime.go traceBlockReasonStrings, and who passes them to gopark); a text of which it knows
// nothing stays.
[[nodiscard]] std::string_view trace_reason(std::string_view wait_reason);

}  // namespace gorotrace
