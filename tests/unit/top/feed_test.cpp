#include "top/feed.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <memory>
#include <string>

namespace gorotrace {
namespace {

struct Told {
  std::atomic<int> lists{0}, stats{0}, ticks{0};
  std::atomic<bool> fails{false}, gone{false};
};

class FakeSource : public TopSource {
 public:
  explicit FakeSource(std::shared_ptr<Told> told) : told_(std::move(told)) {}
  ~FakeSource() override { told_->gone = true; }
  Result<std::string> targets() override {
    ++told_->lists;
    if (told_->fails) return fail(ErrorKind::kFailed, "no");
    return std::string(R"({"type":"targets","targets":[]})");
  }
  Result<std::optional<std::string>> stat(const std::string&) override {
    if (++told_->stats == 1) return std::optional<std::string>();  // nothing yet
    return std::optional<std::string>(R"({"type":"summary","window_ns":7})");
  }
  void tick() override { ++told_->ticks; }

 private:
  const std::shared_ptr<Told> told_;
};

class TopFeedTest : public ::testing::Test {
 protected:
  std::unique_ptr<TopFeed> start(std::chrono::milliseconds interval) {
    auto feed = TopFeed::start(std::make_unique<FakeSource>(told_), {.interval = interval},
                               std::make_shared<std::atomic<bool>>(false));
    EXPECT_TRUE(feed);
    return *std::move(feed);
  }
  // The next ones, within 10 s.
  static std::vector<TopUpdate> next(TopFeed& feed) {
    pollfd readable{feed.fd(), POLLIN, 0};
    EXPECT_EQ(poll(&readable, 1, 10'000), 1);
    return feed.take();
  }
  const std::shared_ptr<Told> told_ = std::make_shared<Told>();
};

TEST_F(TopFeedTest, AsksAgainAndAgain) {
  const auto feed = start(std::chrono::milliseconds(10));
  for (int i = 0; i < 3; ++i) {
    const auto updates = next(*feed);
    ASSERT_FALSE(updates.empty());
    EXPECT_FALSE(updates.front().id);
    EXPECT_TRUE(updates.front().node);
  }
}

TEST_F(TopFeedTest, WhatIsWantedComesAtOnce) {
  const auto feed = start(std::chrono::hours(1));
  (void)next(*feed);
  feed->want("42-1");
  const auto updates = next(*feed);
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates.front().id, "42-1");
  ASSERT_TRUE(updates.front().stat);
  EXPECT_EQ(updates.front().stat->window_ns, 7u);
  EXPECT_EQ(told_->stats, 2);  // that there was nothing yet is no update
  EXPECT_GT(told_->ticks, 1);
}

TEST_F(TopFeedTest, ErrorsAreToldAndAskedAgain) {
  told_->fails = true;
  const auto feed = start(std::chrono::milliseconds(1));
  auto updates = next(*feed);
  ASSERT_FALSE(updates.empty());
  EXPECT_FALSE(updates.front().node);
  told_->fails = false;
  updates = next(*feed);
  ASSERT_FALSE(updates.empty());
  EXPECT_TRUE(updates.front().node);
}

TEST_F(TopFeedTest, TheSourceGoesWithTheFeed) {
  {
    const auto feed = start(std::chrono::hours(1));
  }
  EXPECT_TRUE(told_->gone);
}

}  // namespace
}  // namespace gorotrace
