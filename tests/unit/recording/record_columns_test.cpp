#include "recording/record_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <random>

namespace gorotrace {
namespace {

using ::testing::HasSubstr;

constexpr gt_u16 kColumnsTarget = 9;
constexpr gt_u8 kGeneration = 3;

// As they come back: of the message's target, without a sequence number.
std::vector<gt_record> as_read(std::vector<gt_record> records) {
  for (gt_record& r : records) {
    r.target = kColumnsTarget;
    r.generation = kGeneration;
    r.seq = 0;
  }
  return records;
}

bool same(const std::vector<gt_record>& a, const std::vector<gt_record>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(gt_record)) == 0);
}

std::string columns_of(const std::vector<gt_record>& records) {
  std::string out;
  append_columns(records, out);
  return out;
}

void expect_back(const std::vector<gt_record>& records) {
  const auto read = read_columns(columns_of(records), kColumnsTarget, kGeneration);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(same(*read, as_read(records)));
}

gt_record random_record(std::mt19937_64& random) {
  gt_record r;
  auto* const bytes = reinterpret_cast<unsigned char*>(&r);
  for (std::size_t i = 0; i < sizeof r; ++i) bytes[i] = static_cast<unsigned char>(random());
  return r;
}

// Few values of each field, so that each is met again in every way.
std::vector<gt_record> repetitive(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<gt_record> out(count);
  gt_u64 time = 1'000'000'000;
  for (gt_record& r : out) {
    r.time_ns = time += random() % 1000;
    r.goid = 1 + random() % 20;
    r.other = random() % 20;
    r.object = 0xc000000000 + random() % 5 * 96;
    r.stack = random() % 3 == 0 ? 0 : 0x123456789abcdef0 + random() % 7;
    r.extra = random() % 4;
    r.tid = static_cast<gt_u32>(4711 + random() % 6);
    r.cpu = static_cast<gt_u16>(random() % 3);
    r.hook = static_cast<gt_u8>(random() % GT_HOOK_COUNT);
    r.detail = static_cast<gt_u8>(random() % 3);
    r.flags = static_cast<gt_u8>(random() % 2);
  }
  return out;
}

TEST(RecordColumns, NoneAreNone) {
  expect_back({});
}

TEST(RecordColumns, ComeBackOfEverySize) {
  for (std::size_t count = 1; count < 40; ++count)
    expect_back(repetitive(count, static_cast<unsigned>(count)));
  for (unsigned seed = 0; seed < 20; ++seed) expect_back(repetitive(kMaxBlockRecords, seed));
}

TEST(RecordColumns, RandomOnesComeBack) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20; ++round) {
    std::vector<gt_record> records(round == 0 ? kMaxBlockRecords : random() % 500);
    for (gt_record& r : records) r = random_record(random);
    expect_back(records);
  }
}

// Each field at its ends by turns, all others as they are: alone, and beside every other record.
TEST(RecordColumns, TheEndsOfEveryFieldComeBack) {
  std::vector<gt_record> records;
  const auto with = [&](auto member) {
    using Field = std::remove_reference_t<decltype(gt_record{}.*member)>;
    for (const auto value : {std::numeric_limits<Field>::max(), Field{0}, Field{1},
                             static_cast<Field>(std::numeric_limits<Field>::max() / 2),
                             static_cast<Field>(std::numeric_limits<Field>::max() / 2 + 1)}) {
      records.push_back({});
      records.back().*member = value;
      expect_back({records.back()});
    }
  };
  for (const auto member : {&gt_record::time_ns, &gt_record::goid, &gt_record::other, &gt_record::object,
                            &gt_record::stack, &gt_record::extra})
    with(member);
  for (const auto member : {&gt_record::tid, &gt_record::seq}) with(member);
  for (const auto member : {&gt_record::cpu, &gt_record::target}) with(member);
  for (const auto member : {&gt_record::generation, &gt_record::hook, &gt_record::detail, &gt_record::flags})
    with(member);
  std::mt19937_64 random(1);
  for (int round = 0; round < 50; ++round) {
    std::ranges::shuffle(records, random);
    expect_back(records);
  }
}

TEST(RecordColumns, StragglersComeBack) {
  std::vector<gt_record> records = repetitive(100, 1);
  records[40].time_ns = 5;
  records[70].time_ns = std::numeric_limits<gt_u64>::max();
  expect_back(records);
}

// CPUs whose numbers are the same modulo 256, which share a place in what is remembered.
TEST(RecordColumns, ManyCpusComeBack) {
  std::vector<gt_record> records = repetitive(kMaxBlockRecords, 1);
  for (std::size_t i = 0; i < records.size(); ++i) records[i].cpu = static_cast<gt_u16>(i * 31 % 1024);
  expect_back(records);
}

