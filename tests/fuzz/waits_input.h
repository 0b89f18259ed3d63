// A snapshot and the waits of its goroutines, out of one hostile memory.
#pragma once

#include <vector>

#include "check.h"
#include "go_offsets.h"
#include "hostile_memory.h"
#include "waits/moved.h"
#include "waits/wait_reader.h"

namespace gorotrace::fuzz {

inline std::size_t text_size(const Labels& labels) {
  std::size_t size = 0;
  for (const auto& [key, value] : labels) {
    check_utf8(key, "a label is UTF-8");
    check_utf8(value, "a label is UTF-8");
    size += key.size() + value.size();
  }
  return size;
}

inline void check_waits(const Snapshot& snapshot, const Waits& waits) {
  check(waits.goroutines.size() == snapshot.goroutines.size(), "each goroutine has its waits");
  std::size_t objects = 0;
  for (const GoroutineWaits& g : waits.goroutines) {
    check(g.labels < waits.label_sets.size(), "labels are of a set that is known");
    check(!g.moved || g.objects.empty(), "a goroutine that moved waits on nothing");
    objects += g.objects.size();
  }
  check(waits.proven + waits.likely == objects, "objects are proven or likely");
  for (const Labels& set : waits.label_sets) {
    check(std::ranges::is_sorted(set), "labels are sorted");
    check(text_size(set) <= 4u << 20, "labels are cut");
  }
}

// 1 byte: version, stacks' deltas; the memory (hostile_memory.h).
inline void read_waits(Input& input, WaitReader::Find find) {
  constexpr std::uint64_t kGoroutines = 8, kFirst = 0x20a00, kApart = 0x200;
  const auto choice = input.take<std::uint8_t>();
  const HostileMemory memory(input);
  const GoRelease release = go_release(choice);
  const auto config = reader_config(release, choice);
  const GoroutineReader reader(memory, config);
  std::vector<std::uint64_t> gs;
  for (std::uint64_t i = 0; i < kGoroutines; ++i) gs.push_back(kFirst + i * kApart);
  auto snapshot = reader.read(gs, StackDepth::kWhole);
  if (!snapshot) return;
  WaitReader::Config waits;
  waits.offsets = release.offsets;
  waits.wait_reasons = {"",
                        "coroutine",
                        "preempted",
                        "chan receive",
                        "chan send",
                        "select",
                        "chan receive (nil chan)",
                        "semacquire",
                        "sync.Mutex.Lock",
                        "sync.RWMutex.RLock",
                        "sync.RWMutex.Lock",
                        "sync.WaitGroup.Wait",
                        "sync.Cond.Wait",
                        "sleep",
                        "IO wait"};
  waits.semtable_address = kSemtable;
  waits.cache_line_pad = 8;  // so that the table leaves room for what it leads to
  waits.labels_in_map = release.minor < 24;
  waits.find = find;
  waits.max_between_looks_ns = config.max_between_looks_ns;
  const WaitReader wait_reader(memory, nullptr, waits);
  auto found = wait_reader.read(*snapshot);
  if (!found) return;
  check_waits(*snapshot, *found);
  if (read_moved(reader, wait_reader, *snapshot, *found)) check_waits(*snapshot, *found);
}

}  // namespace gorotrace::fuzz
