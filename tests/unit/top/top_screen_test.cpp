#include "top/top_screen.h"

#include <gtest/gtest.h>

#include <string>

namespace gorotrace {
namespace {

using enum KeyPress::Kind;

TopUpdate node_update() {
  TopUpdate update;
  TopNode node;
  node.ready = true;
  node.time_ns = 1'000'000'000;
  TopProcess shop, idle, refused;
  shop.id = "42-1", shop.pid = 42, shop.state = "watched", shop.exe = "/usr/bin/shop", shop.goroutines = 700;
  idle.id = "43-1", idle.pid = 43, idle.state = "watched", idle.exe = "/usr/bin/idle", idle.goroutines = 3;
  refused.id = "44-1", refused.pid = 44, refused.state = "refused", refused.exe = "/usr/bin/odd";
  refused.reason = "no Go 1.18 or newer";
  node.processes = {idle, shop, refused};
  update.node = std::move(node);
  return update;
}

TopUpdate stat_update(const std::string& id, std::uint64_t blocked = 5) {
  TopUpdate update;
  update.id = id;
  TopStat stat;
  stat.pid = 42;
  stat.exe = "/usr/bin/shop";
  stat.window_ns = 10'000'000'000;
  stat.live = 700;
  stat.live_at_start = 650;
  stat.live_integral_s = 7000;
  stat.states = {{"running", 10, 1.0}, {"waiting", 6000, 2.0}};
  TopWait receive, select;
  receive.reason = "chan receive", receive.blocked = blocked, receive.in_window_ns = 50'000'000'000;
  receive.stack = {{"runtime.gopark", "proc.go", 1},
                   {"main.worker", "/src/worker.go", 88},
                   {"main.main", "/src/main.go", 3}};
  select.reason = "select", select.blocked = 1, select.in_window_ns = 10'000'000'000;
  select.stack = {{"main.poll", "/src/poll.go", 7}};
  stat.waits = {select, receive};
  TopSite site;
  site.function = "main.worker", site.live = 690;
  site.site = {{"main.start", "/src/start.go", 12}};
  stat.sites = {site};
  update.stat = std::move(stat);
  return update;
}

std::string shown(TopScreen& screen, std::size_t lines = 24, std::size_t columns = 80) {
  std::string out;
  for (const PictureLine& line : screen.draw(lines, columns).lines) out += line_text(line) + "\n";
  return out;
}

bool has(TopScreen& screen, const std::string& text) {
  return shown(screen).find(text) != std::string::npos;
}

TEST(TopScreen, FromTheNodeToAStackAndBack) {
  TopScreen screen({.source = "this node", .only = std::nullopt});
  EXPECT_EQ(screen.wanted(), std::nullopt);
  EXPECT_TRUE(has(screen, "looking ..."));
  screen.take(node_update());
  EXPECT_TRUE(has(screen, "3 Go processes, 1 of them not watched · 703 goroutines"));
  EXPECT_TRUE(has(screen, "no Go 1.18 or newer"));
  screen.press({kEnter});  // most goroutines first
  EXPECT_EQ(screen.wanted(), "42-1");
  EXPECT_TRUE(has(screen, "sampling begins ..."));
  screen.take(stat_update("42-1"));
  EXPECT_TRUE(has(screen, "700 goroutines (+50)"));
  EXPECT_TRUE(has(screen, "main.worker  worker.go:88"));
  screen.press({kEnter});
  EXPECT_TRUE(has(screen, "/src/worker.go:88"));
  EXPECT_TRUE(has(screen, "runtime.gopark"));
  screen.take(stat_update("42-1", 9));  // the page goes on
  EXPECT_TRUE(has(screen, "9 goroutines now"));
  screen.press({kEscape});
  screen.press({kText, "2"});
  EXPECT_TRUE(has(screen, "main.start  start.go:12"));
  screen.press({kEnter});
  EXPECT_TRUE(has(screen, "/src/start.go:12"));
  screen.press({kLeft});
  screen.press({kText, "q"});
  EXPECT_EQ(screen.wanted(), std::nullopt);
  EXPECT_FALSE(screen.over());
  screen.press({kText, "q"});
  EXPECT_TRUE(screen.over());
}

TEST(TopScreen, AReasonLeadsToItsWaits) {
  TopScreen screen({.source = "", .only = ""});
  EXPECT_EQ(screen.wanted(), "");
  screen.take(stat_update(""));
  screen.press({kTab});
  screen.press({kTab});
  EXPECT_TRUE(has(screen, "running"));
  EXPECT_TRUE(has(screen, "chan receive"));
  screen.press({kEnter});
  EXPECT_TRUE(has(screen, "worker.go:88"));
  EXPECT_FALSE(has(screen, "poll.go:7"));
  EXPECT_TRUE(has(screen, "/chan receive  1 of 2 rows"));
}

TEST(TopScreen, TheFilterIsTypedAtTheBottom) {
  TopScreen screen({.source = "this node", .only = std::nullopt});
  screen.take(node_update());
  screen.press({kText, "/"});
  for (const char* c : {"i", "d", "q"}) screen.press({kText, c});
  EXPECT_FALSE(screen.over());
  screen.press({kBackspace});
  EXPECT_EQ(screen.draw(24, 80).cursor, 3u);
  EXPECT_TRUE(has(screen, "\n/id\n"));
  EXPECT_FALSE(has(screen, "shop"));
  screen.press({kEnter});
  EXPECT_TRUE(has(screen, "/id  1 of 3 rows"));
  screen.press({kText, "/"});
  screen.press({kEscape});
  EXPECT_TRUE(has(screen, "shop"));
}

TEST(TopScreen, APauseHoldsWhatComes) {
  TopScreen screen({.source = "", .only = ""});
  screen.take(stat_update("", 5));
  screen.press({kText, " "});
  EXPECT_TRUE(has(screen, "PAUSED"));
  screen.take(stat_update("", 123));
  EXPECT_FALSE(has(screen, "123"));
  screen.press({kText, "p"});
  EXPECT_TRUE(has(screen, "123"));
  EXPECT_FALSE(has(screen, "PAUSED"));
}

TEST(TopScreen, WhatIsOpenedDuringAPauseIsShown) {
  TopScreen screen({.source = "this node", .only = std::nullopt});
  screen.take(node_update());
  screen.press({kText, " "});
  screen.press({kEnter});
  screen.take(stat_update("42-1"));
  EXPECT_TRUE(has(screen, "main.worker"));
}

TEST(TopScreen, ErrorsStandBesideWhatIsKnown) {
  TopScreen screen({.source = "node7:9464", .only = std::nullopt});
  TopUpdate failed;
  failed.node = fail(ErrorKind::kFailed, "node7:9464: connect: Connection refused");
  screen.take(failed);
  EXPECT_TRUE(has(screen, "Connection refused (asked again)"));
  screen.take(node_update());
  EXPECT_FALSE(has(screen, "Connection refused"));
  screen.take(failed);
  EXPECT_TRUE(has(screen, "Connection refused"));
  EXPECT_TRUE(has(screen, "shop"));
}

TEST(TopScreen, AnswersThatCameTooLateAreOfNoInterest) {
  TopScreen screen({.source = "this node", .only = std::nullopt});
  screen.take(node_update());
  screen.take(stat_update("42-1"));
  screen.press({kEnter});
  EXPECT_TRUE(has(screen, "sampling begins ..."));
  screen.take(stat_update("43-1"));
  EXPECT_TRUE(has(screen, "sampling begins ..."));
}

TEST(TopScreen, AStackWhoseWaitIsOverStays) {
  TopScreen screen({.source = "", .only = ""});
  screen.take(stat_update(""));
  screen.press({kEnter});
  TopUpdate none = stat_update("");
  none.stat->waits.clear();
  screen.take(none);
  EXPECT_TRUE(has(screen, "worker.go:88"));
  EXPECT_TRUE(has(screen, "0 goroutines now"));
}

TEST(TopScreen, HelpComesAndGoes) {
  TopScreen screen({.source = "", .only = ""});
  screen.take(stat_update(""));
  screen.press({kText, "h"});
  EXPECT_TRUE(has(screen, "reverse the order"));
  screen.press({kText, "q"});
  EXPECT_TRUE(has(screen, "main.worker"));
  screen.press({kText, "h"});
  screen.press({kText, "h"});
  EXPECT_TRUE(has(screen, "main.worker"));
  EXPECT_FALSE(screen.over());
}

// Whatever the size and the page: as many lines as fit, none wider than the screen, and no fault.
TEST(TopScreen, FitsEverySize) {
  const auto fits = [](TopScreen& screen) {
    for (std::size_t lines = 0; lines < 30; lines += lines < 10 ? 1 : 7) {
      for (std::size_t columns = 0; columns < 130; columns += columns < 24 ? 1 : 13) {
        const Picture picture = screen.draw(lines, columns);
        ASSERT_LE(picture.lines.size(), lines);
        if (columns > 0 && lines > 0) {
          ASSERT_LT(picture.cursor.value_or(0), columns);
        }
        for (const PictureLine& line : picture.lines) ASSERT_LE(line_width(line), columns);
      }
    }
  };
  TopScreen screen({.source = "this node", .only = std::nullopt});
  fits(screen);
  screen.take(node_update());
  fits(screen);
  screen.press({kText, "/"});
  fits(screen);
  screen.press({kEnter});
  screen.press({kEnter});
  screen.take(stat_update("42-1"));
  for (const char* tab : {"1", "2", "3"}) {
    screen.press({kText, tab});
    fits(screen);
  }
  screen.press({kText, "1"});
  screen.press({kEnter});
  fits(screen);
  screen.press({kText, "h"});
  fits(screen);
}

}  // namespace
}  // namespace gorotrace
