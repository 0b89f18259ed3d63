// What the kernel side keeps of each target: its configuration, which process it is, its counters. By slot,
// in maps of the loaded object. Threads: control; losses and tgid() any.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/result.h"
#include "bpf/shared/abi.h"
#include "capture/bpf_handles.h"
#include "capture/counters.h"
#include "capture/hit_limit.h"
#include "model/target_id.h"

namespace gorotrace {

class KernelTargets {
 public:
  // `skeleton` is loaded and outlives the result.
  [[nodiscard]] static Result<KernelTargets> make(const gorotrace_bpf& skeleton, std::size_t count);
  // The kernel side clamps every size; these are the assumptions under which what it reads makes sense.
  [[nodiscard]] static Status check(const gt_target& config);

  // From here on the process is this target. `file`: gt_owner.file. Its counters begin at 0.
  [[nodiscard]] Status write(TargetId target, gt_target config, gt_u8 file) const;
  // It is nobody's from here on: its number may become another process's.
  void disown(TargetId target, gt_u32 process) const;
  // The process that the programs take for this target; 0: none, or none any more.
  [[nodiscard]] gt_u32 tgid(TargetId target) const;
  // A g may be known by its goid only while every way in which it gets another one is seen: from after the
  // lifecycle group's attach to before its detach.
  void hold_goids(TargetId target, bool on) const;
  // Capture::limit(), lift_limit(), over_limit().
  void limit(TargetId target, const HitLimit& limit) const;
  void lift_limit(TargetId target) const;
  [[nodiscard]] GroupMask over_limit(TargetId target) const;
  // As the programs see it.
  [[nodiscard]] gt_target& config(TargetId target) const;

  void add_losses(TargetId target, CaptureCounters& to) const;
  [[nodiscard]] std::uint64_t dropped(TargetId target) const;                         // records
  [[nodiscard]] std::array<SiteCounters, GT_MAX_SITES> sites(TargetId target) const;  // of all CPUs

 private:
  struct Unmap {
    std::size_t bytes = 0;
    void operator()(void* map) const;
  };
  using Configs = std::unique_ptr<void, Unmap>;
  KernelTargets(const gorotrace_bpf& skeleton, Configs configs)
      : skeleton_(&skeleton), configs_(std::move(configs)) {}

  const gorotrace_bpf* skeleton_;
  Configs configs_;
};

}  // namespace gorotrace