TEST(RecordColumns, AreAppendedBehindWhatIsThere) {
  std::string out = "front";
  append_columns(repetitive(10, 1), out);
  EXPECT_EQ(out.substr(0, 5), "front");
  EXPECT_TRUE(read_columns(std::string_view(out).substr(5), kColumnsTarget, kGeneration));
}

TEST(RecordColumns, WhatRepeatsTakesLittle) {
  std::vector<gt_record> records = repetitive(1, 1);
  while (records.size() < kMaxBlockRecords) {
    records.push_back(records.back());
    records.back().time_ns += 700;
  }
  // Of each a byte for CPU, kind, goroutine and changes, two for the time.
  EXPECT_LT(columns_of(records).size(), 6 * kMaxBlockRecords + 100);
}

TEST(RecordColumns, CutAnywhereIsDamage) {
  const std::string bytes = columns_of(repetitive(50, 1));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto read = read_columns(std::string_view(bytes).substr(0, size), kColumnsTarget, kGeneration);
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().kind, ErrorKind::kFailed);
    EXPECT_THAT(read.error().message, HasSubstr("damaged"));
  }
}

TEST(RecordColumns, BytesBehindAreDamage) {
  for (const std::size_t count : {0u, 1u, 50u}) {
    for (const char more : {'\0', '\1', '\x80'})
      EXPECT_FALSE(read_columns(columns_of(repetitive(count, 1)) + more, kColumnsTarget, kGeneration));
  }
}

// A checksum stands before this: here a change need not be found, but whatever is read can be written again.
TEST(RecordColumns, ChangedBytesAreDamageOrOtherRecords) {
  const std::string bytes = columns_of(repetitive(50, 1));
  int damaged = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int value : {0, 1, 2, 3, 9, 0x20, 0x7f, 0x80, 0xff, bytes[at] ^ 1}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(value);
      const auto read = read_columns(changed, kColumnsTarget, kGeneration);
      if (!read) {
        ++damaged;
      } else {
        expect_back(*read);
      }
    }
  }
  EXPECT_GT(damaged, 1'000);
}

TEST(RecordColumns, MoreRecordsThanABlockHasAreDamage) {
  // 4097 records in which nothing ever changes: sound but for their number.
  std::string bytes = "\x81\x20";
  for (int column = 0; column < 10; ++column) {
    bytes += column < 5 ? std::string("\x81\x20") + std::string(4097, column == 1 ? '\1' : '\0')
                        : std::string(1, '\0');
  }
  EXPECT_FALSE(read_columns(bytes, kColumnsTarget, kGeneration));
  std::vector<gt_record> records(kMaxBlockRecords);
  expect_back(records);
  // And a number that its bytes cannot hold.
  EXPECT_FALSE(read_columns(std::string("\xff\x1f") + std::string(10, '\0'), kColumnsTarget, kGeneration));
  EXPECT_FALSE(read_columns(std::string(9, '\xff') + "\1", kColumnsTarget, kGeneration));
}

TEST(RecordColumns, APlaceThatNobodyHasIsDamage) {
  // One record; each column that can name a place names the first, before there is any.
  const auto block = [](std::string_view kind, std::string_view goid, char changes, std::string_view values) {
    std::string out = "\1\1";
    out += '\0';
    for (const std::string_view column : {kind, std::string_view("\0", 1), goid}) {
      out += static_cast<char>(column.size());
      out += column;
    }
    out += '\1';
    out += changes;
    for (int bit = 0; bit < 5; ++bit) {
      const bool has = (changes >> bit & 1) != 0;
      out += static_cast<char>(has ? values.size() : 0);
      if (has) out += values;
    }
    return out;
  };
  const auto reads = [&](const std::string& bytes) { return read_columns(bytes, 0, 0).has_value(); };
  EXPECT_TRUE(reads(block("\1", "\1", 0, "")));
  EXPECT_FALSE(reads(block("\2", "\1", 0, "")));
  EXPECT_FALSE(reads(block("\1", "\3", 0, "")));
  EXPECT_FALSE(reads(block("\1", "\1", 32, "")));
  for (int bit = 0; bit < 5; ++bit)
    EXPECT_FALSE(reads(block("\1", "\1", static_cast<char>(1 << bit), "\1"))) << bit;
  // A thread of more than 32 bits.
  EXPECT_TRUE(reads(block("\1", "\1", 16, std::string("\0\xfe\xff\xff\xff\x1f", 6))));
  EXPECT_FALSE(reads(block("\1", "\1", 16, std::string("\0\x80\x80\x80\x80\x20", 6))));
}

}  // namespace
}  // namespace gorotrace
