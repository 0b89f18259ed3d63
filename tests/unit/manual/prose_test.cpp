#include "manual/prose.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

constexpr char kEmbedded[] =
    ".\\\" prog\nIt is.\n.SH FILES\nNone.\n.SH ENVIRONMENT\n.\\\" prog-run\n.SH PATHS\n/\n.\\\" "
    "prog-stat\nOnly this.\n";

TEST(Prose, APageHasItsOwnPartAlone) {
  EXPECT_EQ(prose_in(kEmbedded, "prog").description, "It is.\n");
  EXPECT_EQ(prose_in(kEmbedded, "prog").sections, ".SH FILES\nNone.\n.SH ENVIRONMENT\n");
  EXPECT_EQ(prose_in(kEmbedded, "prog-run").description, "");
  EXPECT_EQ(prose_in(kEmbedded, "prog-run").sections, ".SH PATHS\n/\n");
  EXPECT_EQ(prose_in(kEmbedded, "prog-stat").description, "Only this.\n");
  EXPECT_EQ(prose_in(kEmbedded, "prog-stat").sections, "");
  EXPECT_EQ(prose_in(kEmbedded, "prog-ps").description, "");
  EXPECT_EQ(prose_in("", "prog").sections, "");
}

TEST(Prose, TheProgramHasSomeToSay) {
  EXPECT_TRUE(prose_of("gorotrace").sections.starts_with(".SH ENVIRONMENT\n"));
  EXPECT_TRUE(prose_of("gorotrace").sections.ends_with("runtime/metrics\n"));
  EXPECT_NE(prose_of("gorotrace-monitor").sections.find("/metrics"), std::string_view::npos);
}

}  // namespace
}  // namespace gorotrace
