#include "http/page_answer.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

std::string header_of(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "";
}

TEST(PageAnswer, EachFileSaysWhatItIsAndWhatItMayDo) {
  constexpr std::pair<const char*, const char*> kFiles[] = {
      {"", "text/html"},        {"page.js", "text/javascript"}, {"charts.js", "text/javascript"},
      {"page.css", "text/css"}, {"icon.svg", "image/svg+xml"},  {"licence.txt", "text/plain"}};
  for (const auto& [name, type] : kFiles) {
    const Response answer = page_answer(name);
    EXPECT_EQ(answer.status, 200u) << name;
    EXPECT_TRUE(header_of(answer, "Content-Type").starts_with(type)) << name;
    EXPECT_EQ(header_of(answer, "X-Content-Type-Options"), "nosniff") << name;
    const std::string policy = header_of(answer, "Content-Security-Policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'")) << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
    EXPECT_EQ(header_of(answer, "Cache-Control"), "no-store") << name;
  }
}

TEST(PageAnswer, OtherFilesAreNotThere) {
  for (const char* name : {"x", "page.js/", "/page.js", "../page.js", "page.JS", "main.js"})
    EXPECT_EQ(page_answer(name).status, 404u) << name;
}

}  // namespace
}  // namespace gorotrace
