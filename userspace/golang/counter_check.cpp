#include "golang/counter_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "golang/code.h"

namespace gorotrace {
namespace {

// "One of these functions uses this field": profile-guided optimisation may inline some of them away.
// Measured over all functions of the runtime on Go 1.18-1.27, amd64 and arm64, optimised or not
// (tests/unit/golang/counter_check_test.cpp holds it).
struct Anchor {
  std::uint16_t RuntimeOffsets::* field;
  const char* name;
  std::span<const char* const> functions;
  bool of_list =
      false;  // a list's size: where a method of the list is not inlined its head, 8 before, is used
};

constexpr const char* kCreate[] = {"runtime.newproc1", "runtime.oneNewExtraM"};
constexpr const char* kFree[] = {"runtime.gfget", "runtime.gfput", "runtime.gfpurge"};
constexpr const char* kRun[] = {"runtime.execute"};
constexpr const char* kSyscall[] = {"runtime.exitsyscall", "runtime.retake"};

// Of runtime.sched, by address.
constexpr Anchor kSched[] = {
    {&RuntimeOffsets::sched_goidgen, "runtime.sched.goidgen", kCreate},
    {&RuntimeOffsets::sched_ngsys, "runtime.sched.ngsys", kCreate},
    {&RuntimeOffsets::sched_gFree_n, "runtime.sched.gFree.n", kFree},
    {&RuntimeOffsets::sched_gFree_stack_size, "runtime.sched.gFree.stack.size", kFree, true},
    {&RuntimeOffsets::sched_gFree_noStack_size, "runtime.sched.gFree.noStack.size", kFree, true},
};
// Of a runtime.p, by pointer: the offset stands in an instruction.
constexpr Anchor kOfP[] = {
    {&RuntimeOffsets::p_schedtick, "runtime.p.schedtick", kRun},
    {&RuntimeOffsets::p_syscalltick, "runtime.p.syscalltick", kSyscall},
    {&RuntimeOffsets::p_goidcache, "runtime.p.goidcache", kCreate},
    {&RuntimeOffsets::p_goidcacheend, "runtime.p.goidcacheend", kCreate},
    {&RuntimeOffsets::p_gFree_n, "runtime.p.gFree.n", kFree},
    {&RuntimeOffsets::p_gFree_size, "runtime.p.gFree.size", kFree, true},
};

class Check {
 public:
  Check(const ElfImage& image, const Pclntab& pclntab, const RuntimeOffsets& offsets, std::uint64_t sched)
      : image_(image), pclntab_(pclntab), offsets_(offsets), sched_(sched) {}

  std::string run() {
    for (const Anchor& anchor : kSched) {
      const auto at = [this](const Uses& uses, std::uint64_t offset) {
        return std::ranges::any_of(uses.refs, [&](const DataRef& r) { return r.address == sched_ + offset; });
      };
      if (!used(anchor, at)) return sentence(anchor);
    }
    for (const Anchor& anchor : kOfP) {
      const auto at = [](const Uses& uses, std::uint64_t offset) {
        return std::ranges::any_of(uses.offsets, [&](const Displacement& d) { return d.offset == offset; });
      };
      if (!used(anchor, at)) return sentence(anchor);
    }
    return "";
  }

 private:
  struct Uses {
    std::vector<DataRef> refs;
    std::vector<Displacement> offsets;
  };

  template <typename At>
  bool used(const Anchor& anchor, const At& at) {
    const std::uint16_t offset = offsets_.*anchor.field;
    return offset == kAbsent || std::ranges::any_of(anchor.functions, [&](const char* name) {
             const Uses* uses = of(name);
             return uses != nullptr && (at(*uses, offset) || (anchor.of_list && at(*uses, offset - 8u)));
           });
  }

  const Uses* of(const char* name) {
    const auto known = uses_.find(name);
    if (known != uses_.end()) return &known->second;
    const auto f = pclntab_.function_named(name);
    if (!f) return nullptr;
    return &uses_.emplace(name, Uses{data_refs(image_, *f), displacements(image_, *f)}).first->second;
  }

  std::string sentence(const Anchor& anchor) const {
    return fmt::format(
        "{} is not at {} in this binary: {} does not use it there (a modified Go runtime, or one "
        "built with a GOEXPERIMENT)",
        anchor.name, offsets_.*anchor.field, fmt::join(anchor.functions, " or "));
  }

  const ElfImage& image_;
  const Pclntab& pclntab_;
  const RuntimeOffsets& offsets_;
  const std::uint64_t sched_;
  std::map<std::string_view, Uses> uses_;
};

}  // namespace

std::string counters_contradiction(const ElfImage& image, const Pclntab& pclntab,
                                   const RuntimeOffsets& offsets, const RuntimeGlobals& globals) {
  if (globals.sched == 0) return "runtime.sched was not found in the code";
  if (globals.allp == 0) return "runtime.allp was not found in the code";
  return Check(image, pclntab, offsets, globals.sched).run();
}

}  // namespace gorotrace
