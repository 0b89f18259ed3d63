#include "capture/calibration.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "base/cpu_time.h"
#include "bpf/shared/calibration.h"
#include "capture/attach.h"
#include "capture/own_code.h"
#include "capture/selftest.h"

namespace gorotrace {
namespace {

// An interrupt and whoever had the CPU meanwhile, and its caches, make a batch dearer, never cheaper: of this
// many the cheap ones are believed. Time that others had is not in a thread's CPU time at all. By the clock,
// as the difference of two batches, one run in two beside other work (load 13 to 28) said 1 ns or 100 us.
constexpr std::size_t kBatches = 15, kCheap = kBatches / 4;

// No CPU takes a breakpoint and comes back from it in less.
constexpr double kLeastTrapNs = 100;

struct Subject {
  void (*function)();
  int hits_per_batch;  // single-stepped ones take 15 µs each on a VM
};
constexpr std::array kSubjects = {Subject{gt_own_branch, 128}, Subject{gt_own_single_step, 12},
                                  Subject{gt_own_long_nop, 12}};

// A single-stepped instruction costs 2x (bare metal) to 16x (VMs) an emulated one; noise stays far
// below 1.5x.
constexpr double kEmulatedBelow = 1.5;

// A program does something between two events, and then neither its data nor the kernel's is in the cache
// nearest to the CPU: reads all over this much of memory, more than any first-level data cache holds.
constexpr std::size_t kWorkingSet = 256u << 10, kReads = 1024;

class Work {
 public:
  void operator()() {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kReads; ++i) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;  // Knuth, MMIX
      sum += memory_[(state_ >> 32) % memory_.size()];
    }
    asm volatile("" : : "r"(sum));
  }

 private:
  std::vector<std::uint64_t> memory_ = std::vector<std::uint64_t>(kWorkingSet / sizeof(std::uint64_t), 1);
  std::uint64_t state_ = 1;
};

using Batches = std::array<double, kBatches>;

double cheap(Batches batches) {
  std::ranges::nth_element(batches, batches.begin() + kCheap);
  return batches[kCheap];
}

double each_ns(int times, const auto& what) {
  const std::uint64_t start = thread_cpu_ns();
  for (int i = 0; i < times; ++i) what();
  return static_cast<double>(thread_cpu_ns() - start) / times;
}

// What one hit adds to the work beside it. behind_batch: called once each batch of hits is over.
double hit_ns(const Subject& subject, Work& work, const auto& behind_batch) {
  Batches with{}, without{};
  for (std::size_t i = 0; i < kBatches; ++i) {
    without[i] = each_ns(subject.hits_per_batch, [&] { work(); });
    with[i] = each_ns(subject.hits_per_batch, [&] {
      work();
      subject.function();
    });
    behind_batch(i);
  }
  return cheap(with) - cheap(without);
}

double hit_ns(const Subject& subject, Work& work) {
  return hit_ns(subject, work, [](std::size_t) {});
}

// Of all hits so far.
gt_reference seen_by_program(const gorotrace_calibration& skeleton) {
  const std::uint32_t zero = 0;
  gt_reference seen{};
  if (bpf_map_lookup_elem(bpf_map__fd(skeleton.maps.reference), &zero, &seen) != 0) return {};
  return seen;
}

Result<CalibrationSkeleton> load(AttachMode mode) {
  CalibrationSkeleton skeleton(gorotrace_calibration__open());
  if (!skeleton) return load_error(errno);
  if (mode != AttachMode::kUprobeMulti)
    bpf_program__set_expected_attach_type(skeleton->progs.gt_reference, static_cast<bpf_attach_type>(0));
  if (const int err = gorotrace_calibration__load(skeleton.get())) return load_error(-err);
  return skeleton;
}

}  // namespace

Result<TrapCalibration> TrapCalibration::attach() {
  redirect_libbpf_log();
  TrapCalibration out;
  std::array<AttachPoint, kSubjects.size()> points{};
  for (std::size_t i = 0; i < kSubjects.size(); ++i) {
    const auto offset = own_code_offset(kSubjects[i].function);
    if (!offset) return std::unexpected(offset.error());
    points[i] = {*offset, 0};
  }
  // The same cost per hit by every mechanism (measured: 0.96-1.01), so the first that attaches will do.
  Result<Links> links;
  for (const AttachMode mode : {AttachMode::kUprobeMulti, AttachMode::kPerfEventIp}) {
    auto skeleton = load(mode);
    if (!skeleton) {
      links = std::unexpected(skeleton.error());
      continue;
    }
    out.skeleton_ = std::move(*skeleton);
    links = attach_points(out.skeleton_->progs.gt_reference, mode, ::getpid(), kOwnExecutable, points);
    if (links) break;
  }
  if (!links) return std::unexpected(links.error());
  out.links_ = std::move(*links);
  return out;
}

Calibrated TrapCalibration::measure() const {
  Work work;
  work();
  gt_reference before = seen_by_program(*skeleton_);
  Batches program_ns{};
  const double emulated_ns = hit_ns(kSubjects[0], work, [&](std::size_t batch) {
    const gt_reference seen = seen_by_program(*skeleton_);
    program_ns[batch] = static_cast<double>(seen.sampled_ns - before.sampled_ns) /
                        static_cast<double>(std::max<std::uint64_t>(seen.sampled - before.sampled, 1));
    before = seen;
  });
  Calibrated out;
  out.program_ns = cheap(program_ns);
  out.traps.emulated_ns = std::max(emulated_ns - out.program_ns, kLeastTrapNs);
  out.traps.single_step_ns = std::max(hit_ns(kSubjects[1], work) - out.program_ns, out.traps.emulated_ns);
  // Between the two: nearer to the emulated one. Where both cost the same the answer does not matter.
  out.traps.emulates_long_nop =
      hit_ns(kSubjects[2], work) - out.program_ns < kEmulatedBelow * out.traps.emulated_ns;
  return out;
}

}  // namespace gorotrace
