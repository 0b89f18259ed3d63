// Labels, and maps and lists of labels that lie.
#include <gmock/gmock.h>

#include "fake_process.h"

namespace gorotrace::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr std::uint64_t kSet = 0x800000, kData = 0x801000, kText = 0x802000;

class Labelled : public FakeProcess {
 public:
  Labelled() {
    const std::uint64_t g = waiting(0, 0);
    memory.words(g + config.offsets.g_labels, {kSet});
    memory.put(kText, "key\x1b[2Jvalue", 12);
  }
  Waits read_one() { return FakeProcess::read(); }
};

class List : public Labelled {
 public:
  void list(std::uint64_t length) { memory.words(kSet, {kData, length, length}); }
};

class Map : public Labelled {
 public:
  Map() {
    config.labels_in_map = true;
    RuntimeOffsets& o = config.offsets;
    o.hmap_count = 0, o.hmap_B = 9, o.hmap_buckets = 16, o.hmap_oldbuckets = 24;
    memory.words(kSet, {kHmap});
  }
  void hmap(std::uint64_t count, std::uint8_t b, std::uint64_t buckets, std::uint64_t old = 0) {
    memory.words(kHmap, {count, std::uint64_t{b} << 8, buckets, old});
  }
  void bucket(std::uint64_t at, std::uint64_t tophash, std::uint64_t overflow) {
    memory.map(at, 272);
    memory.words(at, {tophash, kText, 3});
    memory.words(at + 136, {kText + 7, 5});
    memory.words(at + 264, {overflow});
  }
  static constexpr std::uint64_t kHmap = 0x803000;
};

TEST(Labels, AListIsReadAsItIs) {
  List p;
  p.list(1);
  p.memory.words(kData, {kText, 5, kText + 7, 5});
  const Waits waits = p.read_one();
  ASSERT_EQ(waits.goroutines[0].labels, 1u);
  EXPECT_THAT(waits.label_sets[1], ElementsAre(Pair("key\x1b[", "value")));
}

TEST(Labels, AnAbsurdListIsRefused) {
  for (const std::uint64_t length : {std::uint64_t{1} << 60, std::uint64_t{1025}, ~std::uint64_t{0}}) {
    List p;
    p.list(length);
    const Waits waits = p.read_one();
    EXPECT_EQ(waits.goroutines[0].labels, 0u);
    EXPECT_EQ(waits.labels_unreadable, 1u);
  }
}

TEST(Labels, AnAbsurdTextIsRefused) {
  List p;
  p.list(1);
  p.memory.words(kData, {kText, 3, kText, 1ull << 40});
  EXPECT_EQ(p.read_one().labels_unreadable, 1u);
}

TEST(Labels, AnEmptySetIsNone) {
  List p;
  p.list(0);
  const Waits waits = p.read_one();
  EXPECT_EQ(waits.goroutines[0].labels, 0u);
  EXPECT_EQ(waits.labels_unreadable, 0u);
}

TEST(Labels, AMapIsReadBucketByBucket) {
  Map p;
  p.hmap(2, 0, kData);
  p.bucket(kData, 200, 0x900000);
  p.bucket(0x900000, 5, 0);
  const Waits waits = p.read_one();
  EXPECT_THAT(waits.label_sets[waits.goroutines[0].labels],
              ElementsAre(Pair("key", "value"), Pair("key", "value")))
      << waits.labels_unreadable;
}

TEST(Labels, AMapThatGrowsHasTheRestInItsOldBuckets) {
  Map p;
  p.hmap(1, 1, kData, 0x900000);
  p.memory.map(kData, 2 * 272);
  p.bucket(0x900000, 77, 0);
  EXPECT_EQ(p.read_one().goroutines[0].labels, 1u);
  p.bucket(0x900000, 2, 0);  // evacuated, and yet in no new bucket: the count does not hold
  EXPECT_EQ(p.read_one().labels_unreadable, 1u);
}

TEST(Labels, AMapWhoseBucketsRunInACircleIsRefused) {
  Map p;
  p.hmap(3, 0, kData);
  p.bucket(kData, 200, kData);
  EXPECT_EQ(p.read_one().labels_unreadable, 1u);
}

TEST(Labels, AnAbsurdMapIsRefused) {
  Map p;
  p.hmap(1ull << 50, 0, kData);
  EXPECT_EQ(p.read_one().labels_unreadable, 1u);
  p.hmap(1, 63, kData);
  EXPECT_EQ(p.read_one().labels_unreadable, 1u);
  p.hmap(1, 0, 0xdead000);
  EXPECT_EQ(p.read_one().labels_unreadable, 1u);
}

}  // namespace
}  // namespace gorotrace::testing
