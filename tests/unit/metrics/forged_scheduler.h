// Ps, their Ms and the goroutines that run on them, as a test writes them into memory: what RunStateReader
// reads.
#pragma once

#include <cstdint>

#include "../snapshot/fake_memory.h"
#include "metrics/passes.h"

namespace gorotrace::testing {

struct ForgedScheduler {
  static constexpr std::uint64_t kSched = 0x40000, kAllp = 0x50000, kPs = 0x60000, kMs = 0x70000,
                                 kGs = 0x80000, kApart = 0x1000;

  explicit ForgedScheduler(std::uint64_t n) {
    where.offsets.sched_runqsize = 16;
    where.offsets.p_status = 4;
    where.offsets.p_m = 8;
    where.offsets.p_runqhead = 16;
    where.offsets.p_runqtail = 20;
    where.offsets.p_runnext = 24;
    where.offsets.p_statsSeq = 64;
    where.goroutines.m_curg = 8;
    where.goroutines.g_m = 0;
    where.goroutines.g_atomicstatus = 8;
    where.goroutines.g_startpc = 16;
    where.at.allp = kAllp;
    where.at.sched = kSched;
    memory.map(kSched, 64);
    ps(n);
  }
  void ps(std::uint64_t n) {
    memory.words(kAllp, {kAllp + 64, n, n});
    for (std::uint64_t i = 0; i < n; ++i) {
      memory.words(kAllp + 64 + 8 * i, {kPs + i * kApart});
      memory.map(kPs + i * kApart, 128);
      memory.map(kMs + i * kApart, 64);
      memory.map(kGs + i * kApart, 64);
    }
  }
  // The i-th P runs, its M has a goroutine of that status.
  void runs(std::uint64_t i, std::uint32_t status, std::uint64_t startpc) {
    put32(kPs + i * kApart + 4, 1);
    memory.words(kPs + i * kApart + 8, {kMs + i * kApart});
    memory.words(kMs + i * kApart + 8, {kGs + i * kApart});
    memory.words(kGs + i * kApart, {kMs + i * kApart});
    put32(kGs + i * kApart + 8, status);
    memory.words(kGs + i * kApart + 16, {startpc});
  }
  // Of the i-th P; and of all.
  void queue(std::uint64_t i, std::uint32_t head, std::uint32_t tail, std::uint64_t next) {
    put32(kPs + i * kApart + 16, head);
    put32(kPs + i * kApart + 20, tail);
    memory.words(kPs + i * kApart + 24, {next});
  }
  void global_queue(std::uint32_t length) { put32(kSched + 16, length); }
  void put32(std::uint64_t address, std::uint32_t value) { memory.put(address, &value, sizeof value); }

  FakeMemory memory;
  MetricsSource where{memory, {}, {}, {}, 22};
};

}  // namespace gorotrace::testing
