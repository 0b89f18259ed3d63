// The strings and stacks that one trace file names by number. Their names may come behind the events that use
// them, so they are written last. Not thread-safe. Memory: the distinct ones of the file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/seeded_hash.h"
#include "export/go_trace_file.h"
#include "export/trace_names.h"

namespace gorotrace {

class GoTraceTables {
 public:
  explicit GoTraceTables(TraceNames& names) : names_(names) {}

  // Numbers; 0: none.
  [[nodiscard]] std::uint64_t string(std::string_view text);
  [[nodiscard]] std::uint64_t stack(std::uint64_t id);
  [[nodiscard]] std::uint64_t stack(std::uint64_t id, const StackRef& stack);  // a definition that was kept
  [[nodiscard]] std::uint64_t start(std::uint64_t startpc);  // the stack that is a goroutine's start function
  [[nodiscard]] std::uint64_t stop_reason(std::uint64_t stack_id);  // "runtime.Gosched" or "preempted"

  // A string that is told later, at the latest before write(); else it is "unknown".
  [[nodiscard]] std::uint64_t string_to_come();
  void string_came(std::uint64_t number, std::string_view text);

  // All that they consist of has a name. To be asked again once more names have come.
  [[nodiscard]] bool named();
  void write(GoTraceFile& file);

 private:
  struct Stack {
    std::uint64_t number = 0, startpc = 0;  // startpc: of a start function's
    StackRef stack;
  };
  struct StopReason {
    std::uint64_t number = 0;
    StackRef stack;
  };
  [[nodiscard]] std::uint64_t pc_of(const Frame& frame, std::uint64_t function, std::uint64_t file);

  TraceNames& names_;
  SeededMap<std::string, std::uint64_t> strings_;
  SeededMap<std::uint64_t, std::uint64_t> stack_numbers_, start_numbers_, stop_numbers_;
  std::vector<Stack> stacks_;
  std::vector<StopReason> stop_reasons_;
  std::map<std::uint64_t, std::string> to_come_;  // by number
  std::uint64_t last_string_ = 0, last_stack_ = 0;
  std::size_t named_ = 0;  // of stacks_, from the begin on
  // What is at each address that was written: a reader takes the first frame of one for all of them.
  using Place = std::tuple<std::uint64_t, std::uint64_t, int>;  // function, file, line
  SeededMap<std::uint64_t, Place> places_;
  std::map<Place, std::uint64_t> moved_;  // to an address of its own
};

}  // namespace gorotrace
