#include <chrono>
#include <thread>
#include <utility>

#include "base/json_writer.h"
#include "report/stat_json.h"
#include "session/session.h"
#include "top/sources.h"

namespace gorotrace {
namespace {

// Of each table: more than a person walks through, and no more than a document should hold.
constexpr std::size_t kMostRows = 2000;
constexpr std::uint64_t kLeastLooks = 2;

class OneProcess : public TopSource {
 public:
  OneProcess(SessionOptions options, std::unique_ptr<Target> target)
      : options_(std::move(options)), waiting_(std::move(target)) {}

  Result<std::string> targets() override { return fail(ErrorKind::kUsage, "one process alone is looked at"); }

  // The session's control thread is the one that ticks: it is made here.
  Result<std::optional<std::string>> stat(const std::string&) override {
    if (auto begun = begin(); !begun) return std::unexpected(begun.error());
    refresh();
    session_->ask_samples();  // has the counters read
    (void)session_->await_samples();
    if (const auto& contradiction = session_->contradiction(target_)) return std::unexpected(*contradiction);
    StatFacts facts = session_->facts(target_);
    if (facts.ended_by.empty() && (!facts.sampling || facts.sampling->looks < kLeastLooks))
      return std::optional<std::string>();
    const auto tables = session_->tables(target_);
    if (!tables) return std::unexpected(tables.error());
    if (facts.end_ns == 0) facts.end_ns = tables->at_ns;
    StatJsonOptions options;
    options.most_rows = kMostRows;
    return std::optional(json_text([&](JsonWriter& out) {
      stat_summary_json(out, facts, *tables, session_->symbols(target_), stacks_, options);
    }));
  }

  void tick() override {
    if (session_) session_->tick();
  }

 private:
  // Who has come since the last look is in, where a look does not take long.
  void refresh() {
    constexpr std::chrono::milliseconds kPatience(500), kPause(10);
    const auto end = std::chrono::steady_clock::now() + kPatience;
    session_->tick();
    while (!session_->refresh(target_) && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(kPause);
      session_->tick();
    }
  }

  [[nodiscard]] Status begin() {
    if (session_) return {};
    if (!waiting_) return begun_;
    auto session = Session::make(options_);
    if (!session) return std::unexpected(session.error());
    auto added = (*session)->add(std::move(waiting_));
    waiting_.reset();
    if (!added) {
      begun_ = std::unexpected(added.error());
      return begun_;
    }
    target_ = *added;
    session_ = *std::move(session);
    return {};
  }

  const SessionOptions options_;
  std::unique_ptr<Target> waiting_;  // until the session has it
  Status begun_;
  std::unique_ptr<Session> session_;
  TargetId target_ = 0;
  StackNumbers stacks_;
};

}  // namespace

Result<std::unique_ptr<TopSource>> process_source(std::unique_ptr<Target> target, double sample_cpu) {
  SessionOptions options;
  options.groups = 0;
  options.sample_cpu = sample_cpu;
  return std::make_unique<OneProcess>(std::move(options), std::move(target));
}

}  // namespace gorotrace
