#include "fake_go.h"

#include "capture/attach.h"
#include "capture/own_code.h"

#include <unistd.h>

#include <cstdlib>

namespace gorotrace::testing {
namespace {

constexpr std::uint16_t kStackHi = 8, kM = 48, kSchedSp = 56, kSchedPc = 64, kSchedBp = 96, kGoid = 152;
constexpr std::uint16_t kWaitreason = 176, kCoroexit = 187, kLockedm = 208, kGopc = 288, kStartpc = 304;
constexpr std::uint16_t kWaiting = 320, kLabels = 352, kCurg = 184, kSudogC = 96;
constexpr std::size_t kSiteBytes = 16;
constexpr std::uint64_t kStackSeed = 0x5eed;

}  // namespace

FakeGoroutine::FakeGoroutine(std::uint64_t goid, unsigned depth, std::uint64_t pc_base,
                             std::uint64_t frame_bytes) {
  const std::size_t words = frame_bytes / 8;
  const std::size_t below = 1024;  // room for a real call below the innermost frame
  stack_.assign(below + depth * words + 4, 0);
  const auto address = [&](std::size_t i) { return reinterpret_cast<std::uint64_t>(&stack_[i]); };
  pcs_.push_back(pc_base);
  for (unsigned i = 0; i + 1 < depth; ++i) {
    const std::size_t frame = below + i * words;
    stack_[frame] = i + 2 < depth ? address(frame + words) : 0;
    stack_[frame + 1] = pc_base + 0x100 * (i + 1);
    pcs_.push_back(stack_[frame + 1]);
  }
  fp_ = address(below);
  g.at<std::uint64_t>(kGoid) = goid;
  g.at<std::uint64_t>(kStackHi) = reinterpret_cast<std::uint64_t>(stack_.data() + stack_.size());
  g.at<std::uint64_t>(kSchedPc) = pc_base;
  g.at<std::uint64_t>(kSchedBp) = fp_;
}

FakeM::FakeM() {
  g0.at<std::uint64_t>(kM) = reinterpret_cast<std::uint64_t>(m.data());
}

void FakeM::set_curg(FakeGoroutine* goroutine) {
  const auto self = reinterpret_cast<std::uint64_t>(m.data());
  if (curg_ != nullptr && curg_->g.at<std::uint64_t>(kM) == self) curg_->g.at<std::uint64_t>(kM) = 0;
  if (goroutine != nullptr) goroutine->g.at<std::uint64_t>(kM) = self;
  m[kCurg / 8] = goroutine != nullptr ? goroutine->g.address() : 0;
  curg_ = goroutine;
}

gt_target fake_config() {
  gt_target c{};
  c.tgid = static_cast<gt_u32>(::getpid());
  c.g_stack_hi = kStackHi;
  c.g_m = kM;
  c.g_sched_sp = kSchedSp;
  c.g_sched_pc = kSchedPc;
  c.g_sched_bp = kSchedBp;
  c.g_goid = kGoid;
  c.g_waitreason = kWaitreason;
  c.g_lockedm = kLockedm;
  c.g_coroexit = kCoroexit;
  c.g_gopc = kGopc;
  c.g_startpc = kStartpc;
  c.g_waiting = kWaiting;
  c.g_labels = kLabels;
  c.m_curg = kCurg;
  c.sudog_c = kSudogC;
  c.hchan_qcount = 0;
  c.g_words = c.g_park_words = kLabels / 8 + 1;
  c.sudog_reasons = (1u << 19) | (1u << 20);  // chan receive, chan send of 1.26
  c.stacks = 1;
  c.stack_seed = kStackSeed;
  return c;
}

const void* site_address(std::size_t index) {
  return gt_fake_sites + index * kSiteBytes;
}

void hit(std::size_t site, FakeRegs regs) {
  alignas(16) static thread_local std::uint64_t spare[512];
  if (regs.sp == 0) regs.sp = reinterpret_cast<std::uint64_t>(spare + 500);
  regs.site = site_address(site);
  gt_fake_hit(&regs);
}

Plan fake_plan(const std::vector<FakeSite>& sites) {
  auto mappings = ExecutableMappings::make(::getpid(), kOwnExecutable);
  if (!mappings) std::abort();
  Plan plan;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    Site site;
    site.hook = sites[i].hook;
    site.groups = sites[i].groups;
    site.reg = sites[i].reg;
    site.flags = sites[i].flags;
    site.file_offset = mappings->file_offset_of(reinterpret_cast<std::uint64_t>(site_address(i))).value();
    plan.sites.push_back(site);
  }
  return plan;
}

std::uint64_t stack_id(const std::vector<std::uint64_t>& pcs) {
  std::uint64_t hash = kStackSeed;
  for (const std::uint64_t pc : pcs) hash = gt_stack_hash_step(hash, pc);
  return gt_stack_hash_end(hash, static_cast<gt_u32>(pcs.size()));
}

}  // namespace gorotrace::testing
