#include "session/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "capture/drop_reason.h"
#include "probe/hooks.h"

namespace gorotrace {
namespace {

// A look at all goroutines may take 1/20 of one CPU of the tracer: the next one waits 20 times as long as the
// last took.
constexpr std::uint64_t kLookRest = 20;
constexpr std::uint64_t kLookAfterGapNs = 100'000'000;
constexpr std::uint64_t kOnAheadNs = 20'000'000;
constexpr std::uint64_t kNever = ~std::uint64_t{0};
constexpr std::uint64_t kSettleNs = 500'000'000;

void notice(Traced& t, std::string text) {
  if (std::ranges::find(t.notices, text) == t.notices.end()) t.notices.push_back(std::move(text));
}

// Wake-ups that injectglist hides are inferred when the goroutines run: none is missed.
void note_unplanned(Traced& t, GroupMask wanted) {
  for (const Unplanned& u : t.plan.unplanned) {
    const GroupMask groups = groups_of(u.hook) & wanted;
    if (u.expected || groups == 0 || u.hook == GT_HOOK_INJECT) continue;
    t.incomplete |= groups;
    notice(t, fmt::format("{} is not seen in {}: {}", hook_name(u.hook), u.function, u.reason));
  }
}

Witness::Totals created_exited(const Tables& totals) {
  return {totals.created, totals.exited};
}

}  // namespace

Result<std::unique_ptr<Session>> Session::make(const SessionOptions& options) {
  std::unique_ptr<Session> session(new Session(options));
  session->aggregator_ = std::make_unique<Aggregator>();
  if (options.groups == 0) return session;

  CaptureOptions capture_options = options.capture;
  capture_options.groups = options.groups;
  auto capture = Capture::make(capture_options);
  if (!capture) return std::unexpected(capture.error());
  session->capture_ = std::move(*capture);
  session->costs_ = session->capture_->trap_costs();
  session->reader_ = std::make_unique<RecordReader>(*session->capture_, *session->aggregator_);
  return session;
}

Session::~Session() {
  if (capture_) capture_->detach_all();
}

Status Session::add(std::unique_ptr<Target> target) {
  auto t = std::make_unique<Traced>();
  t->target = std::move(target);
  Target& go = *t->target;
  const StackTable::Source walked = [this](std::uint64_t id) -> std::optional<StackTable::Stack> {
    const auto stack = capture_ ? capture_->stack(id) : std::nullopt;
    if (!stack) return std::nullopt;
    const std::size_t depth = std::min<std::size_t>(stack->depth, GT_MAX_STACK_FRAMES);
    return StackTable::Stack{{stack->pcs, stack->pcs + depth}, stack->truncated != 0};
  };
  t->preempted = std::make_unique<PreemptedStacks>(
      TextRange{go.binary().pclntab().text() + go.load_bias(),
                go.binary().pclntab().etext() + go.load_bias()},
      [&go](std::uint64_t pc) { return go.binary().pclntab().sp_delta(pc - go.load_bias()); }, walked);
  t->stacks = std::make_unique<StackTable>(pclntab_lookup(go.binary().pclntab()), go.load_bias(),
                                           [walked, preempted = t->preempted.get()](std::uint64_t id) {
                                             auto whole = preempted->find(id);
                                             return whole ? whole : walked(id);
                                           });
  t->governor.emplace(options_.budget);
  t->slot = static_cast<TargetSlot>(traced_.size());
  if (capture_) {
    std::vector<std::string> shared;
    auto plan = go.plan(costs_, shared);
    if (!plan) return std::unexpected(plan.error());
    t->plan = std::move(*plan);
    note_unplanned(*t, options_.groups);
    for (const std::string& site : shared)
      notice(*t, site + " already carries a breakpoint of another tracer; both count");
    auto slot = capture_->add_target(go.process().pid(), go.process().executable_path(),
                                     go.bpf_config(options_.stacks), t->plan);
    if (!slot) return std::unexpected(slot.error());
    t->slot = *slot;
  }

  ModelConfig model;
  model.is_system = [&go](std::uint64_t startpc) { return go.is_system(startpc); };
  model.wait_reasons = go.binary().wait_reasons();
  // With a link register the caller of a leaf or a prologue is in no frame and in no word of the stack.
  if (!kLinkRegister) {
    model.whole_stack = [preempted = t->preempted.get()](std::uint64_t stack, std::uint64_t at_sp,
                                                         std::uint64_t above_frame) {
      return preempted->complete(stack, at_sp, above_frame);
    };
  }
  if (options_.on_wait) {
    model.on_wait = [this, &go](const Wait& wait) { options_.on_wait(go, wait); };
  }
  aggregator_->add_target(t->slot, std::move(model));
  t->census = std::make_unique<TargetCensus>(
      go.process(), go.census_subject(options_.stacks), [this, traced = t.get()](std::uint64_t at_ns) {
        // Without probes nobody else tells the aggregator that time has passed; not beyond at_ns, or it would
        // answer as of later.
        if (!reader_) aggregator_->push({.rings = {}, .watermark_ns = at_ns, .dropped = std::nullopt});
        return aggregator_->tables(traced->slot, at_ns);
      });
  if (auto armed = arm(*t); !armed) {
    aggregator_->remove_target(t->slot);
    (void)aggregator_->totals(t->slot, 0);  // answered behind the removal: the model refers to the target
    if (capture_) capture_->remove_target(t->slot);
    return armed;
  }
  go.binary()
      .image()
      .release_memory();  // planning went through all of it; frames need a few pages of it again
  traced_.push_back(std::move(t));
  return {};
}

Status Session::arm(Traced& t) {
  const Process& process = t.target->process();
  t.cpu_at_begin_ns = process.cpu_time_ns().value_or(0);
  if (capture_) {
    auto on = capture_->set_groups(t.slot, options_.groups);
    if (!on) return wrap(on.error(), fmt::format("attaching to process {}", process.pid()));
    t.groups_on = *on;
  }
  t.begin_ns = monotonic_ns();
  post_groups(t, t.groups_on, true, t.begin_ns);
  mind_census(t);
  const auto first = look_and_read(t);
  if (process.liveness() != Liveness::kAlive) {
    return fail(ErrorKind::kNoProcess,
                fmt::format("process {} ended while it was being attached", process.pid()));
  }
  if (first) {
    t.counters_begin = first->counters;
    if ((t.groups_on & group_bit(GT_GROUP_LIFECYCLE)) != 0)
      t.witness =
          Witness{first->counters, first->counters, first->before, first->after, first->before, first->after};
  } else {
    notice(t, "the runtime's counters are not available in this binary: no witness beside the probes");
  }
  // The first look took a while: what came and went meanwhile is taken back out.
  const Tables now = aggregator_->totals(t.slot, as_of(t));
  t.live_at_start = now.live + (now.exited - now.exited_system) - (now.created - now.created_system);
  t.of_c_threads_at_start = now.of_c_threads;
  return {};
}

std::size_t Session::look(Traced& t) {
  auto snapshot =
      t.target->goroutines().read(options_.stacks ? StackDepth::kAsProbes : StackDepth::kNoStacks);
  const std::uint64_t now = monotonic_ns();
  if (!snapshot) {
    t.next_look_ns = now + options_.interval_ns;
    if (t.target->process().liveness() == Liveness::kAlive) notice(t, snapshot.error().message);
    return 0;
  }
  const std::uint64_t took = snapshot->counts.end_ns - snapshot->counts.begin_ns;
  // Memory is asked once an interval (syscalls, and what a gap hid), unless the census does so all the time.
  t.next_look_ns = t.census->running() ? kNever : now + std::max(options_.interval_ns, took * kLookRest);
  for (std::uint32_t i = 0; i < snapshot->stacks.size(); ++i) {
    const StackSet::Stack stack = snapshot->stacks[i];
    t.stacks->add(stack.id, stack.pcs, stack.truncated);
  }
  snapshot->stacks = {};  // the model knows stacks by id
  const std::size_t extra = snapshot->counts.extra;
  aggregator_->post(t.slot, std::move(*snapshot));
  return extra;
}

std::optional<RuntimeCounters> Session::read_counters(Traced& t) {
  CounterReader* reader = t.target->counters();
  if (reader == nullptr) return std::nullopt;
  auto counters = reader->read();
  if (!counters) return std::nullopt;
  t.counters_now = *counters;
  return *counters;
}

std::optional<Session::Reading> Session::reading(Traced& t) {
  Reading r;
  r.before = created_exited(aggregator_->totals(t.slot, as_of(t)));
  const auto counters = read_counters(t);
  if (!counters) return std::nullopt;
  r.counters = *counters;
  r.after = created_exited(aggregator_->totals(t.slot, as_of(t)));
  return r;
}

std::optional<Session::Reading> Session::look_and_read(Traced& t) {
  constexpr int kTries = 4;
  std::size_t extra = look(t);
  auto r = reading(t);
  for (int i = 0; i < kTries && extra != 0 && r; ++i) {
    const std::size_t then = std::exchange(extra, look(t));
    if (then == extra) break;
    r = reading(t);
  }
  return r;
}

void Session::charge_target(Traced& t, std::uint64_t now) {
  const auto cpu = t.target->process().cpu_time_ns();
  if (cpu) t.cost.target_cpu_ns = *cpu - t.cpu_at_begin_ns;
  if (!capture_) return;
  const std::vector<SiteCounters> counters = capture_->site_counters(t.slot);
  std::vector<SiteCost> sites;
  for (std::size_t i = 0; i < std::min(counters.size(), t.plan.sites.size()); ++i) {
    sites.push_back({t.plan.sites[i].execution, counters[i].hits, counters[i].sampled, counters[i].sampled_ns,
                     t.plan.sites[i].groups});
  }
  const Charge charged = charge(sites, costs_);
  t.cost.charged_ns = charged.ns;
  t.cost.hits = charged.hits;
  if (t.groups_on == 0 || !cpu) return;
  const GroupMask allowed = t.governor->step(now, charged, *cpu, t.groups_on);
  if (allowed != t.groups_on) switch_groups(t, allowed, "over the budget");
}

void Session::switch_groups(Traced& t, GroupMask want, const std::string& reason) {
  const GroupMask before = t.groups_on;
  // Off before the first site goes: they go one by one, and half a state machine makes transitions that never
  // were.
  const std::uint64_t off_ns = monotonic_ns();
  post_groups(t, before & ~want, false, off_ns);
  auto on = capture_->set_groups(t.slot, want);
  if (!on) notice(t, on.error().message);
  t.groups_on = on.value_or(before);
  // On after the last one came, from a moment that no record has reached yet: coverage claims only what was
  // armed throughout, and all of that is applied as covered.
  const std::uint64_t on_ns = monotonic_ns() + kOnAheadNs;
  const GroupMask gone = before & ~t.groups_on, came = t.groups_on & (~before | ~want);
  post_groups(t, came, true, on_ns);
  for (const gt_group group : kDetachOrder) {
    if ((gone & group_bit(group)) != 0) t.detached.push_back({group, off_ns, reason});
  }
  if ((gone & group_bit(GT_GROUP_LIFECYCLE)) != 0) t.witness.reset();
  mind_census(t);
  if (came == 0) {
    look(t);
  } else {
    t.next_look_ns = on_ns;
  }
}

void Session::post_groups(const Traced& t, GroupMask groups, bool on, std::uint64_t at_ns) {
  for (int i = 0; i < GT_GROUP_COUNT; ++i) {
    const auto group = static_cast<gt_group>(i);
    if ((groups & group_bit(group)) != 0) aggregator_->post_group(t.slot, group, on, at_ns);
  }
}

void Session::mind_census(Traced& t) {
  const bool wanted = options_.census_cpu > 0 && (t.groups_on & group_bit(GT_GROUP_BLOCK)) == 0;
  if (wanted == t.census->running()) return;
  if (!wanted) t.census->stop();
  double counted = wanted ? 1 : 0;
  for (const auto& other : traced_) counted += other.get() != &t && other->census->running() ? 1 : 0;
  const double share = options_.census_cpu / counted;
  if (wanted) {
    if (auto started = t.census->start(share); !started) notice(t, started.error().message);
  }
  for (const auto& other : traced_) other->census->set_share(share);
}

Status Session::set_groups(std::size_t target, GroupMask groups, const std::string& reason) {
  if (!capture_) return fail(ErrorKind::kUsage, "this session runs without probes");
  Traced& t = *traced_[target];
  if (t.state != TargetState::kTraced) return fail(ErrorKind::kNoProcess, "the target has ended");
  switch_groups(t, groups, reason);
  if (t.groups_on != groups)
    return fail(ErrorKind::kFailed, t.notices.empty() ? "groups were not switched" : t.notices.back());
  return {};
}

void Session::tick() {
  const std::uint64_t dropped = capture_ ? capture_->counters().dropped_total() : 0;
  for (auto& owned : traced_) {
    Traced& t = *owned;
    if (t.state != TargetState::kTraced) continue;
    const std::uint64_t now = monotonic_ns();
    if (const Liveness life = t.target->process().liveness(); life != Liveness::kAlive) {
      t.state = life == Liveness::kExited ? TargetState::kExited : TargetState::kExeced;
      end_target(t, now);
      continue;
    }
    if (dropped > t.dropped_seen) t.next_look_ns = std::min(t.next_look_ns, now + kLookAfterGapNs);
    t.dropped_seen = dropped;
    charge_target(t, now);
    t.census->move_stacks(*t.stacks);
    if (now >= t.next_look_ns) look(t);
  }
  if (reader_ && reader_->error() != 0) {
    for (auto& t : traced_)
      notice(*t, fmt::format("the ring buffers cannot be read any more: errno {}", reader_->error()));
  }
}

void Session::take_final_tables(Traced& t, std::uint64_t at_ns) {
  t.census->stop();
  t.census->move_stacks(*t.stacks);
  t.end_ns = at_ns;
  // Sites go one by one: what comes in while they do is no longer the whole story, so the tables are taken
  // first.
  t.final_tables = t.census->over(aggregator_->tables(t.slot, as_of(t)));
  t.groups_at_end = t.groups_on;
}

void Session::end_target(Traced& t, std::uint64_t at_ns) {
  take_final_tables(t, at_ns);
  if (t.groups_on == 0) return;
  if (auto off = capture_->set_groups(t.slot, 0); !off) notice(t, off.error().message);
  t.groups_on = 0;
}

void Session::finish() {
  for (auto& owned : traced_) {
    Traced& t = *owned;
    if (t.end_ns != 0) continue;
    if (auto last = look_and_read(t); last && t.witness) {
      t.witness->end = last->counters;
      t.witness->before_end = last->before;
      t.witness->after_end = last->after;
    }
    t.census->stop();
    const std::uint64_t end = monotonic_ns();
    charge_target(t, end);
    take_final_tables(t, end);
  }
  if (!capture_) return;
  capture_->detach_all();
  for (auto& t : traced_) t->groups_on = 0;
  reader_->catch_up(monotonic_ns());
  // Nothing produces any more: wait until all of it has arrived, so that the account closes.
  const std::uint64_t deadline = monotonic_ns() + kSettleNs;
  for (EventFacts e = events(); e.produced != e.received + e.dropped_total() && monotonic_ns() < deadline;
       e = events()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

bool Session::any_alive() const {
  return std::ranges::any_of(traced_, [](const auto& t) { return t->state == TargetState::kTraced; });
}

std::uint64_t Session::as_of(const Traced& t) {
  const std::uint64_t now = monotonic_ns();
  const std::uint64_t at = t.end_ns != 0 ? t.end_ns : now;
  // Without probes there is no reader whose drains tell the aggregator that time has passed.
  if (reader_)
    reader_->catch_up(at);
  else
    aggregator_->push({.rings = {}, .watermark_ns = now, .dropped = std::nullopt});
  return at;
}

Tables Session::tables(std::size_t target) {
  Traced& t = *traced_[target];
  if (t.final_tables) return *t.final_tables;
  t.census->move_stacks(*t.stacks);
  return t.census->over(aggregator_->tables(t.slot, as_of(t)));
}

Sample Session::sample(std::size_t target) {
  Traced& t = *traced_[target];
  Sample s;
  if (t.end_ns == 0) (void)read_counters(t);
  s.at_ns = as_of(t);
  if (t.final_tables) {
    s.totals = *t.final_tables;
  } else {
    s.totals = aggregator_->totals(t.slot, s.at_ns);
    t.census->update(s.totals, (t.groups_on & group_bit(GT_GROUP_LIFECYCLE)) != 0);
  }
  s.counters = t.counters_now;
  s.cost = t.cost;
  s.events = events();
  s.groups = t.groups_on;
  return s;
}

StatFacts Session::facts(std::size_t target) const {
  const Traced& t = *traced_[target];
  const GoBinary& go = t.target->binary();
  StatFacts f;
  f.target = t.target->facts();
  f.begin_ns = t.begin_ns;
  f.end_ns = t.end_ns;
  f.wait_reasons = go.wait_reasons();
  f.requested = options_.groups;
  f.on_at_end = t.end_ns != 0 ? t.groups_at_end : t.groups_on;
  f.incomplete = t.incomplete;
  f.detached = t.detached;
  if (t.census->ever_ran()) f.census = t.census->facts();
  f.cost = t.cost;
  f.calibrated = costs_;
  f.events = events();
  f.live_at_start = t.live_at_start;
  f.of_c_threads_at_start = t.of_c_threads_at_start;
  f.witness = t.witness;
  f.counters_begin = t.counters_begin;
  f.counters_end = t.counters_now;
  if (t.state == TargetState::kExited) f.ended_by = "the target exited";
  if (t.state == TargetState::kExeced) f.ended_by = "the target executed another program";
  f.notices = t.notices;
  return f;
}

EventFacts Session::events() const {
  EventFacts e;
  e.received = aggregator_->counts().received;
  if (!capture_) return e;
  const CaptureCounters kernel = capture_->counters();
  e.produced = kernel.produced;
  for (std::size_t i = 0; i < GT_DROP_COUNT; ++i) {
    e.dropped.emplace_back(drop_reason_name(static_cast<gt_drop>(i)), kernel.dropped[i]);
  }
  for (std::size_t i = 0; i < GT_STACK_FAIL_COUNT; ++i) {
    e.stack_failed.emplace_back(stack_fail_name(static_cast<gt_stack_fail>(i)), kernel.stack_failed[i]);
  }
  return e;
}

std::optional<AttachMode> Session::attach_mode() const {
  if (!capture_) return std::nullopt;
  return capture_->mode();
}

}  // namespace gorotrace
