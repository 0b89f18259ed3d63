// Several line tables in one process.
#include "golang/modules.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>

#include "subjects.h"

namespace gorotrace::testing {
namespace {

// One file at as many places as are wanted.
class ModulesTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kApart = 1ull << 32;
  void SetUp() override {
    binary_ = open_subject("go" GOROTRACE_NEWEST_MINOR ".stripped");
    ASSERT_TRUE(binary_);
  }
  [[nodiscard]] Module at(std::uint64_t bias) const {
    return {
        .image = &binary_->image(), .table = &binary_->pclntab(), .bias = bias, .path = {}, .open_path = {}};
  }
  [[nodiscard]] GoFunction main() const { return binary_->pclntab().function_named("main.main").value(); }

  std::unique_ptr<GoBinary> binary_;
};

TEST_F(ModulesTest, APcIsLookedUpInTheModuleItLiesIn) {
  Modules modules(at(kApart));
  ASSERT_TRUE(modules.add(at(2 * kApart)));
  const std::uint64_t pc = main().entry + 5;
  for (const std::uint64_t bias : {kApart, 2 * kApart}) {
    ASSERT_NE(modules.at(pc + bias), nullptr);
    EXPECT_EQ(modules.at(pc + bias)->bias, bias);
    const auto function = modules.function_at(pc + bias);
    ASSERT_TRUE(function);
    EXPECT_EQ(function->name, "main.main");
    EXPECT_EQ(function->entry, main().entry + bias);
    EXPECT_EQ(function->end, main().end + bias);
    EXPECT_EQ(modules.sp_delta(pc + bias), binary_->pclntab().sp_delta(pc));
    const auto frames = modules.frames(pc + bias);
    ASSERT_FALSE(frames.empty());
    EXPECT_EQ(frames.back().function, "main.main");
    EXPECT_EQ(frames.back().entry + modules.first().bias, main().entry + bias)
        << "the first one's bias makes process addresses of all";
    EXPECT_EQ(frames.front().pc + modules.first().bias, binary_->pclntab().frames(pc).front().pc + bias);
  }
  EXPECT_EQ(modules.at(pc + 3 * kApart), nullptr);
  EXPECT_FALSE(modules.function_at(pc + 3 * kApart));
  EXPECT_FALSE(modules.sp_delta(pc));
  EXPECT_TRUE(modules.frames(pc).empty());
}

TEST_F(ModulesTest, TextsDoNotOverlap) {
  Modules modules(at(kApart));
  EXPECT_FALSE(modules.add(at(kApart)));
  EXPECT_FALSE(modules.add(at(kApart + 0x1000)));
  EXPECT_FALSE(modules.add(at(kApart - 0x1000)));
  EXPECT_EQ(modules.size(), 1u);
  const std::uint64_t size = binary_->pclntab().etext() - binary_->pclntab().text();
  EXPECT_TRUE(modules.add(at(kApart + size)));
}

TEST_F(ModulesTest, TheyAreBounded) {
  Modules modules(at(0));
  for (std::uint64_t i = 1; i < Modules::kMax; ++i) ASSERT_TRUE(modules.add(at(i * kApart)));
  EXPECT_FALSE(modules.add(at(Modules::kMax * kApart)));
  EXPECT_EQ(modules.size(), Modules::kMax);
}

TEST_F(ModulesTest, WhoLooksUpMayDoSoWhileOthersAreAdded) {
  Modules modules(at(0));
  const std::uint64_t pc = main().entry;
  std::thread adding([&] {
    for (std::uint64_t i = 1; i < Modules::kMax; ++i) EXPECT_TRUE(modules.add(at(i * kApart)));
  });
  std::size_t known = 0;
  while (known < Modules::kMax) {
    const std::size_t now = modules.size();
    EXPECT_GE(now, known);
    known = now;
    EXPECT_NE(modules.at(pc + (known - 1) * kApart), nullptr);
  }
  adding.join();
}

}  // namespace
}  // namespace gorotrace::testing
