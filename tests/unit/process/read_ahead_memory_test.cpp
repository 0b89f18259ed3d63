// What was asked for once comes in one call the next time, and is as of that call.
#include "process/read_ahead_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace gorotrace {
namespace {

// 64 KiB from kBase on; counts the calls.
class Counted : public Memory {
 public:
  static constexpr std::uint64_t kBase = 0x10000;
  bool read(std::uint64_t address, std::span<std::uint8_t> out) const override {
    ++calls;
    return copy(address, out);
  }
  bool read_many(std::span<const Range> ranges, std::vector<bool>& failed) const override {
    ++calls;
    most_ranges = std::max(most_ranges, ranges.size());
    failed.assign(ranges.size(), false);
    for (std::size_t i = 0; i < ranges.size(); ++i) failed[i] = !copy(ranges[i].address, ranges[i].out);
    return !gone;
  }

  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(65536);
  bool gone = false;
  mutable int calls = 0;
  mutable std::size_t most_ranges = 0;

 private:
  bool copy(std::uint64_t address, std::span<std::uint8_t> out) const {
    if (gone || address < kBase || address - kBase > bytes.size() ||
        out.size() > bytes.size() - (address - kBase))
      return false;
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(address - kBase), out.size(), out.begin());
    return true;
  }
};

constexpr std::uint64_t kNear = Counted::kBase + 8, kFar = Counted::kBase + 9000;

class ReadAhead : public testing::Test {
 protected:
  std::uint8_t byte(std::uint64_t address) { return ahead.value<std::uint8_t>(address).value_or(255); }
  void put(std::uint64_t address, std::uint8_t value) { memory.bytes[address - Counted::kBase] = value; }

  Counted memory;
  ReadAheadMemory ahead{memory};
};

TEST_F(ReadAhead, TheNextRoundIsOneCall) {
  put(kNear, 1), put(kNear + 3, 2), put(kFar, 3);
  ahead.begin();
  EXPECT_EQ(byte(kNear) + byte(kNear + 3) + byte(kFar), 6);
  EXPECT_EQ(memory.calls, 3);
  ahead.next_round();
  EXPECT_EQ(memory.calls, 4);
  EXPECT_EQ(memory.most_ranges, 2u);  // the two that lie near each other are one
  put(kNear, 7);                      // after the call
  EXPECT_EQ(byte(kNear) + byte(kNear + 3) + byte(kFar), 6);
  EXPECT_EQ(memory.calls, 4);
  ahead.next_round();
  EXPECT_EQ(byte(kNear), 7);
}

TEST_F(ReadAhead, ASeriesBeginsWithTheWordsOfTheLastOnesFirstRound) {
  ahead.begin();
  (void)byte(kNear), (void)byte(kFar);
  ahead.next_round();
  (void)byte(kNear);
  ahead.next_round();
  ahead.forget();
  memory.calls = 0;
  EXPECT_EQ(byte(kNear), 0);  // nothing is ahead now
  EXPECT_EQ(memory.calls, 1);
  ahead.begin();
  (void)byte(kNear), (void)byte(kFar);
  EXPECT_EQ(memory.calls, 2);
}

TEST_F(ReadAhead, WhatWasNotAskedForIsReadThen) {
  ahead.begin();
  (void)byte(kNear);
  ahead.next_round();
  put(kFar, 9);
  std::array<std::uint8_t, 1> near{}, far{}, none{};
  const std::array<Memory::Range, 3> ranges{
      {{kNear, near}, {Counted::kBase + memory.bytes.size(), none}, {kFar, far}}};
  std::vector<bool> failed;
  ASSERT_TRUE(ahead.read_many(ranges, failed));
  EXPECT_EQ(failed, (std::vector<bool>{false, true, false}));
  EXPECT_EQ(far[0], 9);
  // The end of what was fetched does not hide what lies behind.
  std::array<std::uint8_t, 64> longer{};
  EXPECT_TRUE(ahead.read(kNear, longer));
}

TEST_F(ReadAhead, WhatIsNotMappedFailsAsBefore) {
  ahead.begin();
  EXPECT_EQ(byte(0), 255);
  (void)byte(kNear);
  ahead.next_round();
  EXPECT_EQ(byte(0), 255);
  EXPECT_FALSE(ahead.value<std::uint64_t>(~std::uint64_t{0} - 3));
  put(kNear, 4);
  ahead.next_round();
  EXPECT_EQ(byte(kNear), 4);
  memory.gone = true;
  ahead.next_round();
  EXPECT_EQ(byte(kNear), 255);
  std::vector<bool> failed;
  std::array<std::uint8_t, 1> one{};
  const std::array<Memory::Range, 1> ranges{{{kNear, one}}};
  EXPECT_FALSE(ahead.read_many(ranges, failed));
}

TEST_F(ReadAhead, ManyWordsAreNotFetched) {
  memory.bytes.resize(std::size_t{64} << 20);
  ahead.begin();
  for (std::uint64_t at = 0; at < 2000; ++at) (void)byte(Counted::kBase + at * 4096);
  memory.calls = 0;
  ahead.next_round();
  EXPECT_EQ(memory.calls, 0);
  std::vector<std::uint8_t> much(std::size_t{2} << 20);
  EXPECT_TRUE(ahead.read(Counted::kBase, much));
  ahead.next_round();
  EXPECT_EQ(memory.calls, 1);
}

}  // namespace
}  // namespace gorotrace
