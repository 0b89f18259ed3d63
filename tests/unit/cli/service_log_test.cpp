// Lines of a service's log.
#include "cli/service_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace gorotrace {
namespace {

TEST(ServiceLog, KeyValues) {
  EXPECT_EQ(log_body(LogFormat::kKeyValues, "listening", {{"address", "127.0.0.1:1"}, {"config", ""}}),
            "msg=listening address=127.0.0.1:1 config=\"\"");
  EXPECT_EQ(log_body(LogFormat::kKeyValues, "a \"b\"", {{"path", "x=1\n"}}),
            "msg=\"a \\\"b\\\"\" path=\"x=1\xEF\xBF\xBD\"");
}

TEST(ServiceLog, JsonHasTheSameFields) {
  const std::string line =
      "{" + log_body(LogFormat::kJsonLines, "a \"b\"\n", {{"path", "\x1b[1m"}, {"bad", "\xff"}}) + "}";
  const auto parsed = nlohmann::json::parse(line);
  EXPECT_EQ(parsed.size(), 3u);
  EXPECT_EQ(parsed["msg"].get<std::string>().substr(0, 5), "a \"b\"");
  EXPECT_EQ(parsed["path"].get<std::string>().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace gorotrace
