#include "cli/option_values.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

TEST(Groups, AreNamedInAnyOrder) {
  EXPECT_EQ(parse_groups("none", 0).value(), 0u);
  EXPECT_EQ(parse_groups("block", 0).value(), group_bit(GT_GROUP_BLOCK));
  EXPECT_EQ(parse_groups("run,lifecycle", 0).value(),
            group_bit(GT_GROUP_RUN) | group_bit(GT_GROUP_LIFECYCLE));
  EXPECT_EQ(parse_groups("lifecycle,block,run,syscall,sync,chan,panic,gc", 0).value(),
            (1u << GT_GROUP_COUNT) - 1);
}

TEST(Groups, RefuseUnknownNamesByName) {
  for (const char* text : {"", "blok", "block,", ",block", "block,none", "block run"}) {
    const auto groups = parse_groups(text, 0);
    ASSERT_FALSE(groups.has_value()) << text;
    EXPECT_EQ(groups.error().kind, ErrorKind::kUsage);
  }
  EXPECT_NE(parse_groups("block,blok", 0).error().message.find("\"blok\""), std::string::npos);
}

TEST(Groups, ChangeTheDefault) {
  const GroupMask both = group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK);
  EXPECT_EQ(parse_groups("+run", both).value(), both | group_bit(GT_GROUP_RUN));
  EXPECT_EQ(parse_groups("-block", both).value(), group_bit(GT_GROUP_LIFECYCLE));
  EXPECT_EQ(parse_groups("-run", both).value(), both);
  EXPECT_EQ(parse_groups("+sync,-lifecycle,+chan", both).value(),
            group_bit(GT_GROUP_BLOCK) | group_bit(GT_GROUP_SYNC) | group_bit(GT_GROUP_CHAN));
  EXPECT_EQ(parse_groups("block", both).value(), group_bit(GT_GROUP_BLOCK));
  for (const char* text : {"+", "-", "+blok", "+none", "+run,block", "block,+run", "+run,", "++run"})
    EXPECT_FALSE(parse_groups(text, both).has_value()) << text;
}

TEST(RingSize, IsAPowerOfTwoWithAUnit) {
  EXPECT_EQ(parse_ring_size("4096").value(), 4096u);
  EXPECT_EQ(parse_ring_size("4KiB").value(), 4096u);
  EXPECT_EQ(parse_ring_size("8MiB").value(), 8u << 20);
  EXPECT_EQ(parse_ring_size("1024MiB").value(), 1u << 30);
  EXPECT_EQ(parse_ring_size("8k").value(), 8192u);
  EXPECT_EQ(parse_ring_size("2M").value(), 2u << 20);
  for (const char* text : {"", "0", "2048", "5000", "3MiB", "4kb", "4kk", "4 KiB", "-4096", "2048MiB",
                           "99999999999999999999", "18446744073709551615MiB"}) {
    EXPECT_FALSE(parse_ring_size(text).has_value()) << text;
  }
}

TEST(CpuShare, IsAPercentageOfOneCpuOrNone) {
  EXPECT_DOUBLE_EQ(parse_cpu_share("5%").value(), 0.05);
  EXPECT_DOUBLE_EQ(parse_cpu_share("0.5%").value(), 0.005);
  EXPECT_DOUBLE_EQ(parse_cpu_share("100%").value(), 1);
  EXPECT_EQ(parse_cpu_share("none").value(), 0);
  for (const char* text :
       {"", "%", "5", "0%", "-1%", "101%", "5%%", "5 %", "0.05cpu", "1e1%", "nan%", "inf%"}) {
    const auto share = parse_cpu_share(text);
    ASSERT_FALSE(share.has_value()) << text;
    EXPECT_EQ(share.error().kind, ErrorKind::kUsage);
  }
}

TEST(RowOptions, RefusalsListWhatThereIs) {
  const auto good = parse_row_options({"reason=chan", "state=syscall"}, {"main."}, "user-frame", "p99");
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->by, FoldBy::kUserFrame);
  EXPECT_EQ(good->sort, RowSort::kP99);
  EXPECT_EQ(good->filter.created_by, std::vector<std::string>{"main."});
  const auto says = [](const Result<RowOptions>& refused, const char* what) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
    EXPECT_NE(refused.error().message.find(what), std::string::npos) << refused.error().message;
  };
  says(parse_row_options({}, {}, "frame", ""), "user-frame, reason, creation, label:KEY");
  says(parse_row_options({}, {}, "label", ""), "label:KEY");
  says(parse_row_options({}, {}, "label:", ""), "without a key");
  says(parse_row_options({}, {}, "", "size"), "in_window, blocked, oldest");
  says(
      parse_row_options({"x=1"}, {}, "", ""),
      "--where: \"x=1\" is not a condition; give reason=WAIT REASON, state=waiting|syscall or function=PART");
  says(parse_row_options({"label=a=b"}, {}, "", ""), "label= to dump");
  says(parse_row_options({"goid=7"}, {}, "", ""), "goid= to dump");
  says(parse_row_options({"state=running"}, {}, "", ""), "state=waiting or state=syscall");
}

TEST(RowOptions, ALabelsKeyMayHoldAnything) {
  const auto rows = parse_row_options({}, {}, "label:a:b=c", "");
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->by, FoldBy::kLabel);
  EXPECT_EQ(rows->label_key, "a:b=c");
}

TEST(Count, IsAWholeNumberFromZero) {
  for (const char* good : {"0", "10", "123456789"}) EXPECT_EQ(refuse_count(good), "") << good;
  for (const char* bad : {"", "-1", "+1", "x", "1.5", "1e3", "99999999999999999999999"})
    EXPECT_NE(refuse_count(bad).find("not a number of rows"), std::string::npos) << bad;
}

TEST(OptionValues, SlicesAreNumbersOfEvents) {
  EXPECT_EQ(parse_slice("1M"), 1'000'000u);
  EXPECT_EQ(parse_slice("20k"), 20'000u);
  EXPECT_EQ(parse_slice("1000"), 1000u);
  EXPECT_EQ(parse_slice("0"), 0u);
  for (const char* bad : {"", "999", "M", "-1", "1m", "1.5M", "99999999999M", "1 k"})
    EXPECT_FALSE(parse_slice(bad)) << bad;
}

}  // namespace
}  // namespace gorotrace
