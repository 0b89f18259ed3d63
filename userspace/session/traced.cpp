#include "session/traced.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace gorotrace {

Traced::Traced(std::unique_ptr<Target> target, Pipeline& pipeline, CensusShare& share,
               const SessionOptions& options)
    : options_(options),
      pipeline_(pipeline),
      target_(std::move(target)),
      source_(*target_, pipeline.capture()),
      symbols_(target_->frames(), target_->load_bias()),
      groups_(*target_, pipeline, options.budget, notices_),
      census_(target_->process(), target_->census_subject(options.stacks, options.census_of_each), share,
              [this](std::uint64_t at_ns) { return pipeline_.tables(id_, at_ns); }) {
  symbols_.name_outside(OutsideCode(target_->process()));
}

TargetBegun Traced::begun() const {
  const Process& process = target_->process();
  return {.host_pid = process.pid(),
          .start_time_ticks = process.start_time_ticks(),
          .exe = process.executable(),
          .wait_reasons = target_->binary().wait_reasons()};
}

// Where a transition is not seen, that no event came does not prove that a wait is still the same.
GroupMask Traced::seen_objects() const {
  const GroupMask block = group_bit(GT_GROUP_BLOCK);
  if ((options_.groups & block) == 0 || (groups_.incomplete() & block) != 0) return 0;
  return options_.groups & (group_bit(GT_GROUP_SYNC) | group_bit(GT_GROUP_CHAN));
}

Result<std::unique_ptr<Traced>> Traced::make(std::unique_ptr<Target> target, TargetId otherwise,
                                             Pipeline& pipeline, CensusShare& share,
                                             const SessionOptions& options) {
  std::unique_ptr<Traced> t(new Traced(std::move(target), pipeline, share, options));
  const auto id = t->groups_.plan(options.groups, options.stacks, otherwise);
  if (!id) return std::unexpected(t->target_->process().explain(id.error()));
  t->id_ = *id;
  t->looks_.emplace(*t->target_, t->id_, pipeline, t->census_, t->notices_, options.stacks,
                    options.interval_ns, t->seen_objects());
  pipeline.router().begin(t->id_, t->begun(), t->source_);
  return t;
}

Status Traced::begin() {
  if (auto armed = arm(); !armed) {
    pipeline_.router().forget(id_);
    groups_.release();
    return armed;
  }
  return {};
}

Status Traced::arm() {
  const auto begin = groups_.arm(options_.groups);
  if (!begin) return std::unexpected(target_->process().explain(begin.error()));
  begin_ns_ = *begin;
  mind_census();
  const auto first = looks_->look_and_read();
  const Process& process = target_->process();
  if (const Liveness life = process.liveness(); life != Liveness::kAlive) {
    return fail(ErrorKind::kNoProcess,
                fmt::format("process {} {} while it was being attached", process.pid(),
                            life == Liveness::kExeced ? "executed another program" : "ended"));
  }
  if (first) {
    counters_begin_ = first->counters;
    if (groups_.is_on(GT_GROUP_LIFECYCLE))
      witness_ =
          Witness{first->counters, first->counters, first->before, first->after, first->before, first->after};
  } else {
    notices_.add("the runtime's counters are not available in this binary: no witness beside the probes");
  }
  // The first look took a while: what came and went meanwhile is taken back out.
  const auto now = pipeline_.totals(id_, monotonic_ns());
  if (!now) return std::unexpected(now.error());
  live_at_start_ = now->live + (now->exited - now->exited_system) - (now->created - now->created_system);
  of_c_threads_at_start_ = now->of_c_threads;
  return {};
}

void Traced::mind_census() {
  if (auto done = census_.stand_in(!groups_.is_on(GT_GROUP_BLOCK)); !done) notices_.add(done.error().message);
}

void Traced::switch_groups(GroupMask want, const std::string& reason) {
  const auto counts_from = groups_.switch_to(want, reason);
  if (!groups_.is_on(GT_GROUP_LIFECYCLE)) witness_.reset();
  mind_census();
  if (counts_from) {
    looks_->at(*counts_from);
  } else {
    looks_->look();
  }
}

Status Traced::set_groups(GroupMask groups, const std::string& reason) {
  if (pipeline_.capture() == nullptr) return fail(ErrorKind::kUsage, "this session runs without probes");
  if (!alive()) return fail(ErrorKind::kNoProcess, "the target has ended");
  switch_groups(groups, reason);
  if (groups_.on() != groups) {
    return fail(ErrorKind::kFailed,
                notices_.all().empty() ? "groups were not switched" : notices_.all().back());
  }
  return {};
}

