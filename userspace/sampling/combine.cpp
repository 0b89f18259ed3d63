#include "sampling/combine.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "base/clock.h"

namespace gorotrace {
namespace {

using RowKey = BlockingIdentity;

// The row that takes it in when the model's table is full.
RowKey others_of(const RowKey& key) {
  return {0, std::get<1>(key), std::get<2>(key), std::get<3>(key), true, std::get<5>(key)};
}

std::uint64_t grown(std::uint64_t from, std::uint64_t to) {
  return to > from ? to - from : 0;
}

// Never below 0: the two come from one growing figure, but each is rounded by itself.
void take_out(std::uint64_t& sum, std::uint64_t part) {
  sum -= std::min(sum, part);
}

void note_open(BlockingRow& row, const SampledWaits& waits, std::uint64_t at_ns) {
  if (!waits.open_since_ns || row.blocked_now == 0) return;
  const std::uint64_t age = since(at_ns, *waits.open_since_ns);
  if (row.oldest_ns && *row.oldest_ns >= age) return;
  row.oldest_ns = age;
  // It began before that look: by one look at most, or before sampling did.
  row.oldest_is_lower_bound = true;
}

}  // namespace

BlockingIdentity identity(const BlockingRow& row) {
  return {row.stack, row.reason, row.in_syscall, row.system, row.folded != 0, row.label};
}
BlockingIdentity identity(const BlockingKey& key) {
  return {key.stack, key.reason, key.in_syscall, key.system, key.others, key.label};
}

void Replaced::add(const Tables& from, const Tables& to) {
  for (std::size_t s = 0; s < kGStates; ++s) state_ns_[s] += grown(from.state_ns[s], to.state_ns[s]);
  live_integral_ns_ += grown(from.live_integral_ns, to.live_integral_ns);
  // A row may have been folded into that of other stacks, in the stretch or since; one that then began anew
  // is smaller than it was.
  std::map<RowKey, std::uint64_t> before, after;
  for (const BlockingRow& row : to.blocking) after.emplace(identity(row), row.in_window_ns);
  for (const BlockingRow& row : from.blocking) {
    const auto same = after.find(identity(row));
    const bool stays = same != after.end() && same->second >= row.in_window_ns;
    before[stays ? identity(row) : others_of(identity(row))] += row.in_window_ns;
  }
  for (const BlockingRow& row : to.blocking) {
    const std::uint64_t part = grown(before[identity(row)], row.in_window_ns);
    if (part == 0) continue;
    const bool full =
        in_window_ns_.size() >= BlockingRows::kMaxRows && !in_window_ns_.contains(identity(row));
    in_window_ns_[full ? others_of(identity(row)) : identity(row)] += part;
  }
}

Tables combine(Tables model, const Replaced& replaced, const SampledTables& sampling) {
  Tables out = std::move(model);
  std::map<RowKey, std::size_t> rows;
  for (std::size_t i = 0; i < out.blocking.size(); ++i) rows.emplace(identity(out.blocking[i]), i);

  for (std::size_t s = 0; s < kGStates; ++s) take_out(out.state_ns[s], replaced.state_ns_[s]);
  take_out(out.live_integral_ns, replaced.live_integral_ns_);
  for (const auto& [key, part] : replaced.in_window_ns_) {
    auto found = rows.find(key);
    if (found == rows.end()) found = rows.find(others_of(key));
    if (found != rows.end()) take_out(out.blocking[found->second].in_window_ns, part);
  }

  std::uint64_t all_ns = 0;
  for (std::size_t s = 0; s < kGStates; ++s) {
    out.sampled_state[s] = sampling.states[s];
    out.state_ns[s] += sampling.states[s].ns;
    all_ns += sampling.states[s].ns;
  }
  out.live_integral_ns += sampling.live_integral_ns.value_or(all_ns);
  out.covered_by_sampling = sampling.covered;
  out.table_overflow += sampling.overflow;

  for (const SampledWaits& waits : sampling.waits) {
    const auto [place, added] = rows.emplace(identity(waits.key), out.blocking.size());
    if (added) {
      BlockingRow& row = out.blocking.emplace_back();
      row.reason = waits.key.reason;
      row.stack = waits.key.stack;
      row.in_syscall = waits.key.in_syscall;
      row.system = waits.key.system;
      row.label = waits.key.label;
    }
    BlockingRow& row = out.blocking[place->second];
    row.in_window_ns += waits.time.ns;
    row.sampled = waits.time;
    row.long_waits = waits.long_waits;
    note_open(row, waits, out.at_ns);
  }

  std::map<std::pair<std::uint64_t, std::uint64_t>, std::size_t> sites;
  for (std::size_t i = 0; i < out.creation.size(); ++i)
    sites.emplace(std::pair(out.creation[i].gopc, out.creation[i].startpc), i);
  for (const SampledSite& site : sampling.sites) {
    if (site.gopc == 0 && site.startpc == 0) continue;  // a C thread's: no go statement, no row (Model::bind)
    const auto [place, added] = sites.emplace(std::pair(site.gopc, site.startpc), out.creation.size());
    if (added) {
      CreationRow& row = out.creation.emplace_back();
      row.gopc = site.gopc;
      row.startpc = site.startpc;
      row.system = site.system;
    }
    out.creation[place->second].sampled = site.time;
  }
  return out;
}

}  // namespace gorotrace
