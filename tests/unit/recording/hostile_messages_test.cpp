// Messages that no encoder of this version makes: those of a later one, and those that are meant to harm.
#include <protozero/pbf_writer.hpp>

#include "coding.h"
#include "recording/columns.h"
#include "recording/field_writer.h"

namespace gorotrace {
namespace {

using protozero::pbf_writer;

class CraftedMessages : public ::testing::Test {
 protected:
  template <typename Write>
  std::string fields(const Write& write) {
    std::string bytes;
    pbf_writer writer(bytes);
    write(writer);
    return bytes;
  }
  // An item of that kind, with these fields.
  std::string message(Kind kind, const std::string& of_item, bool may_be_skipped = false) {
    return fields([&](pbf_writer& w) {
      w.add_uint32(1, 0x107);
      if (may_be_skipped) w.add_bool(3, true);
      w.add_message(static_cast<FieldNumber>(kind), of_item);
    });
  }
  template <typename Write>
  Status take_item(Kind kind, const Write& write) {
    return take(decoder, message(kind, fields(write)), out);
  }
  Decoder decoder;
  std::vector<FileItem> out;
};
class LaterMessages : public CraftedMessages {};
class HostileMessages : public CraftedMessages {};

TEST_F(LaterMessages, fields_that_are_not_known_are_passed_over) {
  const std::string loss = fields([](pbf_writer& w) {
    w.add_string(9, "what is new");
    w.add_uint64(1, 55);
    w.add_fixed64(1000, 5);
    w.add_uint64(2, 3);
    w.add_fixed32(10, 5);
  });
  const std::string whole = fields([&](pbf_writer& w) {
    w.add_string(15, "in the envelope");
    w.add_uint32(1, 0x107);
    w.add_uint64(14, 9);
    w.add_message(static_cast<FieldNumber>(Kind::kLoss), loss);
  });
  ASSERT_TRUE(take(decoder, whole, out));
  ASSERT_EQ(out.size(), 1u);
  const Item& item = std::get<Item>(out[0]);
  EXPECT_EQ(item.target, 0x107u);
  EXPECT_EQ(std::get<Loss>(item.what).to_ns, 55u);
  EXPECT_EQ(std::get<Loss>(item.what).count, 3u);
}

TEST_F(LaterMessages, columns_that_are_not_known_too) {
  const auto taken = take_item(Kind::kSeenObjects, [](pbf_writer& w) {
    pbf_writer block(w, 2);
    const std::uint64_t goids[] = {2, 2};
    block.add_packed_uint64(1, std::begin(goids), std::end(goids));
    block.add_packed_uint64(77, std::begin(goids), std::end(goids));
  });
  ASSERT_TRUE(taken) << taken.error().message;
  const auto& objects = std::get<SeenObjects>(std::get<Item>(out.at(0)).what).objects;
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects[1].goid, 2u);  // 1, and 1 more
}

TEST_F(LaterMessages, a_kind_that_is_not_known_says_whether_it_may_be_passed_over) {
  const auto unknown = static_cast<Kind>(90);
  EXPECT_TRUE(take(decoder, message(unknown, "whatever", true), out));
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(decoder.incomplete(), 0u);
  const Status needed = take(decoder, message(unknown, "whatever"), out);
  ASSERT_FALSE(needed);
  EXPECT_EQ(needed.error().kind, ErrorKind::kUnsupported);
}

TEST_F(HostileMessages, no_item_and_two) {
  EXPECT_FALSE(take(decoder, "", out));
  EXPECT_FALSE(take(decoder, fields([](pbf_writer& w) { w.add_uint32(1, 3); }), out));
  const std::string twice = message(Kind::kTargetEnded, "") + message(Kind::kTargetEnded, "");
  EXPECT_FALSE(take(decoder, twice, out));
  EXPECT_FALSE(take(decoder, std::string(kMaxMessage + 1, '\0'), out));
  EXPECT_TRUE(out.empty());
}

TEST_F(HostileMessages, numbers_out_of_their_range) {
  EXPECT_FALSE(take(decoder, fields([](pbf_writer& w) {
                      w.add_uint64(1, 0x1000000);  // no target
                      w.add_message(static_cast<FieldNumber>(Kind::kTargetEnded), "", 0);
                    }),
                    out));
  EXPECT_FALSE(take_item(Kind::kGroupChanged, [](pbf_writer& w) { w.add_uint64(1, GT_GROUP_COUNT); }));
  EXPECT_FALSE(take_item(Kind::kGroupChanged, [](pbf_writer& w) { w.add_uint64(2, 2); }));
  EXPECT_FALSE(take_item(Kind::kSamplingEnded, [](pbf_writer& w) { w.add_uint64(1, 2); }));
  EXPECT_FALSE(take_item(Kind::kFramesNamed, [](pbf_writer& w) { w.add_uint64(2, 2); }));
  EXPECT_FALSE(take_item(Kind::kSampleTick, [](pbf_writer& w) { w.add_uint64(8, 1ull << 32); }));
  EXPECT_FALSE(take_item(Kind::kTargetBegun, [](pbf_writer& w) { w.add_sint64(1, 1ll << 31); }));
  EXPECT_FALSE(take_item(Kind::kSeenObjects, [](pbf_writer& w) {
    pbf_writer block(w, 2);
    const std::uint64_t one[] = {2};
    block.add_packed_uint64(1, std::begin(one), std::end(one));
    block.add_packed_uint64(3, std::begin(one), std::end(one));  // kinds are 0 and 1
  }));
  EXPECT_FALSE(take_item(Kind::kSnapshot, [](pbf_writer& w) {
    pbf_writer block(w, 3);
    const std::uint64_t goid[] = {2}, reason[] = {256};
    block.add_packed_uint64(1, std::begin(goid), std::end(goid));
    block.add_packed_uint64(14, std::begin(reason), std::end(reason));
  }));
  EXPECT_TRUE(out.empty());
}

TEST_F(HostileMessages, fields_of_another_type) {
  EXPECT_FALSE(take_item(Kind::kLoss, [](pbf_writer& w) { w.add_string(1, "55"); }));
  EXPECT_FALSE(take_item(Kind::kLoss, [](pbf_writer& w) { w.add_fixed64(2, 5); }));
  EXPECT_FALSE(take_item(Kind::kCostCharged, [](pbf_writer& w) { w.add_uint64(3, 5); }));
  EXPECT_FALSE(take_item(Kind::kFunctionDescribed, [](pbf_writer& w) { w.add_uint64(2, 5); }));
  EXPECT_FALSE(take_item(Kind::kSnapshot, [](pbf_writer& w) { w.add_uint64(3, 5); }));
  EXPECT_FALSE(take_item(Kind::kFactsTold, [](pbf_writer& w) { w.add_fixed32(17, 5); }));
  EXPECT_FALSE(take(decoder, fields([](pbf_writer& w) { w.add_uint64(16, 5); }), out));
}

TEST_F(HostileMessages, columns_that_are_not_of_one_length) {
  const std::vector<std::uint64_t> two = {2, 2}, three = {2, 2, 2};
  const auto block = [&](const auto& key, const auto& column) {
    return take_item(Kind::kSnapshot, [&](pbf_writer& w) {
      pbf_writer rows(w, 3);
      rows.add_packed_uint64(1, key.begin(), key.end());
      rows.add_packed_uint64(2, column.begin(), column.end());
    });
  };
  EXPECT_TRUE(block(two, two));
  EXPECT_FALSE(block(two, three));
  EXPECT_FALSE(block(three, two));
  EXPECT_FALSE(block(std::vector<std::uint64_t>{}, two));
  EXPECT_FALSE(take_item(Kind::kSnapshot, [&](pbf_writer& w) {
    pbf_writer rows(w, 3);
    rows.add_packed_uint64(2, two.begin(), two.end());
    rows.add_packed_uint64(1, two.begin(), two.end());
  }));
  EXPECT_FALSE(take_item(Kind::kSnapshot, [&](pbf_writer& w) {
    pbf_writer rows(w, 3);
    rows.add_packed_uint64(1, two.begin(), two.end());
    rows.add_packed_uint64(1, two.begin(), two.end());
  }));
}

// What a few bytes may become is bounded.
TEST_F(HostileMessages, blocks_and_lists_that_are_too_long) {
  const std::vector<std::uint64_t> rows(kMaxBlockRows + 1);
  EXPECT_FALSE(take_item(Kind::kSnapshot, [&](pbf_writer& w) {
    pbf_writer block(w, 3);
    block.add_packed_uint64(1, rows.begin(), rows.end());
  }));
  EXPECT_FALSE(take_item(Kind::kTargetBegun, [](pbf_writer& w) {
    for (int i = 0; i < 257; ++i) w.add_string(4, "");
  }));
  EXPECT_FALSE(take_item(Kind::kFramesNamed, [](pbf_writer& w) {
    for (int i = 0; i < 1025; ++i) w.add_message(3, "", 0);
  }));
  EXPECT_FALSE(take_item(Kind::kFunctionDescribed,
                         [](pbf_writer& w) { w.add_string(2, std::string(kMaxText + 1, 'x')); }));
  EXPECT_FALSE(take_item(Kind::kSampleTick, [](pbf_writer& w) {
    pbf_writer block(w, 15);  // there are no more states than these
    const std::vector<std::uint64_t> states(kGStates + 1);
    block.add_packed_uint64(1, states.begin(), states.end());
  }));
  EXPECT_TRUE(out.empty());
}

TEST_F(HostileMessages, a_histogram_that_contradicts_itself) {
  const auto latency = [&](std::uint64_t first, std::vector<std::uint64_t> differences, std::uint64_t count) {
    return take_item(Kind::kFactsTold, [&](pbf_writer& w) {
      pbf_writer of_runtime(w, 22);
      pbf_writer times(of_runtime, 2);
      times.add_uint64(1, first);
      times.add_packed_uint64(2, differences.begin(), differences.end());
      times.add_uint64(3, count);
    });
  };
  EXPECT_TRUE(latency(0, {2, 2}, 3));   // 1 and 2
  EXPECT_FALSE(latency(0, {2, 2}, 4));  // nor have they been counted
  EXPECT_FALSE(latency(0, {}, 1));
  EXPECT_TRUE(latency(Histogram::kMaxBuckets - 1, {2}, 1));
  EXPECT_FALSE(latency(Histogram::kMaxBuckets, {2}, 1));
  EXPECT_FALSE(latency(0xffffffff, {2}, 1));
}

}  // namespace
}  // namespace gorotrace
