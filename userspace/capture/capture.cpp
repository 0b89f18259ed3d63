#include "capture/capture.h"

#include <fmt/format.h>
#include <linux/bpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <future>
#include <mutex>
#include <numeric>
#include <span>
#include <thread>

#include "base/random.h"
#include "capture/calibration.h"
#include "capture/detach.h"
#include "capture/initial_pid.h"
#include "capture/load.h"
#include "capture/probe_units.h"
#include "capture/selftest.h"
#include "capture/shared_files.h"
#include "capture/slots.h"
#include "capture/stack_store.h"

namespace gorotrace {
namespace {

// In times of what the clock of a program that only sends a record sees: far above any event's time, far
// below a preemption's or, in a VM, a lost CPU's.
constexpr std::uint64_t kLongestSample = 64;

constexpr std::size_t kActorWindow = 192;  // GT_ACTOR_WINDOW of bpf/lib/maps.bpf.h

// The kernel side clamps every size; these are the assumptions under which what it reads makes sense.
Status check_config(const gt_target& c) {
  if (c.tgid == 0) return fail(ErrorKind::kFailed, "target configuration without a process id");
  if (c.stack_seed == 0)
    return fail(ErrorKind::kFailed, "target configuration without a seed for its stacks");
  if (c.g_window > GT_G_WINDOW || c.g_goid + 8u > c.g_window)
    return fail(ErrorKind::kUnsupported, fmt::format("runtime.g window of {} bytes", c.g_window));
  const auto low = {c.g_stack_hi, c.g_m, c.g_sched_pc, c.g_sched_bp};
  if (c.g_goid + 8u > kActorWindow || std::ranges::any_of(low, [&](gt_u16 o) { return o >= c.g_goid; }))
    return fail(ErrorKind::kUnsupported, "runtime.g.goid does not follow g.stack, g.m and g.sched");
  return {};
}

struct Unmap {
  std::size_t bytes = 0;
  void operator()(void* map) const { ::munmap(map, bytes); }
};

// `targets`, as the kernel side sees it.
struct MappedTargets {
  std::unique_ptr<void, Unmap> memory;

  [[nodiscard]] gt_target& operator[](std::size_t slot) const {
    return static_cast<gt_target*>(memory.get())[slot];
  }
  [[nodiscard]] static Result<MappedTargets> make(int map_fd, std::size_t count) {
    const std::size_t bytes = count * sizeof(gt_target);
    void* map = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
    if (map == MAP_FAILED) return fail_errno(errno, "mapping the targets' configurations");
    return MappedTargets{{map, Unmap{bytes}}};
  }
};

std::uint64_t load(const gt_u64& counter) {
  return std::atomic_ref<gt_u64>(const_cast<gt_u64&>(counter)).load(std::memory_order_relaxed);
}

void add(CaptureCounters& sum, const gt_losses& lost) {
  for (std::size_t i = 0; i < sum.dropped.size(); ++i) sum.dropped[i] += load(lost.dropped[i]);
  for (std::size_t i = 0; i < sum.stack_failed.size(); ++i) sum.stack_failed[i] += load(lost.stack_failed[i]);
  sum.object_failed += load(lost.object_failed);
}

}  // namespace

std::uint64_t CaptureCounters::dropped_total() const {
  return std::accumulate(dropped.begin(), dropped.end(), std::uint64_t{0});
}

// Member order is reverse teardown order: links go first, then the programs, then the rings.
struct Capture::Impl {
  std::jthread trials_end;  // detaches what the trials of make() attached
  AttachMode mode;
  TrapCosts costs;
  GroupMask loaded;
  LoadedTracer tracer;
  Link exec_watch;
  std::unique_ptr<StackStore> stacks;
  MappedTargets configs;
  Slots slots{0};
  std::optional<InitialPids> initial_pids;  // from the first question on that needs it
  std::optional<SharedFiles> shared_files;
  struct Owner {
    TargetId id;
    gt_u32 tgid;
    std::shared_ptr<SharedLinks> shared;  // nullptr: its links are its own
    std::unique_ptr<TargetLinks> links;
  };
  std::vector<std::optional<Owner>> owners;  // by slot
  std::atomic<std::uint64_t> passes{0};      // over the rings, that emptied all of them
  mutable std::mutex live_mutex;
  std::vector<TargetId> live;  // those in `owners`, for other threads

