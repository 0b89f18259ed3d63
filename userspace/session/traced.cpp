#include "session/traced.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "evidence/unread.h"
#include "probe/object_groups.h"
#include "session/profile_mappings.h"

namespace gorotrace {

Traced::Traced(std::unique_ptr<Target> target, Pipeline& pipeline, SamplingShare& share,
               SessionWorkers& workers, const SessionOptions& options)
    : options_(options),
      pipeline_(pipeline),
      workers_(workers),
      target_(std::move(target)),
      door_(std::make_shared<StreamDoor>(pipeline)),
      source_(*target_, pipeline.capture()),
      symbols_(target_->frames(), target_->load_bias()),
      groups_(*target_, pipeline, options.budget, notices_),
      samplings_(target_,
                 target_->sampling_subject(options.stacks, options.sampling_of_each, options.label_key),
                 share, door_, notices_) {
  name(symbols_);
}

void Traced::name(StackTable& symbols) const {
  symbols.name_plugins(target_->modules());
  symbols.name_outside(OutsideCode(target_->process()));
}

// On the way to who reads the stream: memory is to say anew what was lost to one of them.
std::uint64_t Traced::dropped() const {
  return pipeline_.dropped(id_) + (options_.recorder != nullptr ? options_.recorder->dropped(id_) : 0);
}

std::uint64_t Traced::dropped_samples() const {
  return pipeline_.dropped_samples(id_) +
         (options_.recorder != nullptr ? options_.recorder->dropped_samples(id_) : 0);
}

// A table of its own: the recorder's thread names what the file tells of.
Status Traced::record(Recorder& recorder) const {
  auto symbols = std::make_unique<StackTable>(target_->frames(), target_->load_bias());
  name(*symbols);
  auto mappings = profile_mappings(*target_);
  if (!mappings) return std::unexpected(mappings.error());
  // Only a hostile target has so many.
  if (mappings->size() > kMaxMappings) mappings->resize(kMaxMappings);
  return recorder.name(id_, {target_, std::move(symbols), std::move(*mappings)});
}

// A look that goes on may go on for longer than this object: nobody's any more.
void Traced::shut() {
  if (looks_) looks_->give_up();
  door_->shut();
}

void Traced::forget() {
  shut();
  pipeline_.router().forget(id_);
  groups_.release();
}

TargetBegun Traced::begun() const {
  const Process& process = target_->process();
  return {.host_pid = process.pid(),
          .start_time_ticks = process.start_time_ticks(),
          .exe = process.executable(),
          .wait_reasons = target_->binary().wait_reasons(),
          .label_key = options_.label_key};
}

// Where a transition is not seen, that no event came does not prove that a wait is still the same.
GroupMask Traced::seen_objects() const {
  const GroupMask block = group_bit(GT_GROUP_BLOCK);
  if ((options_.groups & block) == 0 || (groups_.incomplete() & block) != 0) return 0;
  return options_.groups & kObjectGroups;
}

Result<std::unique_ptr<Traced>> Traced::make(std::unique_ptr<Target> target, TargetId otherwise,
                                             Pipeline& pipeline, SamplingShare& share,
                                             SessionWorkers& workers, const SessionOptions& options) {
  std::unique_ptr<Traced> t(new Traced(std::move(target), pipeline, share, workers, options));
  const auto id = t->groups_.plan({options.groups, options.stacks, !options.label_key.empty()}, otherwise);
  if (!id) return std::unexpected(t->target_->process().explain(id.error()));
  t->id_ = *id;
  t->samplings_.set_target(*id);
  auto look = std::make_shared<MemoryLook>(
      t->target_, t->id_, t->door_,
      MemoryLook::Wanted{
          .stacks = options.stacks, .objects = t->seen_objects(), .label_key = options.label_key});
  auto counters = std::make_shared<CountersLook>(t->target_, t->id_, t->door_);
  t->looks_.emplace(t->target_, std::move(look), std::move(counters), workers, t->samplings_.of_goroutines(),
                    t->notices_, options.interval_ns);
  if (options.recorder != nullptr) {
    if (auto named = t->record(*options.recorder); !named) {
      t->groups_.release();
      return std::unexpected(named.error());
    }
  }
  pipeline.router().begin(t->id_, t->begun(), t->source_);
  return t;
}

Status Traced::begin() {
  auto armed = arm();
  if (!armed) forget();
  return armed;
}

Status Traced::arm() {
  const auto begin = groups_.arm(options_.groups);
  if (!begin) return std::unexpected(target_->process().explain(begin.error()));
  life_.trace(*begin);
  proven_ = target_->proven();
  follow_groups();
  const Process& process = target_->process();
  if (const Liveness life = process.liveness(); life != Liveness::kAlive) {
    return fail(ErrorKind::kNoProcess,
                fmt::format("process {} {} while it was being attached", process.pid(),
                            life == Liveness::kExeced ? "executed another program" : "ended"));
  }
  lifecycle_throughout_ = groups_.is_on(GT_GROUP_LIFECYCLE);
  begin_looks(*begin);
  return {};
}

void Traced::begin_looks(std::uint64_t begin_ns) {
  if (!proven_) {
    auto empty = looks_->begin_empty(begin_ns);
    pipeline_.router().post({id_, begin_ns, std::move(empty.goroutines)});
    if (target_->has_counters()) pipeline_.router().post({id_, begin_ns, empty.counters});
    return;
  }
  looks_->ask_counters();
  (void)looks_->await_counters(monotonic_ns() + TargetLooks::kCountersPatienceNs);
  looks_->tick(monotonic_ns());
}

void Traced::follow_groups() {
  if (proven_) samplings_.follow(groups_.on());
}

// The runtime's count at both ends of a phase, and at times between: what is counted in it is held against
// that (sampling/phase_counts.h).
void Traced::read_at_end_of_phase(GroupMask want) {
  constexpr std::uint64_t kPatienceNs = 5'000'000;
  if ((groups_.on() & ~want & group_bit(GT_GROUP_BLOCK)) == 0) return;
  looks_->ask_counters();
  (void)looks_->await_counters(monotonic_ns() + kPatienceNs);
  note_work();
}

// What is counted in a phase is held against the runtime's own counts, and what that took against what it
// takes between phases.
void Traced::mind_phases(std::uint64_t now_ns) {
  constexpr std::uint64_t kBetweenPhasesNs = 100'000'000;
  note_work();
  const auto& last = looks_->counters();
  if (groups_.is_on(GT_GROUP_BLOCK) || !last || now_ns >= last->counters.time_ns + kBetweenPhasesNs)
    looks_->ask_counters();
}

void Traced::note_work() {
  const auto& last = looks_->counters();
  if (!last || !last->cpu_ns) return;
  groups_.note_work({last->counters.time_ns,
                     *last->cpu_ns,
                     {last->timed_runs, last->counters.syscalls, last->counters.created}});
}

void Traced::switch_groups(GroupMask want, TargetGroups::Why why, const std::string& reason) {
  read_at_end_of_phase(want);
  const auto counts_from = groups_.switch_to(want, why, reason);
  if (!groups_.is_on(GT_GROUP_LIFECYCLE)) lifecycle_throughout_ = false;
  follow_groups();
  looks_->at(counts_from.value_or(monotonic_ns()));
}

Status Traced::set_groups(GroupMask groups, const std::string& reason) {
  if (pipeline_.capture() == nullptr) return fail(ErrorKind::kUsage, "this session runs without probes");
  if (!life_.traced()) return fail(ErrorKind::kNoProcess, "the target has ended");
  switch_groups(groups, TargetGroups::Why::kOther, reason);
  if (groups_.on() != groups) {
    return fail(ErrorKind::kFailed,
                notices_.all().empty() ? "groups were not switched" : notices_.all().back());
  }
  return {};
}

void Traced::tick() {
  if (life_.traced()) look_after();
  if (life_.state() == TargetState::kEnding && groups_.detached()) life_.let_go();
}

void Traced::look_after() {
  if (const Liveness life = target_->process().liveness(); life != Liveness::kAlive) {
    looks_->give_up();
    samplings_.stop();
    // Of one that nobody has waited for yet the kernel still tells what it took.
    if (target_->process().cpu_time_ns()) {
      groups_.charge();
      groups_.post_cost();
    }
    end_window(life == Liveness::kExited ? WindowEnd::kExited : WindowEnd::kExeced, monotonic_ns());
    detach();
    return;
  }
  const std::uint64_t now = monotonic_ns();
  if (looks_->contradiction()) {
    looks_->give_up();
    notices_.add(looks_->contradiction()->message);
    end_window(WindowEnd::kContradicted, now);
    detach();
    return;
  }
  if (!proven_ && target_->proven()) {
    proven_ = true;
    follow_groups();
  }
  if (groups_.phases()) mind_phases(now);
  looks_->mind_loss(dropped(), now);
  if (const auto at = groups_.follow_plugins()) {
    lifecycle_throughout_ = false;
    follow_groups();
    looks_->at(*at);
  }
  groups_.charge();
  if (const GroupMask stay = groups_.affordable(now, looks_->rested(now)); stay != groups_.on())
    switch_groups(stay, TargetGroups::Why::kBudget, "over the budget: " + groups_.overrun());
  if (groups_.orphaned())
    switch_groups(0, TargetGroups::Why::kOther,
                  "the thread that they were attached through has exited: they may see nothing any more");
  samplings_.mind_loss(dropped_samples());
  looks_->tick(now);
}

bool Traced::refresh() {
  return !life_.traced() || looks_->refresh(monotonic_ns());
}

void Traced::note_standing() {
  auto standing = pipeline_.standing(id_, monotonic_ns());
  if (!standing) notices_.add(standing.error().message);
  standing_ = standing ? std::move(*standing) : StandingWaits{};
}

void Traced::begin_dump(WaitsWanted waits) {
  dump_.emplace(target_, std::move(standing_), workers_.looks, waits);
}

Result<Dump> Traced::end_with_dump() {
  auto dump = dump_->take();
  if (dump) end_window(WindowEnd::kWindow, dump->snapshot.counts.end_ns);
  return dump;
}

void Traced::know_waits(Dump& dump) {
  auto answer = pipeline_.open_waits(id_, life_.end_ns());
  if (!answer) notices_.add(answer.error().message);
  OpenWaits open = answer ? std::move(*answer) : OpenWaits{};
  // A wait whose end has not arrived looks open.
  if (pipeline_.events(id_).on_their_way() != 0) open.waits.clear();
  // Where a transition is not seen, that no event came proves nothing.
  std::erase_if(open.waits, [this](const OpenWait& wait) {
    return (groups_.incomplete() & group_bit(wait.in_syscall ? GT_GROUP_SYSCALL : GT_GROUP_BLOCK)) != 0;
  });
  dump_->know_waits(dump, open);
}

void Traced::know_creations(Dump& dump) {
  auto answer = pipeline_.creations(id_, life_.end_ns());
  if (answer) {
    dump.creations = std::move(*answer);
  } else {
    notices_.add(answer.error().message);
  }
}

void Traced::begin_end(bool with_a_look) {
  if (!life_.traced()) return;
  using enum TargetLooks::AtTheEnd;
  looks_->begin_end(!with_a_look ? kNothing : lifecycle_throughout_ ? kLookAndReading : kLook);
}

bool Traced::looks_ended(std::uint64_t until_ns) {
  return !life_.traced() || looks_->ended(until_ns);
}

void Traced::stop_looks() {
  if (life_.traced()) looks_->stop();
}

void Traced::leave_looks(std::uint64_t deadline_ns) {
  if (!life_.traced()) return;
  looks_->leave(deadline_ns);
  groups_.charge();
  groups_.post_cost();
}

// Sites go one by one: what comes in while they do is no longer the whole story, so the window ends before
// the first detach.
void Traced::end_window(WindowEnd how, std::uint64_t at_ns) {
  if (!life_.end(how, at_ns)) return;
  groups_at_end_ = groups_.on();
  if (!target_->proven() && how != WindowEnd::kContradicted) {
    notices_.add(
        "the window ended before any goroutine could be held against what is known of this binary's runtime: "
        "what the probes read is told as they read it");
  }
  pipeline_.router().post({id_, at_ns, TargetEnded{}});
}

void Traced::detach() {
  if (auto off = groups_.detach(); !off) notices_.add(off.error().message);
}

void Traced::detached() {
  groups_.gone();
  life_.let_go();
}

Result<Tables> Traced::tables() {
  auto tables = pipeline_.tables(id_, life_.over() ? life_.end_ns() : monotonic_ns()).get();
  if (!tables) return tables;
  tables->stacks.each(
      [this](std::uint64_t id, const StackPcs& stack) { symbols_.add(id, stack.pcs, stack.truncated); });
  count_unread(*tables, facts());
  return tables;
}

void Traced::ask_counters() {
  if (life_.traced()) looks_->ask_counters();
}

void Traced::await_counters(std::uint64_t until_ns) {
  if (life_.traced()) (void)looks_->await_counters(until_ns);
}

Sample Traced::begin_sample() {
  if (life_.traced()) groups_.post_cost();
  Sample s;
  s.events = pipeline_.events(id_);
  s.groups = life_.over() ? groups_at_end_ : groups_.on();
  return s;
}

// An answer that is late is of an earlier time, and says so.
Sample Traced::complete(Sample sample, const Answer& answer) const {
  sample.totals = *answer.tables;
  sample.at_ns = sample.totals.at_ns;
  sample.live_known =
      sample.totals.looked || (samplings_.of_goroutines().running() && !groups_.is_on(GT_GROUP_LIFECYCLE));
  sample.counters = answer.counters;
  if (answer.cost) sample.cost = {answer.cost->hits, answer.cost->charged_ns, answer.cost->target_cpu_ns};
  return sample;
}

std::optional<CrossCheck> Traced::cross_check() const {
  const auto &first = looks_->first_reading(), &last = looks_->last_reading();
  if (!lifecycle_throughout_ || !first || !last) return std::nullopt;
  return CrossCheck{first->counters, last->counters, first->before, first->after, last->before, last->after};
}

StatFacts Traced::facts() const {
  StatFacts f;
  f.target = target_->facts();
  f.begin_ns = life_.begin_ns();
  f.end_ns = life_.end_ns();
  f.wait_reasons = target_->binary().wait_reasons();
  f.requested = options_.groups;
  f.on_at_end = life_.over() ? groups_at_end_ : groups_.on();
  f.incomplete = groups_.incomplete();
  f.detached = groups_.detached();
  f.phases = groups_.phases();
  samplings_.tell(f);
  f.cost = groups_.cost();
  f.shared_probes = groups_.shared_probes();
  if (pipeline_.capture() != nullptr) f.calibrated = pipeline_.trap_costs();
  f.events = pipeline_.events(id_);
  if (!life_.over()) f.events.in_window.reset();
  if (const auto& start = looks_->start()) {
    f.live_at_start = start->live;
    f.of_c_threads_at_start = start->of_c_threads;
  }
  f.cross_check = cross_check();
  if (const auto &first = looks_->first_counters(), &last = looks_->counters(); first && last) {
    f.counters_begin = first->counters;
    f.counters_end = last->counters;
    f.runtime_latency =
        runtime_latency(target_->binary().version().minor, {first->counters.time_ns, first->time_to_run},
                        {last->counters.time_ns, last->time_to_run});
  }
  if (const auto how = life_.how_it_ended()) f.ended_by = name_of(*how);
  f.notices = notices_.all();
  if (auto changed = target_->file_notice()) f.notices.push_back(*std::move(changed));
  return f;
}

}  // namespace gorotrace
