// A goroutine laid out in this process's memory: runtime.g, its m, its stack with a frame pointer chain, a
// channel and a sudog. What the kernel side reads of a Go process, without a Go process.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "bpf/shared/abi.h"
#include "probe/plan.h"

extern "C" {
extern const std::uint8_t gt_fake_sites[];
extern const std::uint8_t gt_fake_return[];
struct FakeRegs {
  std::uint64_t arg0 = 0;  // rax / x0
  std::uint64_t arg1 = 0;  // rbx / x1
  std::uint64_t g = 0;     // r14 / x28
  std::uint64_t fp = 0, sp = 0;
  const void* site = nullptr;
  std::uint64_t taken = 2;  // 0: the branch is taken
};
void gt_fake_hit(FakeRegs* regs);
}

namespace gorotrace::testing {

#if defined(__x86_64__)
inline constexpr std::uint8_t kArg0 = GT_REG_AMD64_RAX, kArg1 = GT_REG_AMD64_RBX;
#else
inline constexpr std::uint8_t kArg0 = 0, kArg1 = 1;
#endif

// Layout of go1.26 (golang/offsets_table.inc); only what gt_target names.
struct FakeG {
  alignas(8) std::array<std::uint8_t, 448> bytes{};
  template <typename T>
  T& at(std::size_t offset) {
    return *reinterpret_cast<T*>(bytes.data() + offset);
  }
  [[nodiscard]] std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(bytes.data()); }
};

class FakeGoroutine {
 public:
  // `depth` pcs in all: sched.pc, then depth - 1 frames, `frame_bytes` apart.
  FakeGoroutine(std::uint64_t goid, unsigned depth, std::uint64_t pc_base, std::uint64_t frame_bytes = 48);

  FakeG g;
  [[nodiscard]] std::uint64_t fp() const { return fp_; }
  [[nodiscard]] std::uint64_t sp() const { return fp_ - 64; }  // room below the innermost frame
  [[nodiscard]] const std::vector<std::uint64_t>& pcs() const { return pcs_; }

 private:
  std::vector<std::uint64_t> stack_;
  std::vector<std::uint64_t> pcs_;
  std::uint64_t fp_ = 0;
};

// An M: its g0, and m.curg.
struct FakeM {
  FakeM();
  void set_curg(FakeGoroutine* goroutine);  // as execute and dropg do: m.curg and g.m (runtime/proc.go)
  FakeG g0;
  std::array<std::uint64_t, 32> m{};

 private:
  FakeGoroutine* curg_ = nullptr;  // outlives this M, or is taken off it
};

[[nodiscard]] gt_target fake_config();

// Plan with one site per entry, at gt_fake_sites[i].
struct FakeSite {
  gt_hook hook;
  GroupMask groups;
  std::uint8_t reg = kArg0;
  std::uint8_t flags = 0;
};
[[nodiscard]] Plan fake_plan(const std::vector<FakeSite>& sites);
[[nodiscard]] const void* site_address(std::size_t index);
// Runs into a site, with room for a stack where regs names none.
void hit(std::size_t site, FakeRegs regs);
[[nodiscard]] std::uint64_t stack_id(const std::vector<std::uint64_t>& pcs);

}  // namespace gorotrace::testing
