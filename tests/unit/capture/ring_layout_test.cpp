#include "capture/ring_layout.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace gorotrace {
namespace {

// A ring of one page as the kernel would have written it.
class Ring {
 public:
  static constexpr std::uint32_t kBytes = 4096;
  static constexpr std::uint32_t kRecord = ring::kHeader + sizeof(gt_record);

  void put(std::uint64_t goid, std::uint32_t flags = 0) {
    gt_record record{};
    record.goid = goid;
    write(end_ + ring::kHeader, &record, sizeof record);
    set(end_, flags);
    end_ += kRecord;
  }
  void set(std::uint64_t at, std::uint32_t flags) {
    const std::uint32_t word = sizeof(gt_record) | flags;
    write(at, &word, sizeof word);
  }
  // Goids taken; the position moves on.
  std::vector<std::uint64_t> take() {
    std::vector<std::uint64_t> goids;
    position_ = ring::take(
        data_.data(), kBytes, position_, end_, [&](const gt_record& r) { goids.push_back(r.goid); },
        [&](std::uint64_t at) { published_.push_back(at); });
    return goids;
  }
  [[nodiscard]] bool emptied() const { return position_ == end_; }
  [[nodiscard]] std::uint64_t end() const { return end_; }
  [[nodiscard]] const std::vector<std::uint64_t>& published() const { return published_; }

 private:
  // Mapped twice in a row.
  void write(std::uint64_t at, const void* from, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint64_t place = (at + i) % kBytes;
      data_[place] = data_[place + kBytes] = static_cast<const std::uint8_t*>(from)[i];
    }
  }
  alignas(8) std::vector<std::uint8_t> data_ = std::vector<std::uint8_t>(2 * kBytes);
  std::uint64_t position_ = 0, end_ = 0;
  std::vector<std::uint64_t> published_;
};

using Goids = std::vector<std::uint64_t>;

TEST(RingLayout, a_place_that_is_not_filled_hides_what_is_behind_it_until_it_is) {
  Ring ring;
  ring.put(1);
  const std::uint64_t busy = ring.end();
  ring.put(2, ring::kBusy);
  ring.put(3);
  EXPECT_EQ(ring.take(), Goids{1});
  EXPECT_FALSE(ring.emptied());
  EXPECT_EQ(ring.take(), Goids{});
  ring.set(busy, 0);
  EXPECT_EQ(ring.take(), (Goids{2, 3}));
  EXPECT_TRUE(ring.emptied());
}

TEST(RingLayout, what_was_given_up_is_stepped_over) {
  Ring ring;
  ring.put(1, ring::kDiscard);
  ring.put(2);
  EXPECT_EQ(ring.take(), Goids{2});
  EXPECT_TRUE(ring.emptied());
}

TEST(RingLayout, records_wrap) {
  Ring ring;
  for (std::uint64_t goid = 1; goid <= 1000; ++goid) {
    ring.put(goid);
    if (goid % 40 == 0) {
      const Goids taken = ring.take();
      ASSERT_EQ(taken.size(), 40u);
      EXPECT_EQ(taken.front(), goid - 39);
      EXPECT_EQ(taken.back(), goid);
    }
  }
}

TEST(RingLayout, room_is_given_back_on_the_way) {
  Ring ring;
  for (std::uint64_t goid = 1; goid <= 50; ++goid) ring.put(goid);
  ring.take();
  EXPECT_TRUE(ring.published().empty()) << "fewer than a stretch";
}

}  // namespace
}  // namespace gorotrace
