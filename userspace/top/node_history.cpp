#include "top/node_history.h"

#include <set>

#include "base/clock.h"

namespace gorotrace {

void NodeHistory::add(const TopNode& node) {
  std::set<std::string_view> there;
  constexpr auto kKeptNs = static_cast<std::uint64_t>(kKept.count());
  constexpr auto kApartNs = static_cast<std::uint64_t>(kApart.count());
  for (const TopProcess& process : node.processes) {
    there.insert(process.id);
    std::deque<Reading>& readings = readings_[process.id];
    // The clock of another node, or of this one after a boot.
    if (!readings.empty() && readings.back().time_ns > node.time_ns) readings.clear();
    while (!readings.empty() && since(node.time_ns, readings.front().time_ns) > kKeptNs) readings.pop_front();
    if (!readings.empty() && since(node.time_ns, readings.back().time_ns) < kApartNs) continue;
    readings.push_back({node.time_ns, process.read_ns, process.goroutines, process.cost_cpu_ns});
  }
  std::erase_if(readings_, [&](const auto& known) { return !there.contains(known.first); });
}

std::optional<std::int64_t> NodeHistory::growth(const TopProcess& process) const {
  const auto known = readings_.find(process.id);
  if (known == readings_.end() || !process.goroutines) return std::nullopt;
  for (const Reading& reading : known->second) {
    if (!reading.goroutines) continue;
    if (reading.read_ns == process.read_ns) return std::nullopt;
    return static_cast<std::int64_t>(*process.goroutines - *reading.goroutines);
  }
  return std::nullopt;
}

std::optional<double> NodeHistory::cost_percent(const TopProcess& process, std::uint64_t time_ns) const {
  const auto known = readings_.find(process.id);
  if (known == readings_.end() || known->second.empty()) return std::nullopt;
  const Reading& first = known->second.front();
  if (time_ns <= first.time_ns || process.cost_cpu_ns < first.cost_cpu_ns) return std::nullopt;
  return 100 * static_cast<double>(process.cost_cpu_ns - first.cost_cpu_ns) /
         static_cast<double>(time_ns - first.time_ns);
}

}  // namespace gorotrace
