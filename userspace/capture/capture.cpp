#include "capture/capture.h"

#include <fmt/format.h>
#include <linux/bpf.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <future>
#include <mutex>
#include <numeric>
#include <span>

#include "capture/attach_groups.h"
#include "capture/calibration.h"
#include "capture/detacher.h"
#include "capture/initial_pid.h"
#include "capture/kernel_targets.h"
#include "capture/load.h"
#include "capture/selftest.h"
#include "capture/shared_files.h"
#include "capture/slots.h"
#include "capture/stack_store.h"

namespace gorotrace {
namespace {

// In times of what the clock of a program that only sends a record sees: far above any event's time, far
// below a preemption's or, in a VM, a lost CPU's.
constexpr std::uint64_t kLongestSample = 64;

}  // namespace

// Member order is reverse teardown order: links go first, then the programs, then the rings.
struct Capture::Impl {
  Detacher detacher;
  AttachMode mode;
  TrapCosts costs;
  GroupMask loaded;
  LoadedTracer tracer;
  Link exec_watch, exit_watch;
  std::unique_ptr<StackStore> stacks;
  std::optional<KernelTargets> kernel;  // once the programs are loaded
  Slots slots{0};
  std::optional<InitialPids> initial_pids;  // from the first question on that needs it
  std::optional<SharedFiles> shared_files;
  struct Owner {
    TargetId id;
    gt_u32 tgid;
    std::shared_ptr<SharedLinks> shared;  // nullptr: its links are its own
    std::unique_ptr<TargetLinks> links;
    std::vector<std::unique_ptr<AttachGroups>> of_files{};  // add_file()

    // Of all its files; those of a plugin go with the target's own.
    [[nodiscard]] Result<GroupMask> set_groups(GroupMask groups) {
      const GroupMask before = links->groups();
      auto on = links->set_groups(groups);
      for (auto file = of_files.begin(); on && file != of_files.end(); ++file) {
        if (auto also = (*file)->set_groups(*on); !also) on = std::unexpected(also.error());
      }
      if (!on) {
        (void)links->set_groups(before);
        for (const auto& file : of_files) (void)file->set_groups(before & file->groups());
      }
      return on;
    }
    [[nodiscard]] bool detaching() const {
      return links->detaching() ||
             std::ranges::any_of(of_files, [](const auto& file) { return file->detaching(); });
    }
    void take_links(Links& out) {
      std::ranges::move(links->take_links(), std::back_inserter(out));
      for (const auto& file : of_files) std::ranges::move(file->take_links(), std::back_inserter(out));
    }
  };
  std::vector<std::optional<Owner>> owners;  // by slot
  std::atomic<std::uint64_t> passes{0};      // over the rings, that emptied all of them
  mutable std::mutex live_mutex;
  std::vector<TargetId> live;  // those in `owners`, for other threads

  [[nodiscard]] const gorotrace_bpf& skeleton() const { return *tracer.skeleton; }
  [[nodiscard]] Owner* find(TargetId target) {
    const std::size_t slot = slot_of(target);
    return slot < owners.size() && owners[slot] && owners[slot]->id == target ? &*owners[slot] : nullptr;
  }
  [[nodiscard]] const Owner* find(TargetId target) const {
    const std::size_t slot = slot_of(target);
    return slot < owners.size() && owners[slot] && owners[slot]->id == target ? &*owners[slot] : nullptr;
  }

