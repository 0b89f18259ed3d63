// Items that are larger than a message, and what becomes of those that are not whole.
#include <algorithm>
#include <limits>
#include <random>

#include "base/text.h"
#include "coding.h"
#include "fill.h"
#include "recording/columns.h"

namespace gorotrace {
namespace {

constexpr TargetId kPartsTarget = target_id(1, 7);

// As a process has them: in the order of addresses, most of a few places.
Snapshot population(std::size_t goroutines) {
  std::mt19937_64 random{1};
  Snapshot s;
  s.label_values = {{77, "tenant"}};
  for (std::size_t i = 0; i < goroutines; ++i) {
    GoroutineSnapshot& g = s.goroutines.emplace_back();
    const std::uint64_t place = random() % 20;
    g.goid = 1 + (i / 16 * 16 + random() % 16);
    g.gopc = 0x401000 + place * 64;
    g.startpc = 0x402000 + place * 64;
    g.parent_goid = 1 + random() % 50;
    g.read_at_ns = 1'000'000'000'000'000 + i * 90;
    g.waited_at_ns = random() % 4 == 0 ? 999'000'000'000'000 : 0;
    g.stack_id = place * 0x9e3779b97f4a7c15ull + 1;
    g.status = GStatus::kWaiting;
    g.wait_reason = static_cast<std::uint8_t>(2 + place % 3);
    g.tracking_seq = static_cast<std::uint8_t>(random());
    g.unproven = random() % 2 == 0;
  }
  s.counts = Fill().make<SnapshotCounts>();
  return s;
}

TEST(Parts, a_snapshot_of_100000_goroutines) {
  const FileItem item = Item{kPartsTarget, 5, population(100'000)};
  const Messages messages = messages_of(item);
  EXPECT_EQ(messages.size(), (100'000 + kBlockRows - 1) / kBlockRows);
  std::size_t bytes = 0;
  for (const std::string& message : messages) bytes += message.size();
  EXPECT_LT(bytes / 100'000, 40u) << "bytes a goroutine, of 184 in memory";
  Same("item")(item, coded(item));
}

TEST(Parts, rows_of_the_widest_numbers_fit) {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  Snapshot s;
  s.label_values.resize(LabelValues::kMax, {kMost, std::string(1024, 'v')});
  for (std::size_t i = 0; i < 2 * kBlockRows + 1; ++i) {
    GoroutineSnapshot& g = s.goroutines.emplace_back();
    // Differences that take ten bytes.
    g.goid = g.read_at_ns = g.wait_since_ns = g.waited_at_ns = i % 2 == 0 ? kMost / 2 + 1 : 0;
    g.gopc = g.startpc = g.parent_goid = g.labels = g.label = g.stack_id = g.bubble = kMost;
    g.thread_id = 0xffffffff;
    g.status = static_cast<GStatus>(0xffffffff);
    g.wait_reason = g.tracking_seq = 0xff;
    g.scan = g.unproven = true;
  }
  const FileItem item = Item{0xffffff, kEndOfTime, std::move(s)};
  Same("item")(item, coded(item));
}

TEST(Parts, every_long_list) {
  std::mt19937_64 random{2};
  SampleTick tick;
  tick.number = 3;
  for (std::uint32_t slot = 0; slot < 10'000; ++slot) {
    tick.changed.push_back({slot * 3, slot % 7 != 0, {}, {}});
    tick.changed.back().standing = {random(), random(), random(), GStatus::kWaiting, 3, 4, true};
    tick.changed.back().place.row = slot;
  }
  for (std::uint32_t i = 0; i < 9000; ++i) {
    tick.counts[kRowClass].push_back({i, i, random()});
    tick.counts[kSiteClass].push_back({i, i, random()});
  }
  SampleClasses classes;
  classes.rows.resize(BlockingRows::kMaxRows, Fill().make<BlockingKey>());
  classes.sites.resize(5000, Fill().make<SampleSite>());
  SeenObjects seen;
  seen.objects.resize(10'000, Fill().make<SeenObject>());
  StackPcs deep;
  for (int i = 0; i < 200'000; ++i) deep.pcs.push_back(random());
  Records records;
  records.records.resize(10'000, Fill().make<gt_record>());
  for (auto what : std::initializer_list<decltype(Item::what)>{
           tick, classes, seen, StackDefined{1, std::make_shared<const StackPcs>(deep)}, records}) {
    Item item{kPartsTarget, 9, what};
    forget_what_no_file_has(item);
    EXPECT_GT(messages_of(item).size(), 1u);
    Same("item")(FileItem(item), coded(item));
  }
}

TEST(Parts, a_checkpoint_of_many_goroutines) {
  CheckpointTold told{.target = kPartsTarget, .checkpoint = Fill().make<Checkpoint>()};
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    told.checkpoint.model.goroutines.push_back(Fill().make<OpenGoroutine>());
    told.checkpoint.model.goroutines.back().goid = i;
    told.checkpoint.model.lineage.push_back(
        {.goid = i, .creator = i / 2, .stack = i, .gopc = 1, .startpc = 2});
  }
  // As many values of a label as a model keeps.
  told.checkpoint.model.label_values.resize(2 * LabelValues::kMax, {77, std::string(1024, 'v')});
  EXPECT_GT(messages_of(told).size(), 3u);
  Same("checkpoint")(FileItem(told), coded(told));
}

TEST(Parts, long_texts) {
  FactsTold told{.target = kPartsTarget, .whole = true, .facts = Fill().make<StatFacts>()};
  for (int i = 0; i < 4000; ++i) told.facts.notices.push_back(std::string(static_cast<std::size_t>(i), 'n'));
  told.facts.target.exe = told.facts.target.file = std::string((1u << 16) - 3, 'x');
  told.facts.ended_by = std::string(1u << 16, 'y');
  EXPECT_GT(messages_of(told).size(), 5u);
  Same("facts")(FileItem(told), coded(told));
  // golang/pclntab.cpp: 256 inlined calls; symbols/frame_table.h: names of 4096 bytes.
  FramesNamed named{kPartsTarget, 1, PcKind::kExact, {}};
  const std::string name = printable(std::string(5000, 'f'), 4096);
  named.frames.resize(257, Frame{.function = name, .file = name, .type_arguments = name});
  EXPECT_GT(messages_of(named).size(), 2u);
  Same("frames")(FileItem(named), coded(named));
}

class Unwhole : public ::testing::Test {
 protected:
  void take_from(std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      const Status taken = take(decoder, messages[i], out);
      EXPECT_TRUE(taken) << taken.error().message;
    }
  }
  void expect_next_one_is_whole() {
    out.clear();
    take_from(0, messages.size());
    ASSERT_EQ(out.size(), 1u);
    Same("item")(item, out[0]);
  }
  const FileItem item = Item{kPartsTarget, 5, population(5 * kBlockRows)};
  const Messages messages = messages_of(item);
  Decoder decoder;
  std::vector<FileItem> out;
};

TEST_F(Unwhole, a_decoder_that_starts_in_the_middle) {
  ASSERT_EQ(messages.size(), 5u);
  take_from(2, 5);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(decoder.incomplete(), 1u);
  expect_next_one_is_whole();
  EXPECT_EQ(decoder.incomplete(), 1u);
}

TEST_F(Unwhole, the_rest_is_behind_a_chunk_that_could_not_be_read) {
  take_from(0, 2);
  decoder.forget();
  take_from(3, 5);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(decoder.incomplete(), 1u) << "one item, of which two ends came";
  expect_next_one_is_whole();
  EXPECT_EQ(decoder.incomplete(), 1u);
}

TEST_F(Unwhole, a_part_is_missing) {
  take_from(0, 2);
  take_from(3, 5);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(decoder.incomplete(), 1u);
  expect_next_one_is_whole();
}

TEST_F(Unwhole, another_item_comes_before_its_end) {
  take_from(0, 3);
  const FileItem other = Item{kPartsTarget, 6, Loss{7, 1}};
  EXPECT_TRUE(take(decoder, messages_of(other)[0], out));
  ASSERT_EQ(out.size(), 1u);
  Same("other")(other, out[0]);
  EXPECT_EQ(decoder.incomplete(), 1u);
  take_from(3, 5);
  EXPECT_EQ(out.size(), 1u);
  EXPECT_EQ(decoder.incomplete(), 2u) << "whose end it is nobody can tell";
}

TEST_F(Unwhole, parts_of_two_targets_are_not_put_together) {
  const Messages of_other = messages_of(Item{target_id(2, 7), 5, population(5 * kBlockRows)});
  take_from(0, 2);
  EXPECT_TRUE(take(decoder, of_other[2], out));
  take_from(3, 5);
  EXPECT_TRUE(out.empty());
  EXPECT_GE(decoder.incomplete(), 1u);
}

TEST_F(Unwhole, a_damaged_part_ends_it) {
  take_from(0, 2);
  EXPECT_FALSE(take(decoder, messages[2].substr(0, 1000), out));
  take_from(3, 5);
  EXPECT_TRUE(out.empty());
  expect_next_one_is_whole();
}

}  // namespace
}  // namespace gorotrace
