#include "stream/model_sink.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <utility>

namespace gorotrace {

struct ModelSink::Question {
  std::uint64_t at_ns;
  Ask what;
  std::vector<TargetId> targets;  // empty: all
  Answers answers;                // of the models' thread until it is set
  std::promise<Answers> promise;
  // The asker waits for the stream no longer: answered when this poke is.
  static constexpr std::uint64_t kNoHurry = ~std::uint64_t{0};
  std::atomic<std::uint64_t> hurry = kNoHurry;

  [[nodiscard]] bool asks(TargetId target) const {
    return (targets.empty() || std::ranges::find(targets, target) != targets.end()) &&
           !answers.contains(target);
  }
};

ModelSink::ModelSink(WaitQueue* waits, std::size_t max_queued_bytes)
    : waits_(waits),
      models_(waits != nullptr),
      thread_(std::make_unique<SinkThread>(
          max_queued_bytes, [this](const Batch& batch) { take(batch); },
          [this](std::uint64_t poke) { answer_due(models_.advanced_ns(), poke); })) {}

ModelSink::~ModelSink() = default;

void ModelSink::read_questions() {
  if (!any_asked_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  any_asked_ = false;
  for (auto& question : asked_) {
    const auto place = std::ranges::upper_bound(open_, question->at_ns, {}, &Question::at_ns);
    open_.insert(place, std::move(question));
  }
  asked_.clear();
}

void ModelSink::take(const Batch& batch) {
  for (const Item& item : batch.items) {
    read_questions();
    take(item);
  }
  models_.take_waits([this](TargetId, const Models::Of& of, std::vector<Wait> waits) {
    waits_->push({of.begun, std::move(waits)});
  });
}

// Questions are put in their place in time: what lies behind one is applied when it is answered.
void ModelSink::take(const Item& item) {
  const bool run = std::holds_alternative<Records>(item.what);
  const auto found = models_.all().find(item.target);
  std::size_t at = 0;
  if (found != models_.all().end()) {
    for (const auto& question : open_) {
      if (!question->asks(item.target)) continue;
      if (run) {
        at = models_.apply_below(item, at, question->at_ns);
        if (at == std::get<Records>(item.what).records.size()) return;
      } else if (is_definition(item) || item.at_ns <= question->at_ns) {
        continue;
      }
      answer(*question, item.target, found->second, question->at_ns);
    }
  }
  if (run) {
    models_.apply_below(item, at, ~std::uint64_t{0});
  } else if (std::holds_alternative<Advanced>(item.what)) {
    answer_due(item.at_ns);  // before time passes for the models
    models_.apply(item);
  } else {
    models_.apply(item);
  }
}

void ModelSink::answer_due(std::uint64_t at_ns, std::uint64_t poke) {
  read_questions();
  std::erase_if(open_, [&](const std::shared_ptr<Question>& question) {
    const bool hurried = poke >= question->hurry.load();
    if (question->at_ns > at_ns && !hurried) return false;
    const std::uint64_t as_of = std::min(question->at_ns, hurried ? models_.advanced_ns() : question->at_ns);
    for (const auto& [target, of] : models_.all()) {
      if (question->asks(target)) answer(*question, target, of, as_of);
    }
    question->promise.set_value(std::move(question->answers));
    return true;
  });
}

void ModelSink::answer(Question& question, TargetId target, const Models::Of& of, std::uint64_t at_ns) {
  const std::uint64_t at = std::min(at_ns, of.end_ns);
  Answer& out = question.answers[target];
  out.counters = of.counters;
  out.cost = of.cost;
  switch (question.what) {
    case Ask::kTotals:
      out.tables = std::make_shared<const Tables>(of.totals(at));
      return;
    case Ask::kTables:
      out.tables = std::make_shared<const Tables>(of.tables(at));
      return;
    case Ask::kOpenWaits:
      out.open = std::make_shared<const OpenWaits>(of.model->open_waits(at));
      return;
    case Ask::kCreations:
      out.creations = std::make_shared<const SeenCreations>(of.model->creations());
      return;
    case Ask::kStanding:
      out.standing = std::make_shared<const StandingWaits>(of.estimator.standing());
      return;
  }
}

PendingAnswers ModelSink::ask_later(std::uint64_t at_ns, Ask what, std::vector<TargetId> targets,
                                    std::chrono::milliseconds patience) {
  const auto question = std::make_shared<Question>();
  question->at_ns = at_ns;
  question->what = what;
  question->targets = std::move(targets);
  std::future<Answers> answers = question->promise.get_future();
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back(question);
    any_asked_ = true;
  }
  const auto hurry = [this, question, asked = thread_->poke()] {
    question->hurry = asked;
    thread_->poke();
  };
  return {std::move(answers), hurry, patience};
}

PendingAnswers::PendingAnswers(std::future<Answers> answers, std::function<void()> hurry,
                               Clock::duration patience)
    : answers_(std::move(answers)),
      hurry_(std::move(hurry)),
      hurry_at_(Clock::now() + patience),
      give_up_at_(hurry_at_ + ModelSink::kGrace) {}

bool PendingAnswers::ready() {
  if (answers_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) return true;
  const auto now = Clock::now();
  if (hurry_ && now >= hurry_at_) std::exchange(hurry_, nullptr)();
  return now >= give_up_at_;
}

Result<Answers> PendingAnswers::get(const std::stop_token& stop) {
  constexpr std::chrono::milliseconds kTurn(20);  // so late is a stop seen
  while (!ready() && !stop.stop_requested()) {
    auto until = hurry_ ? hurry_at_ : give_up_at_;
    if (stop.stop_possible()) until = std::min(until, Clock::now() + kTurn);
    answers_.wait_until(until);
  }
  if (answers_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) return answers_.get();
  if (stop.stop_requested()) return fail(ErrorKind::kFailed, "nobody waits for the models' answer any more");
  return fail(ErrorKind::kFailed, "the models did not answer in time: gorotrace gets no CPU");
}

}  // namespace gorotrace