  // Until no program runs any more that was under way at the call: writing a map of maps waits for that
  // (kernel/bpf/syscall.c maybe_wait_bpf_programs), 15 ms.
  void await_programs() const {
    const std::uint32_t first = 0;
    const int ring = tracer.rings->fd(0);
    bpf_map_update_elem(bpf_map__fd(skeleton().maps.rings), &first, &ring, BPF_ANY);
  }
  // By CPU.
  [[nodiscard]] std::vector<gt_stats> stats() const {
    std::vector<gt_stats> per_cpu(static_cast<std::size_t>(std::max(1, libbpf_num_possible_cpus())));
    const std::uint32_t key = 0;
    if (bpf_map_lookup_elem(bpf_map__fd(skeleton().maps.stats), &key, per_cpu.data()) != 0) return {};
    return per_cpu;
  }
};

Capture::Capture(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Capture::~Capture() {
  detach_all();
}

void Capture::detach_all() {
  Links links;
  for (auto& owner : impl_->owners) {
    if (!owner) continue;
    impl_->kernel->hold_goids(owner->id, false);
    owner->take_links(links);
  }
  impl_->detacher.detach(std::move(links)).wait();
}

Result<std::unique_ptr<Capture>> Capture::make(const CaptureOptions& options) {
  // Attaching is waiting for the kernel, loading is work of the verifier's: side by side.
  auto attaching = std::async(std::launch::async, TrapCalibration::attach);
  auto selftest = choose_attach_mode(options.force_mode);
  if (!selftest) return std::unexpected(selftest.error());
  auto tracer = load_tracer(selftest->mode, options);
  if (!tracer) return std::unexpected(tracer.error());
  auto calibration = attaching.get();
  if (!calibration) return wrap(calibration.error(), "calibrating the cost of a probe");
  auto impl = std::make_unique<Impl>();
  const Calibrated calibrated = calibration->measure();
  impl->costs = calibrated.traps;
  Links trials = std::move(selftest->links);
  std::ranges::move(calibration->take_links(), std::back_inserter(trials));
  (void)impl->detacher.detach(std::move(trials));
  impl->mode = selftest->mode;
  impl->loaded = options.groups;
  impl->tracer = std::move(*tracer);
  impl->skeleton().bss->gt_longest_sample_ns =
      options.longest_sample_ns.value_or(kLongestSample * static_cast<std::uint64_t>(calibrated.program_ns));
  impl->exec_watch.reset(bpf_program__attach(impl->skeleton().progs.gt_exec));
  if (!impl->exec_watch) return fail_errno(errno, "attaching to the tracepoint sched_process_exec");
  impl->exit_watch.reset(bpf_program__attach(impl->skeleton().progs.gt_process_exit));
  if (!impl->exit_watch) return fail_errno(errno, "attaching to the tracepoint sched_process_exit");
  auto kernel = KernelTargets::make(impl->skeleton(), options.max_targets);
  if (!kernel) return std::unexpected(kernel.error());
  impl->kernel.emplace(std::move(*kernel));
  impl->shared_files.emplace(impl->skeleton(), impl->detacher, impl->mode);
  impl->slots = Slots(options.max_targets);
  impl->owners.resize(options.max_targets);
  impl->stacks = std::make_unique<StackStore>(bpf_map__fd(impl->skeleton().maps.stacks),
                                              impl->skeleton().bss->gt_stacks_generation);
  return std::unique_ptr<Capture>(new Capture(std::move(impl)));
}

AttachMode Capture::mode() const {
  return impl_->mode;
}

const TrapCosts& Capture::trap_costs() const {
  return impl_->costs;
}

Result<gt_u32> Capture::initial_pid(pid_t pid) {
  if (in_initial_pid_namespace()) return static_cast<gt_u32>(pid);
  if (!impl_->initial_pids) {
    auto made = InitialPids::make();
    if (!made) return std::unexpected(made.error());
    impl_->initial_pids = std::move(*made);
  }
  return impl_->initial_pids->find(pid);
}

Result<TargetId> Capture::add_target(pid_t pid, const std::string& exe_path, const gt_target& config,
                                     Plan plan, LinkScope scope) {
  if (plan.sites.size() > GT_MAX_SITES)
    return fail(ErrorKind::kUnsupported,
                fmt::format("{} probe sites, at most {}", plan.sites.size(), GT_MAX_SITES));
  if (auto valid = KernelTargets::check(config); !valid) return std::unexpected(valid.error());
  // One that has executed another program has no process any more, and its process may be a target again.
  if (std::ranges::any_of(impl_->owners,
                          [&](const auto& o) { return o && impl_->kernel->tgid(o->id) == config.tgid; }))
    return fail(ErrorKind::kUsage, fmt::format("process {} is a target already", pid));
  std::shared_ptr<SharedLinks> shared;
  if (scope == LinkScope::kShared) {
    auto links = impl_->shared_files->open(exe_path, plan);
    if (!links) return std::unexpected(links.error());
    shared = std::move(*links);
  }
  const auto target = impl_->slots.take(impl_->passes);
  if (!target)
    return fail(ErrorKind::kFailed, fmt::format("already tracing {} processes", impl_->owners.size()));
  gt_target written = config;
  written.muted = shared ? SharedMember::initial_mute() : 0;
  if (auto done = impl_->kernel->write(*target, written, shared ? shared->index() : gt_u8{0}); !done) {
    impl_->slots.give_back(*target, impl_->passes);
    return std::unexpected(done.error());
  }
  std::unique_ptr<TargetLinks> links;
  if (shared) {
    links = std::make_unique<SharedMember>(shared, impl_->kernel->config(*target));
  } else {
    gt_cookie whose{};
    whose.target = slot_of(*target);
    whose.generation = generation_of(*target);
    links = std::make_unique<AttachGroups>(impl_->skeleton(), impl_->detacher, impl_->mode,
                                           ProbeScope{.pid = pid, .tgid = config.tgid, .cookie = whose},
                                           exe_path, std::move(plan));
  }
  impl_->owners[slot_of(*target)] = Impl::Owner{*target, config.tgid, std::move(shared), std::move(links)};
  const std::scoped_lock lock(impl_->live_mutex);
  impl_->live.push_back(*target);
  return *target;
}

Status Capture::add_file(TargetId target, pid_t pid, const std::string& path, Plan plan,
                         const std::vector<gt_u8>& counted_as) {
  Impl::Owner* owner = impl_->find(target);
  if (owner == nullptr) return fail(ErrorKind::kFailed, "no such target");
  const auto known = [&](gt_u8 site) { return site < owner->links->sites(); };
  if (plan.sites.size() != counted_as.size() || !std::ranges::all_of(counted_as, known))
    return fail(ErrorKind::kUsage, "a site of another file counts as none of the target's");
  gt_cookie whose{};
  whose.target = slot_of(target);
  whose.generation = generation_of(target);
  owner->of_files.push_back(std::make_unique<AttachGroups>(
      impl_->skeleton(), impl_->detacher, impl_->mode,
      ProbeScope{.pid = pid, .tgid = owner->tgid, .cookie = whose}, path, std::move(plan), counted_as));
  return {};
}

void Capture::disown(TargetId target) {
  if (const Impl::Owner* owner = impl_->find(target)) impl_->kernel->disown(target, owner->tgid);
}

void Capture::remove_target(TargetId target) {
  if (impl_->find(target) == nullptr) return;
  const gt_u32 tgid = impl_->owners[slot_of(target)]->tgid;
  const bool shared = impl_->owners[slot_of(target)]->shared != nullptr;
  impl_->owners[slot_of(target)].reset();
  {
    const std::scoped_lock lock(impl_->live_mutex);
    std::erase(impl_->live, target);
  }
  impl_->kernel->disown(target, tgid);
  if (shared) impl_->await_programs();  // else they ended with the detach, which was waited for
  impl_->slots.give_back(target, impl_->passes);
}

Result<GroupMask> Capture::set_groups(TargetId target, GroupMask groups) {
  Impl::Owner* owner = impl_->find(target);
  if (owner == nullptr) return fail(ErrorKind::kFailed, "no such target");
  if ((groups & ~impl_->loaded) != 0)
    return fail(ErrorKind::kUsage, "a probe group that was not asked for at the start is not loaded");
  TargetLinks& links = *owner->links;
  if (!(groups & links.permitted() & group_bit(GT_GROUP_LIFECYCLE))) impl_->kernel->hold_goids(target, false);
  auto on = owner->set_groups(groups);
  if (links.groups() & group_bit(GT_GROUP_LIFECYCLE)) impl_->kernel->hold_goids(target, true);
  return on;
}

GroupMask Capture::groups(TargetId target) const {
  const Impl::Owner* owner = impl_->find(target);
  return owner != nullptr ? owner->links->groups() : 0;
}

bool Capture::detaching(TargetId target) const {
  const Impl::Owner* owner = impl_->find(target);
  return owner != nullptr && owner->detaching();
}

GroupMask Capture::trapped(TargetId target) const {
  const Impl::Owner* owner = impl_->find(target);
  return owner != nullptr ? owner->links->trapped() : 0;
}

void Capture::withdraw(TargetId target, GroupMask groups) {
  if (const Impl::Owner* owner = impl_->find(target)) owner->links->withdraw(groups);
}

GroupMask Capture::permitted(TargetId target) const {
  const Impl::Owner* owner = impl_->find(target);
  return owner != nullptr ? owner->links->permitted() : 0;
}

std::optional<SharedLinksFacts> Capture::shared_links(TargetId target) const {
  const Impl::Owner* owner = impl_->find(target);
  if (owner == nullptr || !owner->shared) return std::nullopt;
  return SharedLinksFacts{owner->shared->targets(), impl_->shared_files->others_hits(*owner->shared)};
}

void Capture::limit(TargetId target, const HitLimit& limit) {
  if (impl_->find(target) != nullptr) impl_->kernel->limit(target, limit);
}

void Capture::lift_limit(TargetId target) {
  if (impl_->find(target) != nullptr) impl_->kernel->lift_limit(target);
}

GroupMask Capture::over_limit(TargetId target) const {
  return impl_->find(target) != nullptr ? impl_->kernel->over_limit(target) : 0;
}

int Capture::wait(int timeout_ms) {
  return impl_->tracer.rings->wait(timeout_ms);
}

void Capture::wake_reader() {
  impl_->tracer.rings->wake();
}

int Capture::drain(const Sink& sink, const Passed& passed) {
  bool all_emptied = true;
  const int records =
      impl_->tracer.rings->drain(sink, [&](unsigned ring, std::uint64_t began_ns, bool emptied) {
        all_emptied = all_emptied && emptied;
        if (passed) passed(ring, began_ns, emptied);
      });
  if (all_emptied) ++impl_->passes;
  return records;
}

unsigned Capture::ring_count() const {
  return impl_->tracer.rings->count();
}

void Capture::make_room() {
  std::uint64_t stacks_added = 0;
  for (const gt_stats& cpu : impl_->stats()) stacks_added += cpu.stacks_added;
  impl_->stacks->make_room(stacks_added);
}

CaptureCounters Capture::counters() const {
  CaptureCounters out;
  for (const gt_stats& cpu : impl_->stats()) {
    out.produced += cpu.produced;
    out.add(cpu.lost);
  }
  return out;
}

CaptureCounters Capture::counters(TargetId target) const {
  CaptureCounters out;
  if (impl_->find(target) == nullptr) return out;
  for (const SiteCounters& site : impl_->kernel->sites(target)) out.produced += site.hits - site.skipped;
  impl_->kernel->add_losses(target, out);
  return out;
}

std::vector<SiteCounters> Capture::site_counters(TargetId target) const {
  const Impl::Owner* owner = impl_->find(target);
  if (owner == nullptr) return {};
  const auto sites = impl_->kernel->sites(target);
  return {sites.begin(), sites.begin() + static_cast<std::ptrdiff_t>(owner->links->sites())};
}

std::uint64_t Capture::dropped(TargetId target) const {
  return impl_->find(target) != nullptr ? impl_->kernel->dropped(target) : 0;
}

std::vector<std::pair<TargetId, std::uint64_t>> Capture::dropped_by_target() const {
  std::vector<std::pair<TargetId, std::uint64_t>> out;
  const std::scoped_lock lock(impl_->live_mutex);
  out.reserve(impl_->live.size());
  for (const TargetId target : impl_->live) {
    out.emplace_back(target, impl_->kernel->dropped(target));
  }
  return out;
}

std::optional<gt_stack> Capture::stack(std::uint64_t id) const {
  return impl_->stacks->pull(id);
}

// In two steps: kernels before 5.14 cannot do it in one on a hash (kernel/bpf/hashtab.c).
std::optional<gt_value> Capture::take_value(std::uint64_t id) const {
  const int values = bpf_map__fd(impl_->skeleton().maps.values);
  gt_value value{};
  if (bpf_map_lookup_elem(values, &id, &value) != 0) return std::nullopt;
  (void)bpf_map_delete_elem(values, &id);
  return value;
}

std::vector<Capture::ProgramInfo> Capture::programs() const {
  std::vector<ProgramInfo> out;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, impl_->skeleton().obj) {
    bpf_prog_info info{};
    __u32 size = sizeof info;
    if (bpf_prog_get_info_by_fd(bpf_program__fd(program), &info, &size) != 0) continue;
    out.push_back({bpf_program__name(program), info.verified_insns});
  }
  return out;
}

}  // namespace gorotrace
