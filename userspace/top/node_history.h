// What became of a node's processes within the last minute, by the documents that came. Pure. Threads: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "top/documents.h"

namespace gorotrace {

class NodeHistory {
 public:
  static constexpr std::chrono::nanoseconds kKept = std::chrono::minutes(1);
  // Documents that come more often are not all kept.
  static constexpr std::chrono::nanoseconds kApart = std::chrono::seconds(1);

  void add(const TopNode& node);

  // Goroutines more than at the earliest reading that is kept; nullopt: there is one reading only.
  [[nodiscard]] std::optional<std::int64_t> growth(const TopProcess& process) const;
  // CPU time of the agent for it, in percent of one CPU; nullopt: not known yet.
  [[nodiscard]] std::optional<double> cost_percent(const TopProcess& process, std::uint64_t time_ns) const;

 private:
  struct Reading {
    std::uint64_t time_ns = 0;  // of the document
    std::optional<std::uint64_t> read_ns, goroutines;
    std::uint64_t cost_cpu_ns = 0;
  };
  std::map<std::string, std::deque<Reading>> readings_;  // by the process's id, the oldest first
};

}  // namespace gorotrace
