#include "symbols/binary_cache.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace gorotrace {
namespace {

namespace fs = std::filesystem;

const std::string kNewest = GO_BINARY;

// A copy of a binary that the test may write to, as old as an hour: what is written then has another mtime.
class Copy {
 public:
  explicit Copy(const std::string& of = kNewest)
      : path_(fs::temp_directory_path() / ("gorotrace_cache_" + std::to_string(::getpid()))) {
    replace(of);
  }
  ~Copy() { fs::remove(path_); }
  [[nodiscard]] std::string path() const { return path_; }
  void replace(const std::string& of) const {
    fs::copy_file(of, path_, fs::copy_options::overwrite_existing);  // in place, the inode stays
    fs::last_write_time(path_, fs::last_write_time(path_) - std::chrono::hours(1));
  }
  void touch() const { fs::last_write_time(path_, fs::file_time_type::clock::now()); }

 private:
  fs::path path_;
};

std::shared_ptr<SharedBinary> open(BinaryCache& cache, const std::string& path,
                                   OffsetsFrom from = OffsetsFrom::kBest) {
  auto opened = cache.open(path, from);
  EXPECT_TRUE(opened) << opened.error().message;
  return opened ? *opened : nullptr;
}

TEST(BinaryCache, OneFileIsHeldOnceByWhateverNameAndNotLongerThanItIsUsed) {
  const Copy copy;
  const fs::path link = copy.path() + "_link";
  fs::create_hard_link(copy.path(), link);
  BinaryCache cache;
  auto one = open(cache, copy.path());
  auto other = open(cache, link);
  fs::remove(link);
  ASSERT_TRUE(one);
  EXPECT_EQ(one, other);
  EXPECT_EQ(&one->frames(), &other->frames());
  EXPECT_EQ(cache.size(), 1u);
  const std::weak_ptr<SharedBinary> seen = one;
  one.reset();
  EXPECT_FALSE(seen.expired());
  other.reset();
  EXPECT_TRUE(seen.expired());
  EXPECT_EQ(cache.size(), 0u);
}

TEST(BinaryCache, AChangedFileIsAnotherBinary) {
  const Copy copy;
  BinaryCache cache;
  const auto before = open(cache, copy.path());
  copy.touch();
  const auto after = open(cache, copy.path());
  ASSERT_TRUE(before && after);
  EXPECT_NE(before, after);
  const Copy& same_size = copy;
  same_size.replace(kNewest);
  EXPECT_NE(open(cache, copy.path()), after);
}

TEST(BinaryCache, OffsetsFromElsewhereAreAnotherBinary) {
  BinaryCache cache;
  const auto best = open(cache, kNewest), dwarf = open(cache, kNewest, OffsetsFrom::kDwarf);
  ASSERT_TRUE(best && dwarf);
  EXPECT_NE(best, dwarf);
  EXPECT_EQ(dwarf->go().offsets_source(), "DWARF");
}

TEST(BinaryCache, WhatCannotBeOpenedIsNotRemembered) {
  BinaryCache cache;
  EXPECT_FALSE(cache.open("/nonexistent"));
  EXPECT_FALSE(cache.open("/proc/self/exe")) << "this test is no Go program";
  EXPECT_EQ(cache.size(), 0u);
}

TEST(BinaryCache, ManyThreadsGetTheSameOne) {
  BinaryCache cache;
  std::vector<std::shared_ptr<SharedBinary>> got(4);
  std::vector<std::thread> threads;
  for (auto& slot : got) threads.emplace_back([&] { slot = open(cache, kNewest); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& binary : got) EXPECT_EQ(binary, got[0]);
  EXPECT_EQ(cache.size(), 1u);
}

// Names that were looked up before stay; of the rest there are none, rather than another build's.
TEST(SharedBinary, OfAFileThatIsCutOffOrOverwrittenThereAreNoMoreNamesAndNoPlan) {
  for (const bool cut_off : {true, false}) {
    const Copy copy;
    BinaryCache cache;
    const auto binary = open(cache, copy.path());
    ASSERT_TRUE(binary);
    const auto main = binary->go().pclntab().function_named("main.main");
    ASSERT_TRUE(main);
    const auto* before = binary->frames().at(main->entry);
    ASSERT_NE(before, nullptr);
    cut_off ? fs::resize_file(copy.path(), 4096) : copy.touch();
    const auto plan = binary->plan(TrapCosts{});
    ASSERT_FALSE(plan);
    EXPECT_NE(plan.error().message.find("the executable was changed while it was read"), std::string::npos)
        << plan.error().message;
    EXPECT_EQ(binary->frames().at(main->entry), before);
    EXPECT_EQ(binary->frames().at(main->entry + 1), nullptr);
    std::size_t named = 0;
    for (std::size_t i = 0; i < binary->go().pclntab().function_count(); ++i) {
      if (const auto f = binary->go().pclntab().function(i))
        named += binary->frames().at(f->entry + 1) ? 1 : 0;
    }
    EXPECT_EQ(named, 0u);
    EXPECT_EQ(cache.open(copy.path()).has_value(), !cut_off) << "the next one reads what is there now";
  }
}

TEST(SharedBinary, APlanIsThatOfItsCosts) {
  BinaryCache cache;
  const auto binary = open(cache, kNewest);
  ASSERT_TRUE(binary);
  TrapCosts costs;
  const auto first = binary->plan(costs), again = binary->plan(costs);
  const auto alone = make_plan(binary->go(), costs);
  ASSERT_TRUE(first && again && alone);
  const auto addresses = [](const Plan& plan) {
    std::vector<std::uint64_t> out;
    for (const Site& site : plan.sites) out.push_back(site.vaddr);
    return out;
  };
  EXPECT_EQ(addresses(*first), addresses(*alone));
  EXPECT_EQ(addresses(*again), addresses(*alone));
  // Where a single step costs no more than an emulation, every function is probed at its entry.
  std::swap(costs.emulated_ns, costs.single_step_ns);
  const auto other = binary->plan(costs);
  ASSERT_TRUE(other);
  EXPECT_EQ(addresses(*other), addresses(*make_plan(binary->go(), costs)));
  EXPECT_NE(addresses(*other), addresses(*first));
}

}  // namespace
}  // namespace gorotrace
