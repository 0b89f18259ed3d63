#include "cli/file_damage_text.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

TEST(FileDamageText, OfAWholeFileIsEmpty) {
  FileDamage whole;
  whole.whole_to = 4711;
  EXPECT_EQ(file_damage_text(whole, 1), "");
}

TEST(FileDamageText, SaysWhereACutFileEndsAndHowMuchWasNotRead) {
  FileDamage cut;
  cut.cut = true;
  cut.whole_to = 81234;
  const std::string why = ": its writer was killed or is still at it, or a part of it is missing";
  EXPECT_EQ(file_damage_text(cut), "the file was cut off behind byte 81234" + why);
  cut.chunks = cut.cut_chunks = 1;
  cut.bytes = cut.cut_bytes = 917;
  EXPECT_EQ(file_damage_text(cut, 4'020'000'000),
            "the file was cut off behind byte 81234, 4.02s into the recording" + why +
                "; the 917 bytes behind it are of no whole chunk and were not read");
}

TEST(FileDamageText, SaysHowManyChunksAndBytesAreMissingBetweenOthers) {
  FileDamage damage;
  damage.chunks = 3;
  damage.bytes = 2048;
  EXPECT_EQ(file_damage_text(damage), "3 chunks could not be read (2.0 KiB)");
  damage.bytes = 0;
  EXPECT_EQ(file_damage_text(damage), "3 chunks could not be read, none of their bytes is in the file");
  damage.cut = true;
  damage.chunks = 4;
  damage.cut_chunks = 1;
  damage.bytes = 2048 + 917;
  damage.cut_bytes = 917;
  EXPECT_TRUE(file_damage_text(damage).ends_with("not read; 3 chunks could not be read (2.0 KiB)"));
}

}  // namespace
}  // namespace gorotrace
