// What an agent says of a node and of one process, as far as the screen shows it: read from the documents of
// its HTTP interface (report/targets.schema.json, and the summary of report/stat.schema.json). Where they
// come from anybody may have written them: all texts are printable(), what is missing or of another kind is
// absent, and memory is bounded by that of the text. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gorotrace {

struct TopProcess {
  std::string id;  // digits, hexadecimal ones perhaps at the end, and hyphens, nothing else
  std::uint64_t pid = 0;
  std::string state, reason;                          // WatchState's names; why it is not watched
  std::string exe, go_version, module, user, cgroup;  // "": not known
  std::string runtime_file;                           // exe, or a library; "": an older agent does not say
  std::string container, pod, name_space;             // container: its name, else its id
  std::optional<std::uint64_t> goroutines, blocked;
  std::optional<std::uint64_t> read_ns;  // CLOCK_MONOTONIC, of the two
  std::uint64_t cost_cpu_ns = 0;         // since the agent knows it
};

struct TopNode {
  std::uint64_t time_ns = 0;  // CLOCK_MONOTONIC of the node
  bool ready = false;
  std::vector<std::string> notices;
  std::vector<TopProcess> processes;
};

struct TopFrame {
  std::string function, file;
  std::uint64_t line = 0;
};
using TopStack = std::vector<TopFrame>;  // leaf first

struct TopWait {  // wait reason x stack
  std::string reason;
  TopStack stack;
  bool truncated = false;
  std::uint64_t blocked = 0, in_window_ns = 0;
  std::uint64_t other_stacks = 0;  // the row stands for so many that there was no room for
  std::optional<std::uint64_t> error_ns, oldest_ns, longest_ns;
  bool oldest_is_lower_bound = false;
};

struct TopSite {  // go statement x function
  std::string function;
  TopStack site;
  std::uint64_t live = 0;
  std::optional<std::uint64_t> created, exited, lived_ns, error_ns, oldest_ns;
  bool oldest_is_lower_bound = false;
  struct Origin {  // one way to it: go statements, that of the row first
    std::uint64_t live = 0;
    std::vector<TopSite> chain;  // function and site alone
  };
  std::vector<Origin> origins;
};

struct TopState {
  std::string name;
  double seconds = 0;  // goroutine-seconds in the window
  std::optional<double> error;
};

struct TopStat {
  std::uint64_t pid = 0;
  std::string exe, runtime_file, go_version, module, ended_by;
  std::uint64_t begin_ns = 0, window_ns = 0;  // CLOCK_MONOTONIC; how long the window is
  std::optional<std::uint64_t> live, live_at_start, created, exited;
  double live_integral_s = 0;  // goroutine-seconds of all
  std::vector<TopState> states;
  std::vector<TopWait> waits;
  std::vector<TopSite> sites;
  std::vector<std::string> notices;
};

// kFailed: it is no such document.
[[nodiscard]] Result<TopNode> parse_node(std::string_view json);
[[nodiscard]] Result<TopStat> parse_stat(std::string_view json);

}  // namespace gorotrace
