// calibrate_traps(): an empty program on our own instructions, timed with and without. A few hundred hits
// each, in batches whose median is taken, so that an interrupt or a preemption spoils one batch, not the
// figure.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/clock.h"
#include "capture/attach.h"
#include "capture/capture.h"
#include "capture/own_code.h"
#include "capture/selftest.h"

namespace gorotrace {
namespace {

constexpr int kBatches = 9;
constexpr int kHitsPerBatch = 128;
// A single-stepped instruction costs 2x (bare metal) to 16x (VMs) an emulated one; noise stays far
// below 1.5x.
constexpr double kEmulatedBelow = 1.5;

double median_ns(void (*function)()) {
  std::array<double, kBatches> batches{};
  for (double& batch : batches) {
    const std::uint64_t start = monotonic_ns();
    for (int i = 0; i < kHitsPerBatch; ++i) function();
    batch = static_cast<double>(monotonic_ns() - start) / kHitsPerBatch;
  }
  std::ranges::nth_element(batches, batches.begin() + kBatches / 2);
  return batches[kBatches / 2];
}

}  // namespace

Result<TrapCosts> calibrate_traps() {
  redirect_libbpf_log();
  const std::array<void (*)(), 3> functions = {gt_own_emulated, gt_own_single_step, gt_own_long_nop};
  std::array<AttachPoint, 3> points{};
  std::array<double, 3> cost{};
  for (std::size_t i = 0; i < functions.size(); ++i) {
    const auto offset = own_code_offset(functions[i]);
    if (!offset) return std::unexpected(offset.error());
    points[i] = {*offset, 0};
    cost[i] = -median_ns(functions[i]);
  }
  // The same cost per hit by every mechanism (measured: 0.96-1.01), so the first that attaches will do.
  Result<Links> links = fail(ErrorKind::kKernel, "not attached");
  for (const AttachMode mode : {AttachMode::kUprobeMulti, AttachMode::kPerfEventIp}) {
    auto skeleton = load_selftest(mode);
    if (!skeleton) return std::unexpected(skeleton.error());
    links = attach_points((*skeleton)->progs.gt_empty, mode, ::getpid(), kOwnExecutable, points);
    if (!links) continue;
    for (std::size_t i = 0; i < functions.size(); ++i) cost[i] += median_ns(functions[i]);
    detach_links(std::move(*links));
    TrapCosts out;
    out.emulated_ns = std::max(cost[0], 1.0);
    out.single_step_ns = std::max(cost[1], out.emulated_ns);
    // Between the two: nearer to the emulated one. Where both cost the same the answer does not matter.
    out.emulates_long_nop = cost[2] < kEmulatedBelow * out.emulated_ns;
    return out;
  }
  return std::unexpected(links.error());
}

}  // namespace gorotrace
