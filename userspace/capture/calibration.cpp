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

// A few hundred hits each, in batches whose median is taken, so that an interrupt or a preemption spoils one
// batch, not the figure.
constexpr std::size_t kBatches = 9;

struct Subject {
  void (*function)();
  int hits_per_batch;  // single-stepped ones take 15 µs each on a VM
};
constexpr std::array kSubjects = {Subject{gt_own_emulated, 128}, Subject{gt_own_single_step, 32},
                                  Subject{gt_own_long_nop, 32}};

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

Result<Calibration> calibrate_traps() {
  redirect_libbpf_log();
  std::array<AttachPoint, kSubjects.size()> points{};
  std::array<double, kSubjects.size()> cost{};
  for (std::size_t i = 0; i < kSubjects.size(); ++i) {
    const auto offset = own_code_offset(kSubjects[i].function);
    if (!offset) return std::unexpected(offset.error());
    points[i] = {*offset, 0};
    cost[i] = -median_ns(kSubjects[i]);
  }
  // The same cost per hit by every mechanism (measured: 0.96-1.01), so the first that attaches will do.
  auto links = attach_empty(AttachMode::kUprobeMulti, points);
  if (!links) links = attach_empty(AttachMode::kPerfEventIp, points);
  if (!links) return std::unexpected(links.error());
  for (std::size_t i = 0; i < kSubjects.size(); ++i) cost[i] += median_ns(kSubjects[i]);
  Calibration out;
  out.links = std::move(*links);
  out.costs.emulated_ns = std::max(cost[0], 1.0);
  out.costs.single_step_ns = std::max(cost[1], out.costs.emulated_ns);
  // Between the two: nearer to the emulated one. Where both cost the same the answer does not matter.
  out.costs.emulates_long_nop = cost[2] < kEmulatedBelow * out.costs.emulated_ns;
  return out;
}

}  // namespace gorotrace
