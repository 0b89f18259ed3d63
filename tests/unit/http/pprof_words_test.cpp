#include "http/pprof_words.h"

#include <gtest/gtest.h>

#include <limits>

namespace gorotrace {
namespace {

Result<ProfileWanted> wanted(const std::string& query) {
  return profile_wanted(parse_request_target("/p?" + query).value(), 20);
}

TEST(ProfileWanted, AsNetHttpPprofReadsIt) {
  EXPECT_EQ(wanted("")->debug, 0);
  EXPECT_EQ(wanted("debug=2")->debug, 2);
  EXPECT_EQ(wanted("debug=x")->debug, 0);
  EXPECT_EQ(wanted("debug=-1")->debug, -1);
  EXPECT_EQ(wanted("seconds=")->seconds, std::nullopt);
  EXPECT_EQ(wanted("seconds=5")->seconds, 5);
  EXPECT_EQ(wanted("seconds=%2b5")->seconds, 5);
  for (const char* query : {"seconds=0", "seconds=-1", "seconds=1.5", "seconds=x", "seconds=x&debug=1",
                            "seconds=99999999999999999999"})
    EXPECT_EQ(wanted(query).error().message, "invalid value for \"seconds\" - must be a positive integer")
        << query;
  EXPECT_EQ(wanted("seconds=5&debug=1").error().message, "seconds and debug params are incompatible");
  EXPECT_EQ(wanted("seconds=21").error().message, "profile duration exceeds server's WriteTimeout");
}

TEST(SymbolsWanted, NumbersAsStrconvParseUintHasThem) {
  using Counters = std::vector<std::uint64_t>;
  EXPECT_EQ(symbols_wanted("0x10+16+0b11+0o17+017+1_0"), (Counters{16, 16, 3, 15, 15, 10}));
  EXPECT_EQ(symbols_wanted("0x_f+0X1F"), (Counters{15, 31}));
  EXPECT_EQ(symbols_wanted("+0++x+0x+-1+1__0+_1+1_+08+0xg+ 1"), Counters{});
  EXPECT_EQ(symbols_wanted("0xffffffffffffffff+0x10000000000000000+99999999999999999999"),
            Counters(3, std::numeric_limits<std::uint64_t>::max()));
  EXPECT_LE(symbols_wanted(std::string(100'000, '+') + "1").size(), 1u);
}

TEST(PprofIndex, NothingInItIsMarkup) {
  const std::string page = pprof_index({{"a'><b", "<i>\"&", 7}}, "<note>");
  EXPECT_NE(page.find("<tr><td>7</td><td><a href='a&#39;&gt;&lt;b?debug=1'>a&#39;&gt;&lt;b</a></td></tr>\n"),
            std::string::npos);
  EXPECT_NE(page.find("</div> &lt;i&gt;&quot;&amp;</li>"), std::string::npos);
  EXPECT_NE(page.find("<p>&lt;note&gt;</p>"), std::string::npos);
}

TEST(PprofError, IsOneThatGoToolPprofShows) {
  const Response response = pprof_error(501, "why");
  EXPECT_EQ(response.body, "why\n");
  using Headers = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(response.headers, (Headers{{"Content-Type", "text/plain; charset=utf-8"},
                                       {"X-Content-Type-Options", "nosniff"},
                                       {"X-Go-Pprof", "1"}}));
}

}  // namespace
}  // namespace gorotrace
