// runtime.allgs, its goroutines and their stacks as a test writes them into fake memory, with the offsets
// they follow.
#pragma once

#include <vector>

#include "fake_memory.h"
#include "golang/offsets.h"
#include "snapshot/goroutines.h"

namespace gorotrace::testing {

struct ForgedRuntime {
  static constexpr std::uint64_t kAllgs = 0x1000, kArray = 0x10000, kG = 0x20000, kStack = 0x100000;

  FakeMemory memory;
  GoroutineReader::Config config;
  std::vector<std::uint64_t> array;

  ForgedRuntime() {
    RuntimeOffsets& o = config.offsets;
    o.g_stack_lo = 0, o.g_stack_hi = 8, o.g_m = 48;
    o.g_sched_sp = 56, o.g_sched_pc = 64, o.g_sched_bp = 96;
    o.g_syscallsp = 104, o.g_syscallpc = 112, o.g_syscallbp = 120;
    o.g_atomicstatus = 144, o.g_goid = 152, o.g_waitreason = 176, o.g_trackingSeq = 191;
    o.g_gopc = 288, o.g_startpc = 304;
    config.allgs_address = kAllgs;
    config.text = 0x400000;
    config.etext = 0x500000;
    config.max_between_looks_ns = 1'000'000'000;  // this memory is slow, and nobody runs in it
  }
  void header(std::uint64_t data, std::uint64_t length, std::uint64_t capacity) {
    memory.words(kAllgs, {data, length, capacity});
  }
  void word(std::uint64_t g, std::uint16_t offset, std::uint64_t value) { memory.words(g + offset, {value}); }
  static std::uint64_t sp_of(std::uint64_t goid) { return kStack + goid * 4096 + 4096 - 128; }
  // A waiting goroutine with two frames on a stack of 4 KiB.
  std::uint64_t add(std::uint64_t goid) {
    const RuntimeOffsets& o = config.offsets;
    const std::uint64_t g = kG + goid * 512, lo = kStack + goid * 4096, sp = sp_of(goid);
    memory.map(g, 512);
    memory.map(sp, 128);
    word(g, o.g_stack_lo, lo);
    word(g, o.g_stack_hi, lo + 4096);
    word(g, o.g_sched_sp, sp);
    word(g, o.g_sched_pc, 0x400100);
    word(g, o.g_sched_bp, sp + 16);
    word(g, o.g_atomicstatus, 4);
    word(g, o.g_goid, goid);
    word(g, o.g_waitreason, 14);
    word(g, o.g_gopc, 0x400300);
    word(g, o.g_startpc, 0x400400);
    memory.words(sp + 16, {0, 0x400200});
    array.push_back(g);
    publish();
    return g;
  }
  void publish() {
    memory.put(kArray, array.data(), array.size() * 8);
    header(kArray, array.size(), array.size());
  }
};

}  // namespace gorotrace::testing
