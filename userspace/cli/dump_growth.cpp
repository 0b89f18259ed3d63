#include "cli/dump_growth.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "base/event_loop.h"
#include "base/plural.h"
#include "cli/kept_time.h"
#include "cli/progress.h"
#include "cli/stop_signal.h"
#include "evidence/creator_memory.h"
#include "evidence/population_file.h"
#include "session/dump.h"

namespace gorotrace {
namespace {

constexpr int kLooks = 11;

Result<std::string> read_file(const std::string& path) {
  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "re"));
  if (!file) return fail_errno(errno, "cannot open " + path);
  std::string out;
  char buffer[1 << 16];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, file.get())) out.append(buffer, n);
  if (std::ferror(file.get()) != 0) return fail_errno(errno, "cannot read " + path);
  return out;
}

Result<Population> read_population(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  return population_from_json(*text, path);
}

// The looks of one watch, at eleven times that are equally far from each other. Those whose time has passed
// while one was taken are left out, but not the last: the window is kept rather than the number of looks.
class GrowthWatch {
 public:
  GrowthWatch(Target& target, const DumpFilter& filter, std::chrono::nanoseconds window, EventLoop& loop)
      : target_(target), filter_(filter), window_(window), loop_(loop), symbols_(dump_symbols(target)) {}

  void begin() {
    begin_ = loop_.timers().now();
    loop_.timers().at(begin_, [this] { look(); });
  }
  // When the watch ends before its time: how it is now.
  void look_once_more() {
    if (growth_.result().looks > 0 && !failed_) (void)take();
  }
  [[nodiscard]] std::string progress() const {
    return progress_text(fmt::format("watching: sample {} of {}", taken_, kLooks),
                         loop_.timers().now() - begin_, window_);
  }
  [[nodiscard]] Result<Growth> result(bool stopped) const {
    Growth growth = growth_.result();
    if (failed_ && growth.looks < 2) return std::unexpected(*failed_);
    if (failed_) spdlog::warn("the watch ended early: {}", failed_->message);
    const std::string text =
        stopped || failed_ ? "" : kept_.not_kept(window_, loop_.timers().now() - begin_, growth.last);
    if (!text.empty()) spdlog::warn("{}; {} instead of {}", text, plural(growth.looks, "sample"), kLooks);
    return growth;
  }

 private:
  [[nodiscard]] MonotonicTime due(int look) const { return begin_ + window_ * look / (kLooks - 1); }

  [[nodiscard]] bool take() {
    const KeptTime::Step step(kept_);
    auto dump = take_dump(target_, WaitsWanted::kLabels);
    if (!dump) {
      failed_ = dump.error();
      return false;
    }
    creators_.complete(*dump);
    const DumpView view(*dump, symbols_);
    growth_.add(population(view, select(view, filter_)));
    ++taken_;
    return true;
  }

  void look() {
    if (!take() || next_ == kLooks - 1) {
      kept_.overslept(loop_.overslept());
      loop_.stop();
      return;
    }
    do ++next_;
    while (next_ < kLooks - 1 && due(next_) <= loop_.timers().now());
    loop_.timers().at(due(next_), [this] { look(); });
  }

  Target& target_;
  const DumpFilter& filter_;
  std::chrono::nanoseconds window_;
  EventLoop& loop_;
  StackTable symbols_;
  GrowthTracker growth_;
  CreatorMemory creators_;
  KeptTime kept_;
  MonotonicTime begin_;
  int next_ = 0, taken_ = 0;
  std::optional<Error> failed_;
};

}  // namespace

Result<Growth> watch_growth(Target& target, const DumpFilter& filter, std::chrono::nanoseconds window) {
  auto stop = StopSignal::make();
  if (!stop) return std::unexpected(stop.error());
  auto made = EventLoop::make();
  if (!made) return std::unexpected(made.error());
  EventLoop& loop = *made;
  GrowthWatch watch(target, filter, window, loop);
  bool stopped = false;
  const auto watched = loop.on_readable(stop->fd(), [&] {
    stopped = stop->take().has_value();
    if (stopped) loop.stop();
  });
  if (!watched) return std::unexpected(watched.error());
  watch.begin();
  {
    const Progress progress(loop, [&] { return watch.progress(); });
    if (auto ran = loop.run(); !ran) return std::unexpected(ran.error());
  }
  if (stopped) watch.look_once_more();
  return watch.result(stopped);
}

Result<Growth> growth_between(const std::string& before, const std::string& after) {
  const auto first = read_population(before), last = read_population(after);
  if (!first) return std::unexpected(first.error());
  if (!last) return std::unexpected(last.error());
  const SubjectRelation related = relation(first->subject, last->subject);
  if (related == SubjectRelation::kOther)
    return fail(ErrorKind::kUsage, fmt::format("two programs do not compare: {} is of {}, {} of {}", before,
                                               describe(first->subject), after, describe(last->subject)));
  if (related == SubjectRelation::kSameProcess && first->unix_ns > last->unix_ns)
    return fail(ErrorKind::kUsage, fmt::format("{} was written after {}: give the earlier one of {} first",
                                               before, after, describe(first->subject)));
  GrowthTracker tracker;
  tracker.add(*first);
  tracker.add(*last);
  return tracker.result();
}

}  // namespace gorotrace
