#include "stream/merge.h"

#include <algorithm>

namespace gorotrace {
namespace {

bool earlier(const gt_record& a, const gt_record& b) {
  return a.time_ns < b.time_ns;
}

// The same for a sort that keeps no order of its own: equal times of one CPU stay as they were numbered.
bool in_ring_order(const gt_record& a, const gt_record& b) {
  if (a.time_ns != b.time_ns) return earlier(a, b);
  return a.cpu != b.cpu ? a.cpu < b.cpu : a.seq < b.seq;
}

// A CPU's stragglers are a few places off; several CPUs in one ring may be more. The first `sorted` are.
void sort_nearly_sorted(std::vector<gt_record>& records, std::size_t sorted) {
  std::size_t moves = 8 * records.size();
  for (std::size_t i = std::max<std::size_t>(sorted, 1); i < records.size(); ++i) {
    if (!earlier(records[i], records[i - 1])) continue;
    const gt_record record = records[i];
    std::size_t j = i;
    while (j > 0 && earlier(record, records[j - 1])) {
      records[j] = records[j - 1];
      --j;
      --moves;
      if (moves == 0) break;
    }
    records[j] = record;
    if (moves == 0) {
      std::sort(records.begin(), records.end(), in_ring_order);
      return;
    }
  }
}

}  // namespace

void RunMerger::add(std::vector<std::vector<gt_record>> runs) {
  if (runs.size() > runs_.size()) runs_.resize(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Run& run = runs_[i];
    const std::size_t left = run.records.size() - run.at;
    if (run.at == run.records.size()) {
      run.records = std::move(runs[i]);
    } else {
      run.records.erase(run.records.begin(), run.records.begin() + static_cast<std::ptrdiff_t>(run.at));
      run.records.insert(run.records.end(), runs[i].begin(), runs[i].end());
    }
    run.at = 0;
    sort_nearly_sorted(run.records, left);
  }
}

}  // namespace gorotrace
