#include "session/target_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "capture/apart.h"
#include "capture/leftovers.h"
#include "probe/hooks.h"
#include "session/armed_check.h"

namespace gorotrace {
namespace {
constexpr std::uint64_t kOnAheadNs = 20'000'000;
constexpr const char* kSharedOverrun =
    "the traps of probes that it shares cost another target of the file too much";

std::string slowdown_text(const Slowdown& slowdown) {
  const auto times = slowdown.times();
  return times ? fmt::format("; while traced it takes {:.2f} times the CPU for the same work", *times) : "";
}
}  // namespace

TargetGroups::TargetGroups(const Target& target, Pipeline& pipeline, const Budget& budget, Notices& notices)
    : target_(target),
      pipeline_(pipeline),
      notices_(notices),
      plugins_(target, pipeline, notices),
      governor_(budget, random_u64()),
      phases_wanted_(budget.phases) {
  cost_.budget_share = budget.target_share;
}

Result<TargetId> TargetGroups::plan(const EventsWanted& wanted, TargetId otherwise) {
  id_ = otherwise;
  Capture* capture = pipeline_.capture();
  if (capture == nullptr) return id_;
  std::vector<std::string> shared;
  auto plan = target_.plan(pipeline_.trap_costs(), shared);
  if (!plan) return std::unexpected(plan.error());
  plan_ = std::move(*plan);
  wanted_ = wanted.groups;
  note_unplanned(wanted.groups);
  const Process& process = target_.process();
  const LinkSharing::Decision links =
      pipeline_.sharing().add(process.pid(), target_.binary().image().file().identity());
  if (!links.notice.empty()) notices_.add(links.notice);
  if (links.joins) shared.clear();  // ours: they are in the text of every process of the file
  if (!shared.empty()) {            // of a living tracer, or left by one that was killed
    auto removed = remove_leftovers(capture->mode(), process.task(), target_.file().open_path(), plan_);
    if (!removed) return wrap(removed.error(), "removing what a killed tracer left");
    shared.clear();
    if (auto again = target_.plan(pipeline_.trap_costs(), shared); !again)
      return std::unexpected(again.error());
  }
  for (const std::string& site : shared)
    notices_.add(site + " already carries a breakpoint of another tracer; both count");
  attached_through_ = process.task();
  const auto tgid = capture->initial_pid(process.pid());
  if (!tgid) return std::unexpected(tgid.error());
  auto id = capture->add_target(attached_through_, target_.file().open_path(),
                                target_.bpf_config(*tgid, wanted), plan_, links.scope);
  if (!id) return id;
  id_ = *id;
  incomplete_ |= plugins_.add(id_, attached_through_, plan_, wanted_);
  return id;
}

void TargetGroups::note_unplanned(GroupMask wanted) {
  for (const Unplanned& u : plan_.unplanned) {
    const GroupMask groups = groups_of(u.hook) & wanted;
    if (u.expected || u.inferred || groups == 0) continue;
    incomplete_ |= groups;
    notices_.add(fmt::format("{} is not seen in {}: {}", name_of(u.hook), u.function, u.reason));
  }
}

// Shared links were attached through nobody: they name no process.
bool TargetGroups::orphaned() const {
  return on_ != 0 && target_.process().task() != attached_through_ && !pipeline_.capture()->shared_links(id_);
}

Result<GroupMask> TargetGroups::attach(GroupMask wanted) {
  Capture& capture = *pipeline_.capture();
  const std::uint64_t before_ns = apart_cpu_ns();
  auto on = capture.set_groups(id_, wanted);
  // And as much again for letting go, which is done later and beside others: 0.1 to 0.7 ms either (6.18).
  attach_ns_ += 2 * (apart_cpu_ns() - before_ns);
  if (!on) return on;
  auto armed = check_armed(target_.process(), plan_, target_.load_bias(), *on);
  if (armed) armed = plugins_.check_armed(*on);
  if (armed) return on;
  on_ = capture.set_groups(id_, 0).value_or(0);
  return std::unexpected(armed.error());
}

Result<std::uint64_t> TargetGroups::arm(GroupMask wanted) {
  cpu_at_begin_ns_ = target_.process().cpu_time_ns().value_or(0);
  if (pipeline_.capture() != nullptr) {
    limit(wanted);
    auto on = attach(wanted);
    if (!on) return wrap(on.error(), fmt::format("attaching to process {}", target_.process().pid()));
    on_ = *on;
    if (on_ != wanted) notices_.add(fmt::format("{} are off: {}", group_list(wanted & ~on_), kSharedOverrun));
  }
  const std::uint64_t begin_ns = monotonic_ns();
  post(on_, true, begin_ns);
  charge();
  (void)affordable(begin_ns, false);  // what the next figures are held against
  return begin_ns;
}

// Half a state machine makes transitions that never were: all groups pause while those of the plugins come.
std::optional<std::uint64_t> TargetGroups::follow_plugins() {
  if (pipeline_.capture() == nullptr || !plugins_.due()) return std::nullopt;
  const GroupMask before = on_;
  post(before, false, monotonic_ns());
  incomplete_ |= plugins_.add(id_, attached_through_, plan_, wanted_) | wanted_;
  notices_.add(
      fmt::format("{} came while the process was traced: go statements, wake-ups and system calls of its "
                  "code were not seen before its probes came",
                  plugins_.names()));
  auto on = attach(before);
  if (!on) notices_.add(on.error().message);
  on_ = on.value_or(on_);
  const std::uint64_t on_ns = monotonic_ns() + kOnAheadNs;
  post(on_, true, on_ns);
  return on_ns;
}

void TargetGroups::release() {
  pipeline_.sharing().remove(target_.process().pid());
  if (Capture* capture = pipeline_.capture(); capture != nullptr) capture->remove_target(id_);
}

Status TargetGroups::detach() {
  if (std::exchange(on_, 0) == 0) return {};
  if (auto off = pipeline_.capture()->set_groups(id_, 0); !off) return std::unexpected(off.error());
  return {};
}

bool TargetGroups::detached() {
  Capture* capture = pipeline_.capture();
  if (capture == nullptr) return true;
  if (on_ != 0 || capture->detaching(id_)) return false;
  capture->disown(id_);
  return true;
}

void TargetGroups::charge() {
  cpu_ns_ = target_.process().cpu_time_ns();
  if (cpu_ns_) cost_.target_cpu_ns = *cpu_ns_ - cpu_at_begin_ns_;
  const Capture* capture = pipeline_.capture();
  if (capture == nullptr) return;
  const std::vector<SiteCounters> counters = capture->site_counters(id_);
  std::vector<SiteCost> sites;
  for (std::size_t i = 0; i < std::min(counters.size(), plan_.sites.size()); ++i) {
    const SiteCounters& count = counters[i];
    const Site& site = plan_.sites[i];
    sites.push_back(
        {site.execution, count.hits - count.skipped, count.sampled, count.sampled_ns, site.groups});
    sites.push_back({site.execution, count.skipped, 0, 0, site.groups});  // a trap, and hardly any program
  }
  const Charge before = std::exchange(charged_, gorotrace::charge(sites, pipeline_.trap_costs()));
  note_traced();
  weighted_.add_weighted(before, charged_, slowdown_.weight());
  cost_.charged_ns = charged_.ns + static_cast<double>(attach_ns_);
  cost_.hits = charged_.hits;
}

// While probes come or go the target is neither traced nor left alone.
void TargetGroups::note_traced() {
  const bool on = is_on(GT_GROUP_BLOCK);
  const bool hit = (pipeline_.capture()->trapped(id_) & group_bit(GT_GROUP_BLOCK)) != 0;
  slowdown_.traced(on == hit ? std::optional(on) : std::nullopt, monotonic_ns());
  if (cpu_ns_) slowdown_.charged(*cpu_ns_, charged_.ns);
}

void TargetGroups::post_cost() const {
  pipeline_.router().post(
      {id_, monotonic_ns(), CostCharged{cost_.hits, cost_.target_cpu_ns, cost_.charged_ns}});
}

// Perf events are attached one by one, each some ten ms; and what is shared is not this target's alone to
// take and to bring back.
bool TargetGroups::in_phases() const {
  const Capture* capture = pipeline_.capture();
  return phases_wanted_ && capture != nullptr && capture->mode() == AttachMode::kUprobeMulti &&
         !capture->shared_links(id_);
}

// Lifecycle, on which others rest, falls silent last, and so do those that are hardly ever hit.
void TargetGroups::limit(GroupMask on) {
  const auto allowed = in_phases() ? governor_.allowed_ns() : std::nullopt;
  if (!allowed || on == 0) return;
  constexpr double kProgramNs = 500;  // of a hit, as long as none was timed
  const double each = cost_.hits > 0 ? cost_.charged_ns / static_cast<double>(cost_.hits) * slowdown_.weight()
                                     : pipeline_.trap_costs().emulated_ns + kProgramNs;
  const GroupMask others = on & ~(group_bit(GT_GROUP_LIFECYCLE) | kRareGroups);
  HitLimit limit{static_cast<std::uint64_t>(*allowed / std::max(each, 1.0)), 0, others != 0 ? others : on};
  for (std::size_t i = 0; i < plan_.sites.size(); ++i) {
    if ((plan_.sites[i].groups & on & ~limit.groups) == 0) limit.sites |= gt_u64{1} << i;
  }
  pipeline_.capture()->limit(id_, limit);
}

GroupMask TargetGroups::affordable(std::uint64_t now_ns, bool may_return) {
  Capture* capture = pipeline_.capture();
  if (capture == nullptr || !cpu_ns_) return on_;
  const GroupMask trapped = capture->trapped(id_), back = may_return ? took_ : 0;
  if (trapped == 0 && took_ == 0) return on_;
  Charge lost = weighted_;
  lost.ns += static_cast<double>(attach_ns_);
  const GroupMask affordable =
      governor_.step(now_ns, lost, *cpu_ns_, trapped, trapped | back, capture->over_limit(id_) & trapped);
  if ((capture->over_limit(id_) & trapped) == 0 && !capture->detaching(id_)) capture->lift_limit(id_);
  limit(trapped);
  if ((trapped & ~affordable) != 0) overrun_ = governor_.overrun() + slowdown_text(slowdown_);
  // What is off for this target already still costs it the traps, if others have it on.
  if (const GroupMask dear = trapped & ~affordable & ~on_ & capture->permitted(id_); dear != 0) {
    capture->withdraw(id_, dear);
    notices_.add(fmt::format(
        "the traps of {} alone, which other targets of the file had on, cost {}: taken from them, too",
        group_list(dear), governor_.overrun()));
  }
  const GroupMask stay = (on_ | back) & affordable;
  if (const GroupMask withdrawn = stay & ~capture->permitted(id_); withdrawn != 0) {
    overrun_ = kSharedOverrun;
    return stay & ~withdrawn;
  }
  return stay;
}

std::optional<SharedProbes> TargetGroups::shared_probes() const {
  const Capture* capture = pipeline_.capture();
  const auto links = capture != nullptr ? capture->shared_links(id_) : std::nullopt;
  if (!links) return std::nullopt;
  return SharedProbes{links->targets, links->others_hits};
}

std::optional<std::uint64_t> TargetGroups::switch_to(GroupMask want, Why why, const std::string& reason) {
  const GroupMask before = on_;
  // Off before the first site goes: they go one by one, and half a state machine makes transitions that never
  // were.
  const std::uint64_t off_ns = monotonic_ns();
  post(before & ~want, false, off_ns);
  if ((want & ~before) != 0) {
    pipeline_.capture()->lift_limit(id_);
    limit(want);
  }
  auto on = attach(want);
  // How one ended that is gone is told elsewhere.
  if (!on && on.error().kind != ErrorKind::kNoProcess) notices_.add(on.error().message);
  on_ = on.value_or(on_);
  // On after the last one came, from a moment that no record has reached yet: coverage claims only what was
  // armed throughout, and all of that is applied as covered.
  const std::uint64_t on_ns = monotonic_ns() + kOnAheadNs;
  const GroupMask gone = before & ~on_, came = on_ & (~before | ~want);
  post(came, true, on_ns);
  if (came != 0) came_on_ns_ = on_ns;
  if (why == Why::kBudget && in_phases()) {
    note_phase(gone, came, reason);
  } else {
    took_ = 0;
    for (const gt_group group : kDetachOrder) {
      if ((gone & group_bit(group)) != 0) detached_.push_back({group, off_ns, reason});
    }
  }
  if (!on) took_ = 0;  // what cannot be attached is not tried over and over again
  return came != 0 ? std::optional(on_ns) : std::nullopt;
}

std::optional<std::uint64_t> TargetGroups::due_after(std::uint64_t now_ns) const {
  if (!phases_ || on_ == 0) return std::nullopt;
  std::optional<std::uint64_t> due;
  for (const std::uint64_t at : {came_on_ns_, governor_.phase_ends_ns()}) {
    if (at > now_ns && (!due || at < *due)) due = at;
  }
  return due;
}

void TargetGroups::note_phase(GroupMask gone, GroupMask came, const std::string& reason) {
  took_ = (took_ | gone) & ~came;
  if (!phases_)
    phases_ = Phases{.groups = 0, .count = 1, .reason = {}};  // what has been so far was the first
  if (came != 0) ++phases_->count;
  if (gone == 0) return;
  phases_->groups |= gone;
  phases_->reason = reason;
}

void TargetGroups::post(GroupMask groups, bool on, std::uint64_t at_ns) {
  for (int i = 0; i < GT_GROUP_COUNT; ++i) {
    const auto group = static_cast<gt_group>(i);
    if ((groups & group_bit(group)) != 0) pipeline_.router().post({id_, at_ns, GroupChanged{group, on}});
  }
}

}  // namespace gorotrace
