// What gorotrace top shows and which keys do what: documents and keys come in, pictures go out. Knows no
// terminal and no source. Pure. Threads: one.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "top/documents.h"
#include "top/feed.h"
#include "top/key.h"
#include "top/line_input.h"
#include "top/node_history.h"
#include "top/picture.h"
#include "top/scrolled_text.h"
#include "top/table.h"

namespace gorotrace {

class TopScreen {
 public:
  struct Options {
    std::string source;               // "this node", "localhost:9464"
    std::optional<std::string> only;  // the one process, as TopUpdate::id: there is no list
  };
  explicit TopScreen(Options options);

  void take(TopUpdate update);
  void press(const KeyPress& key);
  // A person wants to leave.
  [[nodiscard]] bool over() const { return over_; }
  // What is to be asked for: a process, or the list.
  [[nodiscard]] const std::optional<std::string>& wanted() const { return process_; }

  [[nodiscard]] Picture draw(std::size_t lines, std::size_t columns);

 private:
  enum class Page { kProcesses, kProcess, kDetail, kHelp };
  enum class Tab { kWaits, kSites, kStates };
  static constexpr std::size_t kTabs = 3;

  [[nodiscard]] Page page() const { return pages_.back(); }
  [[nodiscard]] Table* table();
  [[nodiscard]] ScrolledText& text() { return page() == Page::kHelp ? help_ : detail_; }
  void show(TopUpdate update);
  void open();
  void back();
  void turn_pause();
  void show_detail();
  void open_process(const std::string& id);
  void press_in_filter(const KeyPress& key);

  [[nodiscard]] PictureLine title_line() const;
  [[nodiscard]] std::vector<PictureLine> summary_lines() const;
  [[nodiscard]] PictureLine tab_line() const;
  [[nodiscard]] std::optional<PictureLine> message_line() const;
  [[nodiscard]] PictureLine hint_line();
  [[nodiscard]] std::string nothing_text() const;

  const Options options_;
  std::vector<Page> pages_;  // each is opened from the one before
  bool over_ = false, paused_ = false;
  std::optional<TopUpdate> held_;  // while paused: the last one

  std::optional<TopNode> node_;
  NodeHistory history_;
  std::optional<std::string> process_;  // whose page it is
  std::optional<TopProcess> listed_;    // what the list says of it
  std::optional<TopStat> stat_;
  std::string error_;  // of the last question; "" when it was answered

  Table processes_, waits_, sites_, states_;
  Tab tab_ = Tab::kWaits;
  std::optional<TopWait> wait_;  // of the detail page: one of the two
  std::optional<TopSite> site_;
  ScrolledText detail_, help_;
  std::optional<LineInput> filter_;  // while it is typed
};

}  // namespace gorotrace