  [[nodiscard]] const gorotrace_bpf& skeleton() const { return *tracer.skeleton; }
  [[nodiscard]] const Owner* find(TargetId target) const {
    const std::size_t slot = slot_of(target);
    return slot < owners.size() && owners[slot] && owners[slot]->id == target ? &*owners[slot] : nullptr;
  }
  // `file`: gt_owner.file
  [[nodiscard]] Status write(TargetId target, const gt_target& config, gt_u8 file) const {
    const std::uint32_t slot = slot_of(target);
    const std::vector<gt_target_stats> zero(cpus());
    if (bpf_map_update_elem(bpf_map__fd(skeleton().maps.site_stats), &slot, zero.data(), BPF_ANY) != 0)
      return fail_errno(errno, "clearing a target's counters");
    if (bpf_map_update_elem(bpf_map__fd(skeleton().maps.targets), &slot, &config, BPF_ANY) != 0)
      return fail_errno(errno, "writing a target's configuration");
    const gt_owner owner{slot_of(target), generation_of(target), file};
    if (bpf_map_update_elem(bpf_map__fd(skeleton().maps.owners), &config.tgid, &owner, BPF_ANY) != 0)
      return fail_errno(errno, "writing a target's process");
    return {};
  }
  // The process that the programs take for this target; 0: none, or none any more.
  [[nodiscard]] gt_u32 tgid(TargetId target) const {
    return std::atomic_ref<gt_u32>(configs[slot_of(target)].tgid).load();
  }
  void disown(gt_u32 process, TargetId target) const {
    std::atomic_ref<gt_u32>(configs[slot_of(target)].tgid).store(0);
    gt_owner owner{};
    const int map = bpf_map__fd(skeleton().maps.owners);
    if (bpf_map_lookup_elem(map, &process, &owner) == 0 &&
        target_id(owner.target, owner.generation) == target)
      bpf_map_delete_elem(map, &process);
  }
  // Until no program runs any more that was under way at the call: writing a map of maps waits for that
  // (kernel/bpf/syscall.c maybe_wait_bpf_programs), 15 ms.
  void await_programs() const {
    const std::uint32_t first = 0;
    const int ring = tracer.rings->fd(0);
    bpf_map_update_elem(bpf_map__fd(skeleton().maps.rings), &first, &ring, BPF_ANY);
  }
  // A g may be known by its goid only while every way in which it gets another one is seen: from after the
  // lifecycle group's attach to before its detach. Field by field, in the map itself: the kernel side takes
  // tgid away when the target execs, and that must stand.
  void hold_goids(TargetId target, bool on) {
    gt_target& config = configs[slot_of(target)];
    const std::atomic_ref<gt_u8> hold(config.goids_hold);
    if ((hold.load() != 0) == on) return;
    hold.store(on ? 1 : 0);
    // Nothing that was ever remembered under another salt holds under this one.
    if (!on) std::atomic_ref<gt_u64>(config.salt).store(random_u64());
  }
  [[nodiscard]] std::uint64_t dropped(TargetId target) const {
    CaptureCounters lost;
    add(lost, configs[slot_of(target)].lost);
    return lost.dropped_total();
  }
  // By CPU.
  [[nodiscard]] std::vector<gt_stats> stats() const {
    std::vector<gt_stats> per_cpu(cpus());
    const std::uint32_t key = 0;
    if (bpf_map_lookup_elem(bpf_map__fd(skeleton().maps.stats), &key, per_cpu.data()) != 0) return {};
    return per_cpu;
  }
  // Of all CPUs.
  [[nodiscard]] std::array<SiteCounters, GT_MAX_SITES> sites_of(TargetId target) const {
    std::array<SiteCounters, GT_MAX_SITES> out{};
    std::vector<gt_target_stats> per_cpu(cpus());
    const std::uint32_t slot = slot_of(target);
    if (bpf_map_lookup_elem(bpf_map__fd(skeleton().maps.site_stats), &slot, per_cpu.data()) != 0) return out;
    for (const gt_target_stats& cpu : per_cpu) {
      for (std::size_t i = 0; i < out.size(); ++i) {
        out[i].hits += cpu.site[i].hits;
        out[i].skipped += cpu.site[i].skipped;
        out[i].sampled += cpu.site[i].sampled;
        out[i].sampled_ns += cpu.site[i].sampled_ns;
      }
    }
    return out;
  }
  [[nodiscard]] static std::size_t cpus() {
    return static_cast<std::size_t>(std::max(1, libbpf_num_possible_cpus()));
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
    impl_->hold_goids(owner->id, false);
    std::ranges::move(owner->links->take_links(), std::back_inserter(links));
  }
  detach_links(std::move(links));
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
  impl->trials_end = std::jthread([links = std::move(trials)]() mutable { detach_links(std::move(links)); });
  impl->mode = selftest->mode;
  impl->loaded = options.groups;
  impl->tracer = std::move(*tracer);
  impl->skeleton().bss->gt_longest_sample_ns =
      options.longest_sample_ns.value_or(kLongestSample * static_cast<std::uint64_t>(calibrated.program_ns));
  impl->exec_watch.reset(bpf_program__attach(impl->skeleton().progs.gt_exec));
  if (!impl->exec_watch) return fail_errno(errno, "attaching to the tracepoint sched_process_exec");
  auto configs = MappedTargets::make(bpf_map__fd(impl->skeleton().maps.targets), options.max_targets);
  if (!configs) return std::unexpected(configs.error());
  impl->configs = std::move(*configs);
  impl->shared_files.emplace(impl->skeleton(), impl->mode);
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
  if (auto valid = check_config(config); !valid) return std::unexpected(valid.error());
  // One that has executed another program has no process any more, and its process may be a target again.
  if (std::ranges::any_of(impl_->owners,
                          [&](const auto& o) { return o && impl_->tgid(o->id) == config.tgid; }))
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
  written.goids_hold = 0;
  written.salt = random_u64();
  written.muted = shared ? SharedMember::initial_mute() : 0;
  if (auto done = impl_->write(*target, written, shared ? shared->index() : gt_u8{0}); !done) {
    impl_->slots.give_back(*target, impl_->passes);
    return std::unexpected(done.error());
  }
  std::unique_ptr<TargetLinks> links;
  if (shared) {
    links = std::make_unique<SharedMember>(shared, impl_->configs[slot_of(*target)]);
  } else {
    gt_cookie whose{};
    whose.target = slot_of(*target);
    whose.generation = generation_of(*target);
    links = std::make_unique<ProbeUnits>(impl_->skeleton(), impl_->mode,
                                         ProbeScope{.pid = pid, .tgid = config.tgid, .cookie = whose},
                                         exe_path, std::move(plan));
  }
  impl_->owners[slot_of(*target)] = Impl::Owner{*target, config.tgid, std::move(shared), std::move(links)};
  const std::scoped_lock lock(impl_->live_mutex);
  impl_->live.push_back(*target);
  return *target;
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
  impl_->disown(tgid, target);
  if (shared) impl_->await_programs();  // else they ended with the detach
  impl_->slots.give_back(target, impl_->passes);
}

Result<GroupMask> Capture::set_groups(TargetId target, GroupMask groups) {
  const Impl::Owner* owner = impl_->find(target);
  if (owner == nullptr) return fail(ErrorKind::kFailed, "no such target");
  if ((groups & ~impl_->loaded) != 0)
    return fail(ErrorKind::kUsage, "a probe group that was not asked for at the start is not loaded");
  TargetLinks& links = *owner->links;
  if (!(groups & links.permitted() & group_bit(GT_GROUP_LIFECYCLE))) impl_->hold_goids(target, false);
  auto on = links.set_groups(groups);
  if (links.groups() & group_bit(GT_GROUP_LIFECYCLE)) impl_->hold_goids(target, true);
  return on;
}

GroupMask Capture::groups(TargetId target) const {
  const Impl::Owner* owner = impl_->find(target);
  return owner != nullptr ? owner->links->groups() : 0;
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
    add(out, cpu.lost);
  }
  return out;
}

