// What records are held against is what README.md says, whatever the seed of a process: a block is not read
// by the process that wrote it.
#include "recording/column_layout.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace gorotrace {
namespace {

// The number, from 1, of the last of the records before `end` for which it holds; 0: of none.
template <typename Holds>
gt_u64 last(std::size_t end, const Holds& holds) {
  while (end > 0 && !holds(end - 1)) --end;
  return end;
}

TEST(ColumnLayout, RecordsAreHeldAgainstThoseBefore) {
  std::mt19937_64 random(1);
  for (const unsigned goids : {1u, 30u, 500u, 100'000u}) {
    std::vector<gt_record> records(kMaxBlockRecords);
    std::vector<gt_u8> hook_before;
    column_layout::History history(records.data());
    for (std::size_t i = 0; i < records.size(); ++i) {
      gt_record& r = records[i];
      r.extra = i + 1;
      r.cpu = static_cast<gt_u16>(random() % 600);
      r.goid = random() % goids;
      r.hook = static_cast<gt_u8>(random() % GT_HOOK_COUNT);

      const gt_record& before = history.before(r.cpu);
      EXPECT_EQ(before.extra, last(i, [&](auto at) { return records[at].cpu % 256 == r.cpu % 256; }));
      EXPECT_EQ(history.expected(before).extra,
                last(i, [&](auto at) { return hook_before[at] == before.hook; }));
      const gt_u64 same =
          last(i, [&](auto at) { return records[at].hook == r.hook && records[at].goid == r.goid; });
      EXPECT_EQ(history.alike(r.hook, r.goid).extra,
                same != 0 ? same : last(i, [&](auto at) { return records[at].hook == r.hook; }));
      hook_before.push_back(before.hook);
      history.add(r, before);
    }
  }
}

}  // namespace
}  // namespace gorotrace
