#include "capture/calibration.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/clock.h"
#include "capture/attach.h"
#include "capture/own_code.h"
#include "capture/selftest.h"

namespace gorotrace {
namespace {

// Batches whose median is taken, so that an interrupt or a preemption spoils one batch, not the figure.
constexpr std::size_t kBatches = 9;

struct Subject {
  void (*function)();
  int hits_per_batch;  // single-stepped ones take 15 µs each on a VM
};
constexpr std::array kSubjects = {Subject{gt_own_branch, 128}, Subject{gt_own_single_step, 12},
                                  Subject{gt_own_long_nop, 12}};

// A single-stepped instruction costs 2x (bare metal) to 16x (VMs) an emulated one; noise stays far
// below 1.5x.
constexpr double kEmulatedBelow = 1.5;

double median_ns(const Subject& subject) {
  std::array<double, kBatches> batches{};
  for (double& batch : batches) {
    const std::uint64_t start = monotonic_ns();
    for (int i = 0; i < subject.hits_per_batch; ++i) subject.function();
    batch = static_cast<double>(monotonic_ns() - start) / subject.hits_per_batch;
  }
  std::ranges::nth_element(batches, batches.begin() + kBatches / 2);
  return batches[kBatches / 2];
}

// An empty program on all subjects.
Result<Links> attach_empty(AttachMode mode, std::span<const AttachPoint> points) {
  const auto skeleton = load_selftest(mode);
  if (!skeleton) return std::unexpected(skeleton.error());
  return attach_points((*skeleton)->progs.gt_empty, mode, ::getpid(), kOwnExecutable, points);
}

}  // namespace

Result<TrapCalibration> TrapCalibration::attach() {
  static_assert(kInstructions == kSubjects.size());
  redirect_libbpf_log();
  TrapCalibration out;
  std::array<AttachPoint, kInstructions> points{};
  for (std::size_t i = 0; i < kInstructions; ++i) {
    const auto offset = own_code_offset(kSubjects[i].function);
    if (!offset) return std::unexpected(offset.error());
    points[i] = {*offset, 0};
    out.untraced_ns_[i] = median_ns(kSubjects[i]);
  }
  // The same cost per hit by every mechanism (measured: 0.96-1.01), so the first that attaches will do.
  auto links = attach_empty(AttachMode::kUprobeMulti, points);
  if (!links) links = attach_empty(AttachMode::kPerfEventIp, points);
  if (!links) return std::unexpected(links.error());
  out.links_ = std::move(*links);
  return out;
}

TrapCosts TrapCalibration::measure() const {
  std::array<double, kInstructions> cost{};
  for (std::size_t i = 0; i < kInstructions; ++i) cost[i] = median_ns(kSubjects[i]) - untraced_ns_[i];
  TrapCosts out;
  out.emulated_ns = std::max(cost[0], 1.0);
  out.single_step_ns = std::max(cost[1], out.emulated_ns);
  // Between the two: nearer to the emulated one. Where both cost the same the answer does not matter.
  out.emulates_long_nop = cost[2] < kEmulatedBelow * out.emulated_ns;
  return out;
}

}  // namespace gorotrace
