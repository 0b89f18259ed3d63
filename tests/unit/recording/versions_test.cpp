// A file of each version of the format is kept in versions/, and every later version reads it. When the
// version changes GOROTRACE_UPDATE_GOLDEN=1 writes its file; those that are there are never written again.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "capture_file.h"
#include "recording/record_columns.h"

namespace gorotrace {
namespace {

using namespace testing;
using ::testing::ElementsAre;

// What was written into all of them.
std::vector<gt_record> records() {
  const auto of = [](gt_hook hook, gt_u64 time_ns, gt_u64 goid) {
    gt_record r{};
    r.hook = static_cast<gt_u8>(hook);
    r.time_ns = time_ns;
    r.goid = goid;
    r.tid = 4711;
    r.cpu = 3;
    return r;
  };
  gt_record ready = of(GT_HOOK_READY, 1'000'000'000'000, 12'000'018),
            park = of(GT_HOOK_PARK, 1'000'000'001'700, 15);
  ready.other = 15;
  ready.stack = 0x123456789abcdef0;
  park.object = 0xc000010060;
  park.stack = 0xfedcba9876543210;
  park.extra = 0xc000020000;
  park.detail = 14;
  gt_record run = of(GT_HOOK_EXECUTE, 1'000'000'000'900, 12'000'018);  // a straggler
  run.tid = 4713;
  run.cpu = 1;
  return {ready, park, run, ready, park};
}

std::string columns() {
  std::string out;
  append_columns(records(), out);
  return out;
}

const std::filesystem::path kVersions = VERSIONS_DIR;

TEST(Versions, ThisOneHasAFile) {
  const auto path = kVersions / fmt::format("{}.{}.gtr", kFileVersion, kFileMinorVersion);
  if (std::getenv("GOROTRACE_UPDATE_GOLDEN") != nullptr && !std::filesystem::exists(path))
    std::ofstream(path) << make_file({{{"text", columns()}, {""}}, {{columns()}}}).bytes;
  EXPECT_TRUE(std::filesystem::exists(path)) << path;
}

TEST(Versions, EachIsRead) {
  for (const auto& entry : std::filesystem::directory_iterator(kVersions)) {
    const auto read = read_path(entry.path());
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->told.size(), 6u) << entry.path();
    EXPECT_FALSE(read->damage.any()) << entry.path();
    EXPECT_THAT(read->told, ElementsAre("<", "text", read->told[2], "", "<", read->told[5]));
    for (const std::string& block : {read->told[2], read->told[5]}) {
      const auto back = read_columns(block, 0, 0);
      ASSERT_TRUE(back) << back.error().message;
      ASSERT_EQ(back->size(), records().size());
      EXPECT_EQ(std::memcmp(back->data(), records().data(), back->size() * sizeof(gt_record)), 0)
          << entry.path();
    }
  }
}

}  // namespace
}  // namespace gorotrace
