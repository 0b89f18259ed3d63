#include "capture/capture.h"

#include <fmt/format.h>
#include <linux/bpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <future>
#include <numeric>
#include <random>
#include <thread>

#include "capture/calibration.h"
#include "capture/detach.h"
#include "capture/load.h"
#include "capture/selftest.h"
#include "capture/stack_store.h"
#include "capture/target_units.h"

namespace gorotrace {
namespace {

constexpr std::size_t kActorWindow = 192;  // GT_ACTOR_WINDOW of bpf/lib/maps.bpf.h

// The kernel side clamps every size; these are the assumptions under which what it reads makes sense.
Status check_config(const gt_target& c) {
  if (c.tgid == 0) return fail(ErrorKind::kFailed, "target configuration without a process id");
  if (c.g_window > GT_G_WINDOW || c.g_goid + 8u > c.g_window)
    return fail(ErrorKind::kUnsupported, fmt::format("runtime.g window of {} bytes", c.g_window));
  const auto low = {c.g_stack_hi, c.g_m, c.g_sched_pc, c.g_sched_bp};
  if (c.g_goid + 8u > kActorWindow || std::ranges::any_of(low, [&](gt_u16 o) { return o >= c.g_goid; }))
    return fail(ErrorKind::kUnsupported, "runtime.g.goid does not follow g.stack, g.m and g.sched");
  return {};
}

constexpr std::size_t kTargetsBytes = GT_MAX_TARGETS * sizeof(gt_target);
struct UnmapTargets {
  void operator()(void* map) const { ::munmap(map, kTargetsBytes); }
};

// Nothing that was ever remembered under another salt holds under this one.
std::uint64_t fresh_salt() {
  std::random_device random;
  return (std::uint64_t{random()} << 32) | random();
}

}  // namespace

const char* attach_mode_name(AttachMode mode) {
  switch (mode) {
    case AttachMode::kUprobeMulti:
      return "uprobe_multi";
    case AttachMode::kPerfEventCookie:
      return "perf_event with cookies";
    case AttachMode::kPerfEventIp:
      return "perf_event keyed on ip";
  }
  return "unknown";
}

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
  std::unique_ptr<void, UnmapTargets> config_map;  // `targets`, as the kernel side sees it
  std::array<std::unique_ptr<TargetUnits>, GT_MAX_TARGETS> targets;