void Traced::tick() {
  if (!alive()) return;
  if (const Liveness life = target_->process().liveness(); life != Liveness::kAlive) {
    state_ = life == Liveness::kExited ? State::kExited : State::kExeced;
    stop_census();
    end_window(monotonic_ns());
    if (auto off = groups_.detach(); !off) notices_.add(off.error().message);
    return;
  }
  const std::uint64_t now = monotonic_ns();
  looks_->mind_loss(pipeline_.dropped(id_), now);
  groups_.charge();
  if (const GroupMask stay = groups_.affordable(now); stay != groups_.on())
    switch_groups(stay, "over the budget: " + groups_.overrun());
  census_.move_stacks(symbols_);
  if (looks_->due(now)) looks_->look();
}

// The census says who stands where beforehand: the snapshot must find them in the same place.
Result<Dump> Traced::end_with_look(WaitsWanted waits) {
  standing_ = census_.standing();
  moves_ = census_.moves();
  auto snapshot = look_for_dump(*target_);
  if (!snapshot) return std::unexpected(snapshot.error());
  end_window(snapshot->counts.end_ns);
  return complete_dump(*target_, std::move(*snapshot), waits);
}

void Traced::know_waits(Dump& dump) {
  auto answer = pipeline_.open_waits(id_, end_ns_);
  if (!answer) notices_.add(answer.error().message);
  OpenWaits open = answer ? std::move(*answer) : OpenWaits{};
  // A wait whose end has not arrived looks open.
  if (pipeline_.events(id_).on_their_way() != 0) open.waits.clear();
  // Where a transition is not seen, that no event came proves nothing.
  std::erase_if(open.waits, [this](const OpenWait& wait) {
    return (groups_.incomplete() & group_bit(wait.in_syscall ? GT_GROUP_SYSCALL : GT_GROUP_BLOCK)) != 0;
  });
  dump.known_waits = known_waits(dump.snapshot, standing_, moves_, open);
}

void Traced::look_last() {
  if (end_ns_ != 0) return;
  if (auto last = looks_->look_and_read(); last && witness_) {
    witness_->end = last->counters;
    witness_->before_end = last->before;
    witness_->after_end = last->after;
  }
  groups_.charge();
}

void Traced::stop_census() {
  if (auto stopped = census_.stop(); !stopped) notices_.add(stopped.error().message);
  census_.move_stacks(symbols_);
}

// Sites go one by one: what comes in while they do is no longer the whole story, so the window ends before
// the first detach.
void Traced::end_window(std::uint64_t at_ns) {
  if (end_ns_ != 0) return;
  end_ns_ = at_ns;
  groups_at_end_ = groups_.on();
  pipeline_.router().post({id_, end_ns_, TargetEnded{}});
}

Result<Tables> Traced::tables() {
  if (end_ns_ == 0) census_.move_stacks(symbols_);
  auto tables = pipeline_.tables(id_, end_ns_ != 0 ? end_ns_ : monotonic_ns());
  if (!tables) return tables;
  tables->stacks.each(
      [this](std::uint64_t id, const StackPcs& stack) { symbols_.add(id, stack.pcs, stack.truncated); });
  return census_.over(std::move(*tables));
}

Sample Traced::sample_of(std::uint64_t at_ns, Tables totals) const {
  Sample s;
  s.at_ns = at_ns;
  s.totals = std::move(totals);
  s.counters = looks_->counters();
  s.cost = groups_.cost();
  s.events = pipeline_.events(id_);
  s.groups = groups_.on();
  return s;
}

Sample Traced::sample(std::uint64_t at_ns, Tables totals) {
  census_.update(totals, groups_.is_on(GT_GROUP_LIFECYCLE));
  const CostFacts& cost = groups_.cost();
  pipeline_.router().post({id_, at_ns, CostCharged{cost.hits, cost.target_cpu_ns, cost.charged_ns}});
  return sample_of(at_ns, std::move(totals));
}

Result<Sample> Traced::last_sample() {
  auto totals = tables();
  if (!totals) return std::unexpected(totals.error());
  return sample_of(end_ns_, std::move(*totals));
}

StatFacts Traced::facts() const {
  StatFacts f;
  f.target = target_->facts();
  f.begin_ns = begin_ns_;
  f.end_ns = end_ns_;
  f.wait_reasons = target_->binary().wait_reasons();
  f.requested = options_.groups;
  f.on_at_end = end_ns_ != 0 ? groups_at_end_ : groups_.on();
  f.incomplete = groups_.incomplete();
  f.detached = groups_.detached();
  if (census_.ever_ran()) f.census = census_.facts();
  f.cost = groups_.cost();
  if (pipeline_.capture() != nullptr) f.calibrated = pipeline_.trap_costs();
  f.events = pipeline_.events(id_);
  f.live_at_start = live_at_start_;
  f.of_c_threads_at_start = of_c_threads_at_start_;
  f.witness = witness_;
  f.counters_begin = counters_begin_;
  f.counters_end = looks_->counters();
  if (state_ == State::kExited) f.ended_by = "the target exited";
  if (state_ == State::kExeced) f.ended_by = "the target executed another program";
  f.notices = notices_.all();
  if (auto changed = target_->file_notice()) f.notices.push_back(*std::move(changed));
  return f;
}

}  // namespace gorotrace