CaptureCounters Capture::counters(TargetId target) const {
  CaptureCounters out;
  if (impl_->find(target) == nullptr) return out;
  for (const SiteCounters& site : impl_->sites_of(target)) out.produced += site.hits - site.skipped;
  add(out, impl_->configs[slot_of(target)].lost);
  return out;
}

std::vector<SiteCounters> Capture::site_counters(TargetId target) const {
  const Impl::Owner* owner = impl_->find(target);
  if (owner == nullptr) return {};
  const auto sites = impl_->sites_of(target);
  return {sites.begin(), sites.begin() + static_cast<std::ptrdiff_t>(owner->links->sites())};
}

std::uint64_t Capture::dropped(TargetId target) const {
  return impl_->find(target) != nullptr ? impl_->dropped(target) : 0;
}

std::vector<std::pair<TargetId, std::uint64_t>> Capture::dropped_by_target() const {
  std::vector<std::pair<TargetId, std::uint64_t>> out;
  const std::scoped_lock lock(impl_->live_mutex);
  out.reserve(impl_->live.size());
  for (const TargetId target : impl_->live) {
    out.emplace_back(target, impl_->dropped(target));
  }
  return out;
}

std::optional<gt_stack> Capture::stack(std::uint64_t id) const {
  return impl_->stacks->pull(id);
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
