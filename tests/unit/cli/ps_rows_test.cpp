#include "cli/ps_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "report/columns.h"

namespace gorotrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

GoRow row(pid_t pid, std::string user, std::string version, std::optional<std::int64_t> goroutines,
          std::string command, std::string unsupported = "") {
  GoRow r;
  r.process.pid = pid;
  r.process.user = std::move(user);
  r.process.comm = std::move(command);
  r.version = std::move(version);
  r.module = "example.com/" + r.process.comm;
  r.link = "static";
  r.goroutines = goroutines;
  r.unsupported = std::move(unsupported);
  return r;
}

std::vector<GoRow> three() {
  return {row(10, "root", "go1.9.7", std::nullopt, "old", "Go 1.9 is not supported"),
          row(200, "a-user-of-a-long-name", "go1.21.3", 7, "shop"), row(3, "www", "go1.26.1", 1000, "api")};
}

std::vector<pid_t> chosen(std::initializer_list<const char*> conditions, const char* name = nullptr) {
  PsFilter filter;
  for (const char* condition : conditions) EXPECT_TRUE(filter.add(condition)) << condition;
  if (name != nullptr) filter.add_name(name);
  std::vector<pid_t> out;
  for (const GoRow& r : three()) {
    if (filter.matches(r)) out.push_back(r.process.pid);
  }
  return out;
}

TEST(PsFilter, PartsOfColumns) {
  EXPECT_THAT(chosen({}), ElementsAre(10, 200, 3));
  EXPECT_THAT(chosen({"go=1.2"}), ElementsAre(200, 3));
  EXPECT_THAT(chosen({"go=1.21", "go=1.9"}), ElementsAre(10, 200));
  EXPECT_THAT(chosen({"go=1.2", "user=www"}), ElementsAre(3));
  EXPECT_THAT(chosen({"supported=no"}), ElementsAre(10));
  EXPECT_THAT(chosen({"supported=yes"}), ElementsAre(200, 3));
  EXPECT_THAT(chosen({}, "hop"), ElementsAre(200));
  EXPECT_THAT(chosen({"user=www"}, "hop"), ElementsAre());
}

TEST(PsFilter, ARefusalListsWhatThereIs) {
  PsFilter filter;
  for (const char* wrong : {"", "go", "go=", "version=1", "supported=maybe"}) {
    const auto added = filter.add(wrong);
    ASSERT_FALSE(added) << wrong;
    EXPECT_EQ(added.error().kind, ErrorKind::kUsage);
    EXPECT_THAT(added.error().message,
                HasSubstr("pid, user, container, go, link, goroutines, command, module"));
  }
}

std::vector<pid_t> sorted(const char* by) {
  std::vector<GoRow> rows = three();
  sort_rows(rows, parse_ps_order(by).value());
  std::vector<pid_t> out;
  for (const GoRow& r : rows) out.push_back(r.process.pid);
  return out;
}

TEST(PsOrder, NumbersAndVersionsAsNumbers) {
  EXPECT_THAT(sorted("pid"), ElementsAre(3, 10, 200));
  EXPECT_THAT(sorted("-goroutines"), ElementsAre(3, 200, 10));
  EXPECT_THAT(sorted("go"), ElementsAre(10, 200, 3));
  EXPECT_THAT(sorted("-go"), ElementsAre(3, 200, 10));
  EXPECT_THAT(sorted("command"), ElementsAre(3, 10, 200));
  for (const char* wrong : {"", "-", "goroutine", "--pid"}) EXPECT_FALSE(parse_ps_order(wrong)) << wrong;
}

TEST(PsText, ColumnsNeverRunTogetherAndFitTheScreen) {
  const std::string pipe = ps_text(three(), {});
  EXPECT_THAT(pipe, HasSubstr("    200 a-user-of-a-long-name -         go1.21.3 static          7 shop"));
  EXPECT_THAT(pipe, HasSubstr(" not supported: Go 1.9 is not supported\n"));
  Screen narrow;
  narrow.terminal = true;
  narrow.width = 60;
  std::istringstream lines(ps_text(three(), narrow));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 60u) << line;
}

TEST(PsRows, ALibrarysRuntimeIsNamedAsPTakesIt) {
  GoRow library = row(10, "root", "go1.26.1", 5, "python3");
  library.library = "/opt/lib/libshop.so";
  EXPECT_THAT(ps_text({library}, {}), HasSubstr(" python3:libshop.so "));
  for (const auto& [name, shown] : {std::pair("libsh", true), {"python3:lib", true}, {"/opt", false}}) {
    PsFilter filter;
    filter.add_name(name);
    EXPECT_EQ(filter.matches(library), shown) << name;
  }
}

TEST(PsRows, WhoCouldNotBeLookedAtIsNamedWhenTheyAreFew) {
  EXPECT_EQ(forbidden_text({7}, true),
            "process 7 may not be read and is not listed: of a user namespace above this one, or protected "
            "by a security "
            "module");
  EXPECT_EQ(forbidden_text({7, 9}, true),
            "processes 7, 9 may not be read and are not listed: of a user namespace above this one, or "
            "protected by a "
            "security module");
  EXPECT_EQ(forbidden_text({1, 2, 3, 4, 5, 6}, false),
            "6 processes may not be read and are not listed: run as root, or add CAP_SYS_PTRACE and "
            "CAP_DAC_READ_SEARCH");
}

}  // namespace
}  // namespace gorotrace
