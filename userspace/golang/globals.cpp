#include "golang/globals.h"

#include <algorithm>
#include <set>

#include "golang/code.h"

namespace gorotrace {
namespace {

using Addresses = std::set<std::uint64_t>;

std::vector<DataRef> refs_of(const ElfImage& image, const Pclntab& pclntab, const char* name) {
  const auto f = pclntab.function_named(name);
  if (!f) return {};
  std::vector<DataRef> refs = data_refs(image, *f);
  std::erase_if(refs, [&](const DataRef& r) { return !image.in_writable_segment(r.address); });
  return refs;
}

Addresses words(const std::vector<DataRef>& refs) {
  Addresses out;
  for (const DataRef& r : refs) {
    if (r.size == 8) out.insert(r.address);
  }
  return out;
}

// The only X with X, X + 8, ... (count words) all accessed; 0 when none or several.
std::uint64_t only_run(const Addresses& words, int count) {
  std::uint64_t found = 0;
  for (const std::uint64_t x : words) {
    bool all = true;
    for (int i = 1; i < count; ++i) all = all && words.contains(x + 8 * static_cast<std::uint64_t>(i));
    if (!all) continue;
    if (found != 0) return 0;
    found = x;
  }
  return found;
}

std::uint64_t find_allp(const ElfImage& image, const Pclntab& pclntab) {
  // retake ranges over allp; when PGO inlined it, so do these.
  for (const char* name :
       {"runtime.retake", "runtime.forEachPInternal", "runtime.forEachP", "runtime.schedtrace"}) {
    if (const auto found = only_run(words(refs_of(image, pclntab, name)), 2); found != 0) return found;
  }
  return 0;
}

std::uint64_t find_sched(const ElfImage& image, const Pclntab& pclntab, const RuntimeOffsets& offsets) {
  // stopm begins with lock(&sched.lock); the same address must be taken by another user of the lock.
  const auto first_taken = [&](const char* name) -> std::uint64_t {
    for (const DataRef& r : refs_of(image, pclntab, name)) {
      if (r.address_taken()) return r.address;
    }
    return 0;
  };
  const std::uint64_t lock = first_taken("runtime.stopm");
  if (lock == 0 || offsets.sched_lock == kAbsent || lock < offsets.sched_lock) return 0;
  for (const char* name : {"runtime.handoffp", "runtime.startm", "runtime.injectglist", "runtime.sysmon"}) {
    for (const DataRef& r : refs_of(image, pclntab, name)) {
      if (r.address_taken() && r.address == lock) return lock - offsets.sched_lock;
    }
  }
  return 0;
}

std::uint64_t find_semtable(const ElfImage& image, const Pclntab& pclntab) {
  const auto taken = [&](const char* name) {
    Addresses out;
    for (const DataRef& r : refs_of(image, pclntab, name)) {
      if (r.address_taken()) out.insert(r.address);
    }
    return out;
  };
  const Addresses acquire = taken("runtime.semacquire1"), release = taken("runtime.semrelease1");
  std::vector<std::uint64_t> both;
  std::set_intersection(acquire.begin(), acquire.end(), release.begin(), release.end(),
                        std::back_inserter(both));
  return both.size() == 1 ? both[0] : 0;
}

// What isSystemGoroutine looks at (traceback.go) and the finalizer goroutine sets.
std::uint64_t find_finalizing(const ElfImage& image, const Pclntab& pclntab) {
  const auto addresses = [&](const char* name) {
    Addresses out;
    for (const DataRef& r : refs_of(image, pclntab, name)) out.insert(r.address);
    return out;
  };
  const Addresses looked_at = addresses("runtime.isSystemGoroutine");
  for (const char* name : {"runtime.runFinalizers", "runtime.runfinq"}) {
    const Addresses set = addresses(name);
    std::vector<std::uint64_t> both;
    std::set_intersection(looked_at.begin(), looked_at.end(), set.begin(), set.end(),
                          std::back_inserter(both));
    if (both.size() == 1) return both[0];
  }
  return 0;
}

}  // namespace

RuntimeGlobals find_globals(const ElfImage& image, const Pclntab& pclntab, const RuntimeOffsets& offsets) {
  return {.allgs = only_run(words(refs_of(image, pclntab, "runtime.allgadd")), 3),
          .allp = find_allp(image, pclntab),
          .sched = find_sched(image, pclntab, offsets),
          .semtable = find_semtable(image, pclntab),
          .finalizing = find_finalizing(image, pclntab)};
}

}  // namespace gorotrace
