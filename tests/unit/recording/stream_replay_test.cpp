// A stream that was encoded and decoded takes the kernel's place: replayed into fresh models it gives equal
// tables.
#include "../stream/random_stream.h"
#include "coding.h"

namespace gorotrace {
namespace {

class CodedReplay : public RandomStream, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  CodedReplay() : RandomStream(GetParam()) {}
};

TEST_P(CodedReplay, gives_equal_tables) {
  const std::uint64_t end = play_targets(GetParam());
  const auto live = models.ask(end, Ask::kTables);
  ASSERT_TRUE(live);
  Decoder decoder;
  std::vector<std::shared_ptr<const Batch>> batches;
  std::size_t items = 0, back = 0, records = 0, bytes = 0;
  for (const auto& batch : memory.batches()) {
    auto decoded = std::make_shared<Batch>();
    for (const Item& item : batch->items) {
      for (const std::string& message : messages_of(item)) {
        const Status taken = decoder.take(
            message, [&](FileItem out) { decoded->items.push_back(std::get<Item>(std::move(out))); });
        ASSERT_TRUE(taken) << taken.error().message;
        if (std::holds_alternative<Records>(item.what)) bytes += message.size();
      }
      if (const auto* run = std::get_if<Records>(&item.what)) records += run->records.size();
    }
    items += batch->items.size();
    back += decoded->items.size();
    batches.push_back(std::move(decoded));
  }
  EXPECT_EQ(back, items);
  EXPECT_GT(records, 10'000u);
  EXPECT_LT(bytes / records, 30u) << "bytes a record, of 64 in memory";
  expect_equal(*live, replayed(batches, end));
}

INSTANTIATE_TEST_SUITE_P(Seeds, CodedReplay, ::testing::Range(std::uint64_t{1}, std::uint64_t{9}));

}  // namespace
}  // namespace gorotrace
