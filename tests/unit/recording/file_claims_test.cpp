// Files that are small and say of much.
#include "recording/file_claims.h"

#include <gmock/gmock.h>

#include "capture_file.h"
#include "coding.h"
#include "recording/replay.h"

namespace gorotrace {
namespace {

using namespace testing;
using ::testing::HasSubstr;

constexpr TargetId kClaimed = target_id(1, 1);

FileItem begun(TargetId target) {
  return Item{target, 0,
              TargetBegun{.host_pid = 42, .start_time_ticks = 1, .exe = "/bin/it", .wait_reasons = {}}};
}
FileItem records(std::size_t count) {
  return Item{kClaimed, 1000, Records{std::vector<gt_record>(count)}};
}
FileItem look(std::size_t goroutines) {
  Snapshot all;
  all.goroutines.resize(goroutines);
  for (std::size_t i = 0; i < goroutines; ++i) all.goroutines[i].goid = i + 1;
  return Item{kClaimed, 1000, std::move(all)};
}

std::string file_of(const std::vector<FileItem>& items) {
  const MemoryFile file;
  auto writer = ChunkFileWriter::make(file.again());
  EXPECT_TRUE(writer);
  EXPECT_TRUE((*writer)->begin_segment());
  for (const FileItem& item : items) {
    for (const std::string& message : messages_of(item)) EXPECT_TRUE((*writer)->add(message));
  }
  EXPECT_TRUE((*writer)->finish());
  return file.bytes();
}
std::string refusal(const std::string& bytes) {
  const MemoryFile file(bytes);
  const auto read = read_items(file.path(), {.item = [](const FileItem&) { return Status(); }});
  return read ? "" : read.error().message;
}

TEST(FileClaims, WhatAFileOfItsSizeCanHoldIsTaken) {
  std::vector<FileItem> items{begun(kClaimed), look(200'000)};
  for (int i = 0; i < 20; ++i) items.push_back(records(4096));
  EXPECT_EQ(refusal(file_of(items)), "");
}

// All alike, so that a million take hardly a byte each thousand.
TEST(FileClaims, MoreGoroutinesThanItsBytesAreRefused) {
  const std::string bytes = file_of({begun(kClaimed), look(3'000'000)});
  EXPECT_LT(bytes.size(), 100'000u);
  EXPECT_THAT(refusal(bytes), HasSubstr("more rows than the file has bytes for"));
}

TEST(FileClaims, MoreEventsThanItsBytesAreRefused) {
  std::vector<FileItem> items{begun(kClaimed)};
  for (int i = 0; i < 200; ++i) items.push_back(records(4096));
  const std::string bytes = file_of(items);
  EXPECT_LT(bytes.size(), 40'000u);
  EXPECT_THAT(refusal(bytes), HasSubstr("more events than its bytes can tell of"));
}

TEST(FileClaims, MoreTargetsThanASessionHasAreRefused) {
  std::vector<FileItem> items;
  for (unsigned i = 0; i <= FileClaims::kTargets; ++i)
    items.push_back(begun(target_id(static_cast<gt_u16>(i), 1)));
  EXPECT_THAT(refusal(file_of(items)), HasSubstr("more targets"));
}

TEST(FileClaims, AStackThatIsToldAgainIsNoOther) {
  FileClaims claims;
  const auto deep = std::make_shared<StackPcs>();
  deep->pcs.resize(1u << 20);
  const auto defined = [&](std::uint64_t id) {
    return Item{kClaimed, 0, StackDefined{.id = id, .stack = deep}};
  };
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(claims.take(defined(7)));
  for (std::uint64_t id = 8; id < 23; ++id) EXPECT_TRUE(claims.take(defined(id)));
  EXPECT_FALSE(claims.take(defined(23)));
  claims.read(1u << 20);
  EXPECT_TRUE(claims.take(defined(24)));
}

}  // namespace
}  // namespace gorotrace
