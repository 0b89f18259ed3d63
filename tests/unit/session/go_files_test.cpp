// Which of a process's Go runtimes a name means.
#include "session/go_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace gorotrace {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string> kProgram{"/opt/shop", "/opt/lib/libshop.so"};
const std::vector<std::string> kPython{"/opt/lib/libshop.so", "/opt/lib/libshop-two.so", "/srv/lib/libpay.so",
                                       "/old/lib/libpay.so"};

std::string refusal(std::string_view wanted) {
  const auto chosen = choose_go_file(kPython, false, wanted, 7);
  if (chosen) return "none";
  EXPECT_EQ(chosen.error().kind, ErrorKind::kUsage);
  return chosen.error().message;
}

TEST(ChooseGoFile, TheExecutableComesFirstAndTheOthersAreTold) {
  const auto chosen = choose_go_file(kProgram, true, "", 7);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->index, 0u);
  EXPECT_THAT(chosen->others, ElementsAre("/opt/lib/libshop.so"));
}

TEST(ChooseGoFile, TheOnlyLibraryNeedsNoName) {
  const auto chosen = choose_go_file({"/opt/lib/libshop.so"}, false, "", 7);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->index, 0u);
  EXPECT_THAT(chosen->others, ElementsAre());
}

TEST(ChooseGoFile, OfSeveralLibrariesNoneIsTheOne) {
  EXPECT_THAT(refusal(""),
              AllOf(HasSubstr("4 Go runtimes"), HasSubstr("-p 7:libshop.so  /opt/lib/libshop.so"),
                    HasSubstr("-p 7:/old/lib/libpay.so "), Not(HasSubstr("-p 7:libpay.so"))));
}

TEST(ChooseGoFile, AWholeNameComesBeforeAPart) {
  EXPECT_EQ(choose_go_file(kProgram, true, "shop", 7)->index, 0u);
  EXPECT_EQ(choose_go_file(kProgram, true, "lib", 7)->index, 1u) << "of the name, not of the path";
  EXPECT_EQ(choose_go_file(kPython, false, "libshop.so", 7)->index, 0u);
  EXPECT_EQ(choose_go_file(kPython, false, "two", 7)->index, 1u);
  EXPECT_EQ(choose_go_file(kPython, false, "srv/lib", 7)->index, 2u);
  EXPECT_EQ(choose_go_file(kPython, false, "/old/lib/libpay.so", 7)->index, 3u);
}

TEST(ChooseGoFile, WhatNamesNoneOrSeveralIsRefusedWithTheChoice) {
  EXPECT_THAT(refusal("shop"),
              AllOf(HasSubstr("names 2 files"), HasSubstr("libshop-two.so"), Not(HasSubstr("pay"))));
  EXPECT_THAT(refusal("libpay.so"), HasSubstr("names 2 files"));
  EXPECT_THAT(refusal("\x1b[31m"), AllOf(HasSubstr("no Go runtime in a file named"),
                                         HasSubstr("libshop-two.so"), Not(HasSubstr("\x1b"))));
}

TEST(GoFiles, AProcessWithoutGoHasNone) {
  const auto self = Process::open(::getpid());
  ASSERT_TRUE(self);
  GoFiles files;
  EXPECT_TRUE(files.of(**self).empty());
  EXPECT_TRUE(files.unopened().empty()) << files.unopened().front().message;
}

}  // namespace
}  // namespace gorotrace
