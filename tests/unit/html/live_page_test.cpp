#include "html/live_page.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace gorotrace {
namespace {

std::string file(std::string_view name) {
  const auto found = live_page_file(name);
  EXPECT_TRUE(found) << name;
  return found ? found->body : "";
}

std::set<std::string> matches(const std::string& text, const char* pattern) {
  const std::regex expression(pattern);
  std::set<std::string> out;
  for (auto at = std::sregex_iterator(text.begin(), text.end(), expression); at != std::sregex_iterator();
       ++at)
    out.insert((*at)[1]);
  return out;
}

TEST(LivePage, EveryFileThatItNamesIsThere) {
  const auto named = matches(file(""), "(?:href|src)=\"/([^\"]*)\"");
  EXPECT_GE(named.size(), 5u);
  for (const std::string& path : named) {
    ASSERT_TRUE(path.starts_with("page/")) << path;
    EXPECT_FALSE(file(path.substr(5)).empty()) << path;
  }
  EXPECT_FALSE(live_page_file("nothing"));
  EXPECT_FALSE(live_page_file("../page.js"));
}

// The policy would not run them.
TEST(LivePage, ItHasNoScriptOrStyleInIt) {
  const std::string page = file("");
  EXPECT_TRUE(matches(page, "(<script(?![^>]* src=)[^>]*>)").empty());
  EXPECT_TRUE(matches(page, "(<style|\\sstyle=|\\son\\w+=|javascript:)").empty());
}

TEST(LivePage, NothingBecomesMarkup) {
  EXPECT_EQ(matches(file("page.js"),
                    "(innerHTML|outerHTML|insertAdjacentHTML|document\\.write|"
                    "DOMParser|createContextualFragment|eval\\(|Function\\()"),
            std::set<std::string>());
}

TEST(LivePage, ItLoadsNothingFromElsewhere) {
  for (const char* name : {"", "page.js", "page.css", "charts.js"})
    EXPECT_EQ(matches(file(name), "(?:src|href|url|import|sourceMappingURL)[=(\" ]+['\"]?(https?:[^'\") ]*)"),
              std::set<std::string>())
        << name;
  EXPECT_EQ(file("charts.js").find("sourceMappingURL"), std::string::npos);
}

TEST(LivePage, ItKnowsThePackagesOfTheStandardLibrary) {
  const std::string script = file("page.js");
  const std::size_t at = script.find("const STANDARD = [");
  ASSERT_NE(at, std::string::npos);
  const std::string line = script.substr(at, script.find('\n', at) - at);
  for (const char* name : {"\"archive\"", "\"runtime\"", "\"_cgo\""})
    EXPECT_NE(line.find(name), std::string::npos) << line;
}

}  // namespace
}  // namespace gorotrace
