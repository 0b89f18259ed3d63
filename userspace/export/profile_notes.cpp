#include "export/profile_notes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace gorotrace {

ProfileTime time_of(const RecordedTarget& target, const std::optional<ClockPair>& clocks) {
  const StatFacts& facts = target.facts;
  ProfileTime time;
  time.duration_ns = static_cast<std::int64_t>(facts.end_ns - std::min(facts.begin_ns, facts.end_ns));
  if (clocks)
    time.unix_ns = clocks->realtime_ns + static_cast<std::int64_t>(facts.begin_ns - clocks->monotonic_ns);
  return time;
}

void add_notes(PprofBuilder& profile, const RecordedTarget& target, TableKind table) {
  const StatFacts& facts = target.facts;
  const TableTrust trust = table_trust(table, facts, target.tables);
  const std::uint64_t window = facts.end_ns - std::min(facts.begin_ns, facts.end_ns);
  profile.comment(fmt::format(
      "PID {}, {}: {} by {}, covered {:.1f}% of the window", facts.target.host_pid, facts.target.program(),
      name_of(trust.quality), name_of(trust.engine),
      window == 0 ? 0 : 100 * static_cast<double>(trust.covered_ns) / static_cast<double>(window)));
  for (const std::string& notice : facts.notices) profile.comment(notice);
}

PprofLabels labels_of(const RecordedTarget& target, LabelId label) {
  if (target.label_key.empty() || label_known(label) != LabelKnown::kValue) return {};
  if (const auto known = target.tables.label_values.find(label); known != target.tables.label_values.end())
    return {{printable(target.label_key), printable(known->second)}};
  if (target.open) {
    for (const LabelValue& value : target.open->label_values) {
      if (value.id == label) return {{printable(target.label_key), printable(value.text)}};
    }
  }
  return {};
}

}  // namespace gorotrace
