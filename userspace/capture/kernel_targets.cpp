#include "capture/kernel_targets.h"

#include <fmt/format.h>
#include <linux/bpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <numeric>
#include <vector>

#include "base/random.h"

namespace gorotrace {
namespace {

constexpr std::size_t kActorWindow = 192;  // GT_ACTOR_WINDOW of bpf/lib/maps.bpf.h

std::uint64_t load(const gt_u64& counter) {
  return std::atomic_ref<gt_u64>(const_cast<gt_u64&>(counter)).load(std::memory_order_relaxed);
}

std::vector<gt_target_stats> for_each_cpu() {
  return std::vector<gt_target_stats>(static_cast<std::size_t>(std::max(1, libbpf_num_possible_cpus())));
}

}  // namespace

std::uint64_t CaptureCounters::dropped_total() const {
  return std::accumulate(dropped.begin(), dropped.end(), std::uint64_t{0});
}

void CaptureCounters::add(const gt_losses& lost) {
  for (std::size_t i = 0; i < dropped.size(); ++i) dropped[i] += load(lost.dropped[i]);
  for (std::size_t i = 0; i < stack_failed.size(); ++i) stack_failed[i] += load(lost.stack_failed[i]);
  object_failed += load(lost.object_failed);
}

void KernelTargets::Unmap::operator()(void* map) const {
  ::munmap(map, bytes);
}

Result<KernelTargets> KernelTargets::make(const gorotrace_bpf& skeleton, std::size_t count) {
  const std::size_t bytes = count * sizeof(gt_target);
  void* map =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(skeleton.maps.targets), 0);
  if (map == MAP_FAILED) return fail_errno(errno, "mapping the targets' configurations");
  return KernelTargets(skeleton, {map, Unmap{bytes}});
}

Status KernelTargets::check(const gt_target& c) {
  if (c.tgid == 0) return fail(ErrorKind::kFailed, "target configuration without a process id");
  if (c.stack_seed == 0)
    return fail(ErrorKind::kFailed, "target configuration without a seed for its stacks");
  const unsigned window = c.g_words * 8u, of_park = c.g_park_words * 8u;
  if (window > GT_G_WINDOW || of_park > window || c.g_goid + 8u > of_park)
    return fail(ErrorKind::kUnsupported,
                fmt::format("runtime.g window of {} bytes, of a park {}", window, of_park));
  if (c.g_lockedm + 8u > window)
    return fail(ErrorKind::kUnsupported, "runtime.g.lockedm is not in what is read of a g");
  const auto low = {c.g_stack_hi, c.g_m, c.g_sched_pc, c.g_sched_bp};
  if (c.g_goid + 8u > kActorWindow || std::ranges::any_of(low, [&](gt_u16 o) { return o >= c.g_goid; }))
    return fail(ErrorKind::kUnsupported, "runtime.g.goid does not follow g.stack, g.m and g.sched");
  return {};
}

Status KernelTargets::write(TargetId target, gt_target config, gt_u8 file) const {
  config.goids_hold = 0;
  config.salt = random_u64();
  const std::uint32_t slot = slot_of(target);
  if (bpf_map_update_elem(bpf_map__fd(skeleton_->maps.site_stats), &slot, for_each_cpu().data(), BPF_ANY) !=
      0)
    return fail_errno(errno, "clearing a target's counters");
  if (bpf_map_update_elem(bpf_map__fd(skeleton_->maps.targets), &slot, &config, BPF_ANY) != 0)
    return fail_errno(errno, "writing a target's configuration");
  const gt_owner owner{slot_of(target), generation_of(target), file};
  if (bpf_map_update_elem(bpf_map__fd(skeleton_->maps.owners), &config.tgid, &owner, BPF_ANY) != 0)
    return fail_errno(errno, "writing a target's process");
  return {};
}

gt_target& KernelTargets::config(TargetId target) const {
  return static_cast<gt_target*>(configs_.get())[slot_of(target)];
}

gt_u32 KernelTargets::tgid(TargetId target) const {
  return std::atomic_ref<gt_u32>(config(target).tgid).load();
}

void KernelTargets::disown(TargetId target, gt_u32 process) const {
  std::atomic_ref<gt_u32>(config(target).tgid).store(0);
  gt_owner owner{};
  const int map = bpf_map__fd(skeleton_->maps.owners);
  if (bpf_map_lookup_elem(map, &process, &owner) == 0 && target_id(owner.target, owner.generation) == target)
    bpf_map_delete_elem(map, &process);
}

// Field by field, in the map itself: the kernel side takes tgid away when the target execs, and that must
// stand.
void KernelTargets::hold_goids(TargetId target, bool on) const {
  gt_target& config = this->config(target);
  const std::atomic_ref<gt_u8> hold(config.goids_hold);
  if ((hold.load() != 0) == on) return;
  // Nothing that was ever remembered under another salt holds under this one: not what the hooks were to
  // watch over and no longer do, and not what was a guess before they did.
  if (!on) hold.store(0);
  std::atomic_ref<gt_u64>(config.salt).store(random_u64());
  if (on) hold.store(1);
}

void KernelTargets::limit(TargetId target, const HitLimit& limit) const {
  gt_target& config = this->config(target);
  if (load(config.over) != 0) return;  // what is silent stays so until it is gone
  std::atomic_ref<gt_u64>(config.limited).store(limit.sites);
  std::atomic_ref<gt_u32>(config.limited_groups).store(limit.groups);
  std::atomic_ref<gt_u64>(config.most_hits).store(load(config.hits) + std::max<std::uint64_t>(limit.more, 1));
}

void KernelTargets::lift_limit(TargetId target) const {
  gt_target& config = this->config(target);
  std::atomic_ref<gt_u64>(config.most_hits).store(0);
  std::atomic_ref<gt_u64>(config.over).store(0);
}

GroupMask KernelTargets::over_limit(TargetId target) const {
  const gt_target& config = this->config(target);
  return load(config.over) != 0 ? config.limited_groups : GroupMask{0};
}

void KernelTargets::add_losses(TargetId target, CaptureCounters& to) const {
  to.add(config(target).lost);
}

std::uint64_t KernelTargets::dropped(TargetId target) const {
  CaptureCounters lost;
  add_losses(target, lost);
  return lost.dropped_total();
}

std::array<SiteCounters, GT_MAX_SITES> KernelTargets::sites(TargetId target) const {
  std::array<SiteCounters, GT_MAX_SITES> out{};
  std::vector<gt_target_stats> per_cpu = for_each_cpu();
  const std::uint32_t slot = slot_of(target);
  if (bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.site_stats), &slot, per_cpu.data()) != 0) return out;
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

}  // namespace gorotrace
