// What goes into a capture file comes out again, whatever it holds.
#include "recording/codec.h"

#include <cmath>
#include <limits>

#include "coding.h"
#include "fill.h"

namespace gorotrace {
namespace {

constexpr TargetId kTarget = target_id(300, 7);

template <typename T>
FileItem item_of(T what) {
  if constexpr (std::constructible_from<FileItem, T>) {
    if constexpr (requires { what.target; }) what.target = kTarget;
    return what;
  } else {
    Item item{kTarget, 123'456'789'012'345, std::move(what)};
    forget_what_no_file_has(item);
    return item;
  }
}

template <typename T>
class EachKind : public ::testing::Test {};
using Kinds = ::testing::Types<Advanced, TargetBegun, Records, StackDefined, FunctionDescribed, Snapshot,
                               SeenObjects, CountersRead, GroupChanged, CostCharged, Loss, SampleClasses,
                               SampleTick, SamplesLost, SamplingEnded, TargetEnded, TargetGone, FramesNamed,
                               FactsTold, CheckpointTold, ClockPair, MappingsTold, WindowKept>;
TYPED_TEST_SUITE(EachKind, Kinds);

TYPED_TEST(EachKind, every_field_survives) {
  const FileItem item = item_of(Fill().make<TypeParam>());
  Same("item")(item, coded(item));
}

TYPED_TEST(EachKind, so_do_fields_without_a_value) {
  TypeParam what{};
  if constexpr (std::same_as<TypeParam, StackDefined>) what.stack = std::make_shared<const StackPcs>();
  const FileItem item = item_of(std::move(what));
  const Messages messages = messages_of(item);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_LT(messages[0].size(), 40u) << "what has no value takes no room";
  Same("item")(item, coded(item));
}

// The message ends where it may not, or it says less.
TYPED_TEST(EachKind, every_prefix_is_an_error_or_less) {
  const Messages messages = messages_of(item_of(Fill().make<TypeParam>()));
  ASSERT_EQ(messages.size(), 1u);
  for (std::size_t size = 0; size < messages[0].size(); ++size) {
    // A copy of that size: what reads behind it is seen (asan).
    const std::string prefix(messages[0], 0, size);
    Decoder decoder;
    std::vector<FileItem> out;
    const Status taken = take(decoder, std::string_view(prefix), out);
    EXPECT_FALSE(taken) << "the item's fields stand last, with their length in front of them";
    EXPECT_TRUE(out.empty());
  }
}

TYPED_TEST(EachKind, no_changed_byte_breaks_the_decoder) {
  const std::string message = messages_of(item_of(Fill().make<TypeParam>()))[0];
  for (std::size_t at = 0; at < message.size(); ++at) {
    for (const int change : {0x01, 0x07, 0x80, 0xff}) {
      std::string changed = message;
      changed[at] = static_cast<char>(changed[at] ^ change);
      Decoder decoder;
      std::vector<FileItem> out;
      const Status taken = take(decoder, changed, out);
      EXPECT_EQ(taken.has_value() || out.empty(), true);
      for (const FileItem& item : out) EXPECT_FALSE(messages_of(item).empty());  // it can be used
    }
  }
}

TEST(Codec, doubles_are_kept_bit_for_bit) {
  using Limits = std::numeric_limits<double>;
  const double payload = std::bit_cast<double>(0x7ff4'0000'dead'beefull);
  for (const double value :
       {-0.0, 0.1, Limits::denorm_min(), Limits::infinity(), -Limits::quiet_NaN(), payload}) {
    FactsTold told{.target = kTarget, .whole = true, .facts = {}};
    told.facts.cost.charged_ns = value;
    told.facts.cost.budget_share = value;
    told.facts.calibrated = {value, value, false};
    Same("facts")(FileItem(told), coded(told));
    const FileItem charged = Item{kTarget, 1, CostCharged{1, 2, value}};
    Same("cost")(charged, coded(charged));
  }
}

// 0 is a value, and so is nothing.
TEST(Codec, what_is_there_and_empty_is_not_absent) {
  FactsTold told{.target = kTarget, .whole = false, .facts = {}};
  StatFacts& f = told.facts;
  f.phases.emplace();
  f.sampling.emplace();
  f.run_sampling.emplace();
  f.cost.budget_share = 0.0;
  f.shared_probes.emplace();
  f.calibrated = {0, 0, false};
  f.live_at_start = 0;
  f.cross_check.emplace();
  f.counters_begin.emplace();
  f.counters_end.emplace();
  f.runtime_latency.emplace();
  f.detached.resize(2);
  f.events.dropped.resize(2);
  f.notices = {"", "one", ""};
  f.wait_reasons = {"", "sleep"};
  Same("facts")(FileItem(told), coded(told));
  const FileItem tick = Item{kTarget, 1, SampleTick{.live = 0, .changed = {}, .counts = {}}};
  Same("tick")(tick, coded(tick));
  const FileItem classes = Item{kTarget, 1, SampleClasses{{{}, {}}, {{}}, {{0, ""}, {kLabelOther, ""}}}};
  Same("classes")(classes, coded(classes));
}

TEST(Codec, numbers_at_their_limits) {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  RuntimeCounters counters;
  counters.live = std::numeric_limits<std::int64_t>::min();
  counters.system = std::numeric_limits<std::int64_t>::max();
  counters.created = kMost;
  const FileItem read = Item{0xffffff, kEndOfTime, CountersRead{counters, kMost}};
  Same("counters")(read, coded(read));
  Snapshot snapshot;
  for (const std::uint64_t n : {kMost, std::uint64_t{0}, kMost, std::uint64_t{1}, kMost / 2, kMost / 2 + 1})
    snapshot.goroutines.push_back({.goid = n, .read_at_ns = n, .labels = n, .stack_id = n});
  const FileItem looked = Item{kTarget, 0, std::move(snapshot)};
  Same("snapshot")(looked, coded(looked));
}

TEST(Codec, text_that_is_shown_is_made_printable_again) {
  FramesNamed named{kTarget, 1, PcKind::kExact, {Frame{.function = "a\x1b[31m\xff", .file = "f"}}};
  EXPECT_EQ(std::get<FramesNamed>(coded(named)).frames[0].function, "a\xef\xbf\xbd[31m\xef\xbf\xbd");
  FactsTold told{.target = kTarget, .whole = false, .facts = {}};
  told.facts.target.exe = "/a\n";
  told.facts.notices = {"two\nlines\xff"};  // reports make these printable where they show them
  const StatFacts facts = std::get<FactsTold>(coded(told)).facts;
  EXPECT_EQ(facts.target.exe, "/a\xef\xbf\xbd");
  EXPECT_EQ(facts.notices, told.facts.notices);
  // However much longer it becomes by that, it can be written, and is the same when it is read again.
  told.facts.target.exe = std::string(50'000, '\xff');
  const FileItem longer = coded(told);
  Same("longer")(longer, coded(longer));
  const FileItem described = Item{kTarget, 1, FunctionDescribed{1, "main.\xff\x1b", true}};
  Same("function")(described, coded(described));
}

TEST(Codec, a_stack_that_is_nothing_but_its_name) {
  const FileItem defined = Item{kTarget, 1, StackDefined{9, std::make_shared<const StackPcs>()}};
  const FileItem back = coded(defined);
  ASSERT_TRUE(std::get<StackDefined>(std::get<Item>(back).what).stack);
}

}  // namespace
}  // namespace gorotrace
