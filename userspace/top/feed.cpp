#include "top/feed.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "top/rolling_stat.h"

namespace gorotrace {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kTick(50);
// How soon it is asked again when there was nothing yet, and at least when there was an error.
constexpr std::chrono::milliseconds kNothingYet(200), kAfterAnError(1000);

}  // namespace

class TopFeed::Worker {
 public:
  Worker(std::unique_ptr<TopSource> source, const Options& options,
         std::shared_ptr<std::atomic<bool>> leaving, std::shared_ptr<Mailbox<TopUpdate>> updates)
      : source_(std::move(source)),
        options_(options),
        leaving_(std::move(leaving)),
        updates_(std::move(updates)) {}

  void run() {
    std::unique_lock lock(mutex_);
    Clock::time_point next = Clock::now();
    while (!*leaving_) {
      const Clock::time_point until = std::min(next, Clock::now() + kTick);
      changed_.wait_until(lock, until, [this] { return wanted_anew_ || *leaving_; });
      if (*leaving_) break;
      if (std::exchange(wanted_anew_, false)) next = Clock::now();
      const std::optional<std::string> id = wanted_;
      lock.unlock();
      source_->tick();
      if (Clock::now() >= next) next = Clock::now() + ask(id);
      lock.lock();
    }
    lock.unlock();
    source_.reset();  // what it holds goes with this thread
  }

  void want(std::optional<std::string> id) {
    {
      const std::lock_guard lock(mutex_);
      wanted_ = std::move(id);
      wanted_anew_ = true;
    }
    changed_.notify_one();
  }

  void leave() {
    {
      const std::lock_guard lock(mutex_);
      *leaving_ = true;
    }
    changed_.notify_one();
  }

  [[nodiscard]] Mailbox<TopUpdate>& updates() { return *updates_; }

 private:
  // How long to wait for the next time.
  [[nodiscard]] std::chrono::milliseconds ask(const std::optional<std::string>& id) {
    TopUpdate update;
    update.id = id;
    bool good = false;
    if (!id) {
      rolling_.reset();
      const auto document = source_->targets();
      update.node = document ? parse_node(*document) : std::unexpected(document.error());
      good = update.node.has_value();
    } else {
      if (rolling_of_ != *id || !rolling_) rolling_.emplace(options_.window);
      rolling_of_ = *id;
      const auto document = source_->stat(*id);
      if (document && !*document) return kNothingYet;
      update.stat = document ? parse_stat(**document) : std::unexpected(document.error());
      good = update.stat.has_value();
      if (good) update.stat = rolling_->take(*std::move(update.stat));
    }
    updates_->post(std::move(update));
    return good ? options_.interval : std::max(options_.interval, kAfterAnError);
  }

  std::unique_ptr<TopSource> source_;  // of this thread alone, as what follows
  const Options options_;
  std::optional<RollingStat> rolling_;
  std::string rolling_of_;

  const std::shared_ptr<std::atomic<bool>> leaving_;
  const std::shared_ptr<Mailbox<TopUpdate>> updates_;
  std::mutex mutex_;  // what follows
  std::condition_variable changed_;
  std::optional<std::string> wanted_;
  bool wanted_anew_ = false;
};

Result<std::unique_ptr<TopFeed>> TopFeed::start(std::unique_ptr<TopSource> source, const Options& options,
                                                std::shared_ptr<std::atomic<bool>> leaving) {
  auto updates = Mailbox<TopUpdate>::make();
  if (!updates) return std::unexpected(updates.error());
  std::unique_ptr<TopFeed> feed(new TopFeed(
      std::make_shared<Worker>(std::move(source), options, std::move(leaving), *std::move(updates))));
  if (!feed->crew_.add([worker = feed->worker_] { worker->run(); }))
    return fail(ErrorKind::kResources, "a thread could not be started");
  return feed;
}

TopFeed::~TopFeed() {
  worker_->leave();
  crew_.leave();
}

void TopFeed::want(std::optional<std::string> id) {
  worker_->want(std::move(id));
}

int TopFeed::fd() const {
  return worker_->updates().fd();
}

std::vector<TopUpdate> TopFeed::take() {
  return worker_->updates().take();
}

}  // namespace gorotrace