  [[nodiscard]] const gorotrace_bpf& skeleton() const { return *tracer.skeleton; }
  [[nodiscard]] Status write_config(TargetSlot slot, const gt_target& config) const {
    const std::uint32_t key = slot;
    if (bpf_map_update_elem(bpf_map__fd(skeleton().maps.targets), &key, &config, BPF_ANY) != 0)
      return fail_errno(errno, "writing a target's configuration");
    return {};
  }
  // A g may be known by its goid only while every way in which it gets another one is seen: from after the
  // lifecycle group's attach to before its detach. Field by field, in the map itself: the kernel side takes
  // tgid away when the target execs, and that must stand.
  void hold_goids(TargetSlot slot, bool on) {
    gt_target& config = static_cast<gt_target*>(config_map.get())[slot];
    const std::atomic_ref<gt_u32> hold(config.goids_hold);
    if ((hold.load() != 0) == on) return;
    hold.store(on ? 1 : 0);
    if (!on) std::atomic_ref<gt_u64>(config.salt).store(fresh_salt());
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
  for (std::size_t i = 0; i < impl_->targets.size(); ++i) {
    const auto slot = static_cast<TargetSlot>(i);
    if (!impl_->targets[slot]) continue;
    impl_->hold_goids(slot, false);
    std::ranges::move(impl_->targets[slot]->take_links(), std::back_inserter(links));
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
  impl->costs = calibration->measure();
  Links trials = std::move(selftest->links);
  std::ranges::move(calibration->take_links(), std::back_inserter(trials));
  impl->trials_end = std::jthread([links = std::move(trials)]() mutable { detach_links(std::move(links)); });
  impl->mode = selftest->mode;
  impl->loaded = options.groups;
  impl->tracer = std::move(*tracer);
  impl->exec_watch.reset(bpf_program__attach(impl->skeleton().progs.gt_exec));
  if (!impl->exec_watch) return fail_errno(errno, "attaching to the tracepoint sched_process_exec");
  void* targets = ::mmap(nullptr, kTargetsBytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                         bpf_map__fd(impl->skeleton().maps.targets), 0);
  if (targets == MAP_FAILED) return fail_errno(errno, "mapping the targets' configurations");
  impl->config_map.reset(targets);
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

Result<TargetSlot> Capture::add_target(pid_t pid, const std::string& exe_path, const gt_target& config,
                                       Plan plan) {
  if (plan.sites.size() > GT_MAX_SITES)
    return fail(ErrorKind::kUnsupported,
                fmt::format("{} probe sites, at most {}", plan.sites.size(), GT_MAX_SITES));
  if (auto valid = check_config(config); !valid) return std::unexpected(valid.error());
  const auto free = std::ranges::find_if(impl_->targets, [](const auto& t) { return t == nullptr; });
  if (free == impl_->targets.end())
    return fail(ErrorKind::kFailed, fmt::format("already tracing {} processes", GT_MAX_TARGETS));
  const auto slot = static_cast<TargetSlot>(free - impl_->targets.begin());
  const std::vector<gt_site_stats> zero(Impl::cpus());
  for (std::uint32_t i = 0; i < GT_MAX_SITES; ++i) {
    const std::uint32_t key = slot * GT_MAX_SITES + i;
    if (bpf_map_update_elem(bpf_map__fd(impl_->skeleton().maps.site_stats), &key, zero.data(), BPF_ANY) != 0)
      return fail_errno(errno, "clearing a target's counters");
  }
  gt_target written = config;
  written.goids_hold = 0;
  written.salt = fresh_salt();
  if (auto done = impl_->write_config(slot, written); !done) return std::unexpected(done.error());
  *free = std::make_unique<TargetUnits>(impl_->skeleton(), bpf_map__fd(impl_->skeleton().maps.sites_by_ip),
                                        impl_->mode, slot, pid, exe_path, config.tgid, std::move(plan));
  return slot;
}

void Capture::remove_target(TargetSlot slot) {
  if (slot >= impl_->targets.size() || !impl_->targets[slot]) return;
  impl_->targets[slot].reset();
  // tgid 0 matches no process. A failure leaves a configuration that no link refers to.
  (void)impl_->write_config(slot, gt_target{});
}

Result<GroupMask> Capture::set_groups(TargetSlot slot, GroupMask groups) {
  if (slot >= impl_->targets.size() || !impl_->targets[slot])
    return fail(ErrorKind::kFailed, "no such target");
  if ((groups & ~impl_->loaded) != 0)
    return fail(ErrorKind::kUsage, "a probe group that was not asked for at the start is not loaded");
  TargetUnits& units = *impl_->targets[slot];
  if (!(groups & group_bit(GT_GROUP_LIFECYCLE))) impl_->hold_goids(slot, false);
  auto on = units.set_groups(groups);
  if (units.groups() & group_bit(GT_GROUP_LIFECYCLE)) impl_->hold_goids(slot, true);
  return on;
}

GroupMask Capture::groups(TargetSlot slot) const {
  return slot < impl_->targets.size() && impl_->targets[slot] ? impl_->targets[slot]->groups() : 0;
}

int Capture::wait(int timeout_ms) {
  return impl_->tracer.rings->wait(timeout_ms);
}

void Capture::wake_reader() {
  impl_->tracer.rings->wake();
}

int Capture::drain(const Sink& sink, const Passed& passed) {
  return impl_->tracer.rings->drain(sink, passed);
}

unsigned Capture::ring_count() const {
  return impl_->tracer.rings->count();
}

CaptureCounters Capture::counters() const {
  CaptureCounters out;
  std::vector<gt_stats> per_cpu(Impl::cpus());
  const std::uint32_t key = 0;
  if (bpf_map_lookup_elem(bpf_map__fd(impl_->skeleton().maps.stats), &key, per_cpu.data()) != 0) return out;
  std::uint64_t stacks_added = 0;
  for (const gt_stats& s : per_cpu) {
    out.produced += s.produced;
    for (std::size_t i = 0; i < out.dropped.size(); ++i) out.dropped[i] += s.dropped[i];
    for (std::size_t i = 0; i < out.stack_failed.size(); ++i) out.stack_failed[i] += s.stack_failed[i];
    out.object_failed += s.object_failed;
    stacks_added += s.stacks_added;
  }
  impl_->stacks->make_room(stacks_added);
  return out;
}

std::vector<SiteCounters> Capture::site_counters(TargetSlot slot) const {
  std::vector<SiteCounters> out;
  if (slot >= impl_->targets.size() || !impl_->targets[slot]) return out;
  out.resize(impl_->targets[slot]->plan().sites.size());
  std::vector<gt_site_stats> per_cpu(Impl::cpus());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto key = static_cast<std::uint32_t>(slot * GT_MAX_SITES + i);
    if (bpf_map_lookup_elem(bpf_map__fd(impl_->skeleton().maps.site_stats), &key, per_cpu.data()) != 0)
      continue;
    for (const gt_site_stats& s : per_cpu) {
      out[i].hits += s.hits;
      out[i].sampled += s.sampled;
      out[i].sampled_ns += s.sampled_ns;
    }
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
