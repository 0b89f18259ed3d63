// Asks a source for what the screen shows, again and again, on a thread of its own, so that keys are answered
// whatever the source does. Errors are told, and asked again.
// Threads: one owner. The feed's thread may be held up in its source: it is left behind then (base/crew.h).
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/mailbox.h"
#include "base/crew.h"
#include "base/result.h"
#include "top/documents.h"
#include "top/top_source.h"

namespace gorotrace {

struct TopUpdate {
  std::optional<std::string> id;  // of the process; nullopt: of the node
  Result<TopNode> node = TopNode{};
  Result<TopStat> stat = TopStat{};  // of the last seconds
};

class TopFeed {
 public:
  struct Options {
    std::chrono::milliseconds interval{2000};
    std::chrono::nanoseconds window = std::chrono::seconds(10);  // what figures of a process are of
  };
  // leaving: set once nobody waits any more.
  [[nodiscard]] static Result<std::unique_ptr<TopFeed>> start(std::unique_ptr<TopSource> source,
                                                              const Options& options,
                                                              std::shared_ptr<std::atomic<bool>> leaving);
  ~TopFeed();
  TopFeed(const TopFeed&) = delete;
  TopFeed& operator=(const TopFeed&) = delete;

  // What is asked for from here on, at once: a process, or with nullopt the node's list.
  void want(std::optional<std::string> id);
  [[nodiscard]] int fd() const;  // readable when there is something
  [[nodiscard]] std::vector<TopUpdate> take();

 private:
  class Worker;
  explicit TopFeed(std::shared_ptr<Worker> worker) : worker_(std::move(worker)) {}
  std::shared_ptr<Worker> worker_;
  Crew crew_{"gt-feed"};
};

}  // namespace gorotrace
