#include "html/html_page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "fixture.h"
#include "report/stat_json.h"

namespace gorotrace::report_test {
namespace {

using nlohmann::json;

std::string page_of(const HtmlCapture& capture) {
  std::string page;
  write_html_page([&page](std::string_view text) { page += text; }, capture);
  return page;
}

HtmlCapture capture_of(std::vector<HtmlTarget> targets) {
  HtmlCapture capture;
  capture.file = "incident.gtr";
  capture.version = "gorotrace 1";
  capture.realtime_at_0_ns = 1'700'000'000'000'000'000;
  capture.records = 5000;
  capture.targets = std::move(targets);
  return capture;
}

const std::vector<Sample> kNoSeries;
HtmlTarget target_of(Session& x) {
  return {x.facts, x.tables, x.symbols, kNoSeries, {}};
}
std::string page_of(Session& x) {
  return page_of(capture_of({target_of(x)}));
}

// What stands in the page's script of data, up to what a browser takes for its end.
json data_of(const std::string& page) {
  const std::string_view begin = "id=\"capture\">";
  const std::size_t from = page.find(begin);
  EXPECT_NE(from, std::string::npos);
  const std::size_t to = page.find("</script>", from);
  EXPECT_EQ(page.find("<!--", from) < to, false) << "a comment would swallow the script's end";
  return json::parse(page.substr(from + begin.size(), to - from - begin.size()));
}

std::size_t times(std::string_view text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

// Stacks by number, as in the page, become what `report --json` has.
void resolve(json& j, const json& data) {
  if (j.is_array()) {
    for (json& each : j) resolve(each, data);
    return;
  }
  if (!j.is_object()) return;
  for (auto& [key, value] : j.items()) {
    if ((key != "stack" && key != "site") || !value.is_number()) {
      resolve(value, data);
      continue;
    }
    json frames = json::array();
    for (const json& number : data["stacks"][value.get<std::size_t>()]) {
      const json& f = data["frames"][number.get<std::size_t>()];
      frames.push_back({{"function", data["texts"][f[0].get<std::size_t>()]},
                        {"file", data["texts"][f[1].get<std::size_t>()]},
                        {"line", f[2]},
                        {"inlined", f[3] == 1}});
    }
    value = frames;
  }
}

TEST(HtmlPage, holds_the_summary_that_the_json_report_is) {
  Session x = make_session();
  const json data = data_of(page_of(x));
  json in_page = data["targets"][0]["summary"];
  resolve(in_page, data);
  json reported = json::parse(json_text([&](JsonWriter& out) {
    StackNumbers stacks;
    stat_summary_json(out, x.facts, x.tables, x.symbols, stacks, {});
  }));
  for (const char* table : {"blocking", "creation", "objects"}) {
    for (json& row : reported[table]) row.erase("covered");  // the table's own says it
  }
  EXPECT_EQ(in_page, reported);
  EXPECT_EQ(data["targets"][0]["begin_utc_ms"], 1'700'000'005'000.0);
  EXPECT_EQ(data["targets"][0]["rows"]["blocking"]["in_window_ns"], 0) << "nothing is left out";
}

TEST(HtmlPage, names_of_a_hostile_target_are_data) {
  const std::string hostile = "</script><img src=x onerror=alert(1)><!--<script>";
  const std::string control =
                        "a\x01\x1b[31m\x7f\xc2\x9b"
                        "b",
                    invalid = "\xff\xfe<\xc3(";
  const std::string endless = std::string(64u << 10, 'e') + "</script>";
  Session x = make_session();
  x.facts.target.exe = x.facts.target.file = "/bin/" + hostile;
  x.facts.target.main_module = hostile;
  x.facts.ended_by = hostile;
  x.facts.notices = {hostile, invalid};
  x.facts.wait_reasons[1] = hostile;
  x.facts.events.dropped = {{hostile, 3}};
  for (auto& [id, frames] : x.symbols.stacks)
    frames = {{hostile, hostile, 1}, {control, invalid, 2}, {endless, "", 3}};
  for (auto& [pc, frames] : x.symbols.pcs) frames = {{hostile, invalid, 1}};
  HtmlCapture capture = capture_of({target_of(x)});
  capture.file = "/tmp/" + hostile;
  capture.damage = hostile;
  const std::string page = page_of(capture);
  EXPECT_EQ(times(page, "<img"), 0u);
  EXPECT_EQ(times(page, "</script>"), 3u) << "of the data, of the library and of our own";
  const json data = data_of(page);
  EXPECT_EQ(data["targets"][0]["summary"]["ended_by"], hostile);
  EXPECT_EQ(data["file"], "/tmp/" + hostile);
  std::vector<std::string> texts = data["texts"];
  for (const std::string& name : {hostile, control, invalid, endless})
    EXPECT_NE(std::ranges::find(texts, printable(name, 512)), texts.end()) << printable(name, 60);
  EXPECT_LT(page.size(), 2'000'000u);
}

TEST(HtmlPage, only_its_own_scripts_may_run_and_nothing_may_be_loaded) {
  Session x = make_session();
  const std::string page = page_of(x), other = page_of(x);
  const std::size_t at = page.find("'nonce-") + 7;
  const std::string nonce = page.substr(at, 32);
  EXPECT_NE(nonce, other.substr(at, 32));
  EXPECT_EQ(nonce.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(
      page.find("default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'nonce-" + nonce + "';"),
      std::string::npos);
  EXPECT_LT(page.find("Content-Security-Policy"), page.find("<style"));
  EXPECT_EQ(times(page, "<script nonce=\"" + nonce + "\">"), 2u);
  for (const char* loads : {"src=\"http", "@import", "url(http", "<link", "sourceMappingURL"})
    EXPECT_EQ(times(page, loads), 0u) << loads;
}

TEST(HtmlPage, of_a_capture_without_anything) {
  Session x;
  const json data = data_of(page_of(x));
  EXPECT_TRUE(data["targets"][0]["summary"]["blocking"].empty());
  EXPECT_TRUE(data["targets"][0]["series"]["to_ns"].empty());
  EXPECT_TRUE(data_of(page_of(capture_of({})))["targets"].empty());
}

Session crowded(std::uint64_t rows, std::size_t depth, std::size_t name) {
  Session x = make_session();
  const BlockingRow pool = x.tables.blocking.back();
  const CreationRow site = x.tables.creation.back();
  for (std::uint64_t i = 0; i < rows; ++i) {
    auto& frames = x.symbols.stacks[1000 + i];
    for (std::size_t d = 0; d < depth; ++d)
      frames.push_back({"main.f" + std::to_string(d % 3 == 0 ? i * depth + d : d) + std::string(name, 'n'),
                        "/src/main.go", static_cast<int>(d), false});
    x.symbols.pcs[10'000 + i] = {frames[0]};
    BlockingRow& row = x.tables.blocking.emplace_back(pool);
    row.stack = 1000 + i;
    row.in_window_ns = 1000 + i;
    row.wakers.assign(8, {WakerKind::kGoroutine, 1000 + i, 10});
    x.tables.creation.push_back(site);
    x.tables.creation.back().gopc = x.tables.creation.back().startpc = 10'000 + i;
    x.tables.creation.back().live = i;
  }
  return x;
}

TEST(HtmlPage, has_the_first_rows_and_what_the_others_sum_up_to) {
  Session x = crowded(3000, 12, 20);
  const std::string page = page_of(x);
  EXPECT_LT(page.size(), 2'000'000u);
  const json data = data_of(page), target = data["targets"][0];
  EXPECT_EQ(target["summary"]["blocking"].size(), 500u);
  EXPECT_EQ(target["row_waits"].size(), 500u);
  EXPECT_EQ(target["rows"]["blocking"]["all"], 3003) << "those of the session but the system's own";
  std::uint64_t all = target["rows"]["blocking"]["in_window_ns"];
  for (const json& row : target["summary"]["blocking"])
    if (row["in_window_ns"].is_number()) all += row["in_window_ns"].get<std::uint64_t>();
  std::uint64_t expected = 0;
  for (const BlockingRow& row : x.tables.blocking) expected += row.system ? 0 : row.in_window_ns;
  EXPECT_EQ(all, expected);
  EXPECT_EQ(target["rows"]["creation"]["all"], 3002);
  EXPECT_EQ(data["stacks_left_out"], 0);
}

TEST(HtmlPage, has_the_first_panics_and_how_many_the_others_are) {
  Session x = make_session();
  for (std::uint64_t i = 0; i < 4096; ++i)
    x.tables.panics.rows.push_back(
        {.stack = i, .type = "main.T", .place = 1, .count = 1 + i, .last_ns = 0, .last = {}});
  const json target = data_of(page_of(x))["targets"][0], rows = target["summary"]["panics"]["rows"];
  EXPECT_EQ(rows.size(), 500u);
  EXPECT_EQ(rows[0]["count"], 4096);
  EXPECT_EQ(target["rows"]["panics"]["all"], 4096);
  EXPECT_EQ(target["rows"]["panics"]["count"], 3596 * 3597 / 2);
}

TEST(HtmlPage, is_small_whatever_the_target_calls_its_functions) {
  Session x = crowded(600, 60, 1000);
  const std::string page = page_of(x);
  EXPECT_LT(page.size(), 4'000'000u);
  EXPECT_GT(data_of(page)["stacks_left_out"], 0) << "and says so";
}

TEST(HtmlPage, many_targets_share_it) {
  Session x = crowded(500, 12, 20);
  const std::vector<HtmlTarget> targets(70, target_of(x));
  const std::string page = page_of(capture_of(targets));
  const json data = data_of(page);
  EXPECT_EQ(data["targets"].size(), 64u);
  EXPECT_EQ(data["targets_left_out"], 6);
  EXPECT_EQ(data["targets"][0]["summary"]["blocking"].size(), 10u);
  EXPECT_LT(page.size(), 4'000'000u);
}

}  // namespace
}  // namespace gorotrace::report_test
