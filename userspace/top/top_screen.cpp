#include "top/top_screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/plural.h"
#include "base/text.h"
#include "report/columns.h"
#include "top/detail_text.h"
#include "top/rows.h"

namespace gorotrace {
namespace {

constexpr double kNsPerSecond = 1e9;
// Screens with fewer lines show the table alone, then without hints.
constexpr std::size_t kLinesForSummary = 8, kLinesForHints = 5;

std::string program_text(const std::string& exe, const std::string& runtime_file) {
  return runtime_file.empty() || runtime_file == exe ? exe : fmt::format("{}  {}", exe, runtime_file);
}

std::string process_title(const std::optional<TopProcess>& listed, const std::optional<TopStat>& stat) {
  if (stat) {
    const std::string module = stat->module.empty() ? "" : "  " + stat->module;
    return fmt::format("pid {}  {}{}  {}", stat->pid, program_text(stat->exe, stat->runtime_file), module,
                       stat->go_version);
  }
  if (listed) return fmt::format("pid {}  {}", listed->pid, program_text(listed->exe, listed->runtime_file));
  return "";
}

std::string rate_text(const std::optional<std::uint64_t>& count, double seconds) {
  return count && seconds > 0 ? short_rate(static_cast<double>(*count) / seconds) + "/s" : "-";
}

}  // namespace

TopScreen::TopScreen(Options options)
    : options_(std::move(options)),
      pages_{options_.only ? Page::kProcess : Page::kProcesses},
      process_(options_.only),
      processes_(process_table()),
      waits_(wait_table()),
      sites_(site_table()),
      states_(state_table()) {
  help_.set(help_text());
}

Table* TopScreen::table() {
  if (page() == Page::kProcesses) return &processes_;
  if (page() != Page::kProcess) return nullptr;
  return tab_ == Tab::kWaits ? &waits_ : tab_ == Tab::kSites ? &sites_ : &states_;
}

// What was asked for before the person went on is of no interest.
void TopScreen::take(TopUpdate update) {
  if (update.id != process_) return;
  const bool anything = process_ ? stat_.has_value() : node_.has_value();
  if (paused_ && anything) {
    held_ = std::move(update);
    return;
  }
  show(std::move(update));
}

void TopScreen::show(TopUpdate update) {
  error_.clear();
  if (!update.id) {
    if (!update.node) {
      error_ = printable(update.node.error().message);
      return;
    }
    node_ = *std::move(update.node);
    history_.add(*node_);
    processes_.set_rows(process_rows(*node_, history_));
    return;
  }
  if (!update.stat) {
    error_ = printable(update.stat.error().message);
    return;
  }
  stat_ = *std::move(update.stat);
  waits_.set_rows(wait_rows(*stat_));
  sites_.set_rows(site_rows(*stat_));
  states_.set_rows(state_rows(*stat_));
  show_detail();
}

// Of a row that is gone the page keeps what was known of it last.
void TopScreen::show_detail() {
  if (wait_ && stat_) {
    const auto same = [this](const TopWait& w) { return wait_id(w) == wait_id(*wait_); };
    const auto now = std::ranges::find_if(stat_->waits, same);
    if (now != stat_->waits.end()) {
      wait_ = *now;
    } else {
      wait_->blocked = wait_->in_window_ns = 0;
      wait_->oldest_ns.reset();
    }
    detail_.set(wait_text(*wait_, stat_->window_ns));
  }
  if (site_ && stat_) {
    const auto same = [this](const TopSite& s) { return site_id(s) == site_id(*site_); };
    const auto now = std::ranges::find_if(stat_->sites, same);
    if (now != stat_->sites.end()) site_ = *now;
    detail_.set(site_text(*site_));
  }
}

void TopScreen::turn_pause() {
  paused_ = !paused_;
  if (paused_ || !held_) return;
  if (held_->id == process_) show(*std::move(held_));
  held_.reset();
}

void TopScreen::open_process(const std::string& id) {
  const auto listed = std::ranges::find(node_->processes, id, &TopProcess::id);
  if (listed == node_->processes.end()) return;
  process_ = id;
  listed_ = *listed;
  stat_.reset();
  error_.clear();
  waits_ = wait_table();
  sites_ = site_table();
  states_ = state_table();
  tab_ = Tab::kWaits;
  pages_.push_back(Page::kProcess);
}

void TopScreen::open() {
  const Table* rows = table();
  const auto id = rows != nullptr ? rows->chosen() : std::nullopt;
  if (!id) return;
  if (page() == Page::kProcesses) return open_process(*id);
  if (!stat_) return;
  wait_.reset();
  site_.reset();
  if (tab_ == Tab::kStates) {
    // Who waits for that, where; states that are no waits have no rows.
    const bool waits = std::ranges::find(stat_->waits, *id, &TopWait::reason) != stat_->waits.end();
    if (!waits) return;
    tab_ = Tab::kWaits;
    waits_.set_filter(*id);
    return;
  }
  if (tab_ == Tab::kWaits) {
    const auto found = std::ranges::find(stat_->waits, *id, wait_id);
    if (found != stat_->waits.end()) wait_ = *found;
  } else {
    const auto found = std::ranges::find(stat_->sites, *id, site_id);
    if (found != stat_->sites.end()) site_ = *found;
  }
  if (!wait_ && !site_) return;
  detail_.rewind();
  show_detail();
  pages_.push_back(Page::kDetail);
}

void TopScreen::back() {
  if (pages_.size() == 1) return;
  const Page left = page();
  pages_.pop_back();
  if (left == Page::kDetail) {
    wait_.reset();
    site_.reset();
  }
  if (left != Page::kProcess) return;
  process_.reset();
  listed_.reset();
  stat_.reset();
  error_.clear();
}

void TopScreen::press_in_filter(const KeyPress& key) {
  Table* rows = table();
  const LineInput::Outcome outcome = filter_->press(key);
  if (rows != nullptr) rows->set_filter(outcome == LineInput::Outcome::kGivenUp ? "" : filter_->text());
  if (outcome != LineInput::Outcome::kGoesOn) filter_.reset();
}

void TopScreen::press(const KeyPress& key) {
  using enum KeyPress::Kind;
  if (filter_) return press_in_filter(key);
  Table* rows = table();
  if (rows != nullptr ? rows->press(key) : text().press(key)) return;
  const bool process = page() == Page::kProcess;
  if (key.is("Q")) {
    over_ = true;
  } else if (key.is("q")) {
    pages_.size() == 1 ? void(over_ = true) : back();
  } else if (key.is(kEscape) || key.is(kLeft) || key.is(kBackspace)) {
    back();
  } else if (key.is(kEnter) || key.is(kRight)) {
    open();
  } else if (key.is("p") || key.is(" ")) {
    turn_pause();
  } else if (key.is("/") && rows != nullptr) {
    filter_.emplace(rows->filter());
  } else if ((key.is("h") || key.is("?")) && page() == Page::kHelp) {
    back();
  } else if (key.is("h") || key.is("?")) {
    help_.rewind();
    pages_.push_back(Page::kHelp);
  } else if (process && key.is(kTab)) {
    tab_ = static_cast<Tab>((static_cast<std::size_t>(tab_) + 1) % kTabs);
  } else if (process && key.is(kBackTab)) {
    tab_ = static_cast<Tab>((static_cast<std::size_t>(tab_) + kTabs - 1) % kTabs);
  } else if (process && (key.is("1") || key.is("2") || key.is("3"))) {
    tab_ = static_cast<Tab>(key.text.front() - '1');
  }
}

PictureLine TopScreen::title_line() const {
  PictureLine line{{"gorotrace top", Ink::kStrong}, {"  " + options_.source}};
  if (page() == Page::kHelp) {
    line.push_back({"  help"});
  } else if (page() != Page::kProcesses) {
    line.push_back({"  " + process_title(listed_, stat_)});
  }
  if (paused_) line.insert(line.begin() + 1, {"  PAUSED", Ink::kWarning});
  return line;
}

std::vector<PictureLine> TopScreen::summary_lines() const {
  if (page() == Page::kHelp) return {};
  if (page() == Page::kProcesses) {
    if (!node_) return {};
    std::uint64_t goroutines = 0, watched = 0;
    for (const TopProcess& p : node_->processes) {
      goroutines += p.goroutines.value_or(0);
      watched += p.state == "watched" ? 1 : 0;
    }
    const std::size_t all = node_->processes.size();
    const std::string others = all > watched ? fmt::format(", {} of them not watched", all - watched) : "";
    return {{{fmt::format("{}{} · {}", plural(all, "Go process", "Go processes"), others,
                          plural(goroutines, "goroutine"))}}};
  }
  if (!stat_) return {};
  const TopStat& s = *stat_;
  const double seconds = static_cast<double>(s.window_ns) / kNsPerSecond;
  std::string counts = s.live ? plural(*s.live, "goroutine") : "";
  if (s.live && s.live_at_start) {
    const auto growth = static_cast<std::int64_t>(*s.live - *s.live_at_start);
    counts += fmt::format(" ({:+})", growth);
  }
  counts += fmt::format(" · created {} · exited {} · last {}", rate_text(s.created, seconds),
                        rate_text(s.exited, seconds), format_duration(s.window_ns));
  std::string states;
  for (const TopState& state : s.states) {
    if (seconds <= 0 || (state.seconds == 0 && state.name == "unknown")) continue;
    states += fmt::format("{}{} {:.{}f}", states.empty() ? "on average " : ", ", state.name,
                          state.seconds / seconds, state.seconds / seconds < 100 ? 2 : 0);
  }
  return {{{counts}}, {{states}}};
}

PictureLine TopScreen::tab_line() const {
  PictureLine line;
  constexpr std::pair<Tab, const char*> kNames[] = {
      {Tab::kWaits, "1 hot spots"}, {Tab::kSites, "2 creation sites"}, {Tab::kStates, "3 by state"}};
  for (const auto& [tab, name] : kNames) {
    line.push_back({fmt::format("[{}]", name), tab == tab_ ? Ink::kSorted : Ink::kFaint});
    line.push_back({" "});
  }
  return line;
}

std::optional<PictureLine> TopScreen::message_line() const {
  if (!error_.empty()) return PictureLine{{error_ + " (asked again)", Ink::kError}};
  if (process_ && stat_) {
    if (!stat_->ended_by.empty()) return PictureLine{{"ended: " + stat_->ended_by, Ink::kWarning}};
    if (!stat_->notices.empty()) return PictureLine{{stat_->notices.back(), Ink::kWarning}};
  }
  if (!process_ && node_ && !node_->notices.empty())
    return PictureLine{{node_->notices.back(), Ink::kWarning}};
  return std::nullopt;
}

std::string TopScreen::nothing_text() const {
  if (process_ && !stat_) return error_.empty() ? "sampling begins ..." : "";
  if (!process_ && !node_) return error_.empty() ? "looking ..." : "";
  if (!process_ && !node_->ready) return "looking for Go processes ...";
  return "nothing here";
}

PictureLine TopScreen::hint_line() {
  if (filter_) return {{"/" + filter_->text(), Ink::kStrong}};
  const Table* rows = table();
  PictureLine line;
  if (rows != nullptr && !rows->filter().empty())
    line.push_back(
        {fmt::format("/{}  {} of {} rows  ", rows->filter(), rows->shown(), rows->total()), Ink::kWarning});
  const char* keys = "";
  switch (page()) {
    case Page::kProcesses:
      keys = "Enter open  < > sort  r reverse  / filter  space pause  h help  q quit";
      break;
    case Page::kProcess:
      keys = options_.only ? "Tab view  Enter stack  < > sort  / filter  space pause  h help  q quit"
                           : "Tab view  Enter stack  < > sort  / filter  space pause  h help  q back";
      break;
    case Page::kDetail:
    case Page::kHelp:
      keys = "↑ ↓ scroll  q back  Q quit";
      break;
  }
  line.push_back({keys, Ink::kFaint});
  return line;
}

Picture TopScreen::draw(std::size_t lines, std::size_t columns) {
  Picture picture;
  if (lines == 0 || columns == 0) return picture;
  std::vector<PictureLine>& out = picture.lines;
  const bool hints = lines >= kLinesForHints || filter_;
  out.push_back(title_line());
  if (lines >= kLinesForSummary) {
    for (PictureLine& line : summary_lines()) out.push_back(std::move(line));
  }
  if (page() == Page::kProcess && lines >= kLinesForHints) out.push_back(tab_line());
  if (auto message = message_line()) out.push_back(*std::move(message));
  const std::size_t filled = out.size() + (hints ? 1 : 0);
  const std::size_t room = lines > filled ? lines - filled : 0;
  Table* rows = table();
  for (PictureLine& line :
       rows != nullptr ? rows->draw(room, columns, nothing_text()) : text().draw(room, columns))
    out.push_back(std::move(line));
  if (hints) {
    out.resize(std::max(out.size(), lines - 1));
    out.push_back(hint_line());
    if (filter_) picture.cursor = std::min(line_width(out.back()), columns - 1);
  }
  out.resize(std::min(out.size(), lines));
  for (PictureLine& line : out) line = fitted(line, columns);
  return picture;
}

}  // namespace gorotrace
