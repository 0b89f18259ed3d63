#include "golang/metrics_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "golang/code.h"
#include "golang/metrics_anchors.h"

namespace gorotrace {
namespace {

using Addresses = std::set<std::uint64_t>;

class Finder {
 public:
  Finder(const GoBinary& binary, const MetricsOffsets& offsets)
      : image_(binary.image()), pclntab_(binary.pclntab()), minor_(binary.version().minor) {
    out_.offsets = offsets;
    out_.globals.allgs = binary.globals().allgs;
    out_.globals.allp = binary.globals().allp;
  }

  MetricsLayout run(std::uint64_t sched) {
    MetricsGlobals& g = out_.globals;
    g.memstats = solve("runtime.memstats", metrics_anchors::kMemstats);
    g.gcController = solve("runtime.gcController", metrics_anchors::kGcController);
    g.mheap = solve("runtime.mheap_", metrics_anchors::kMheap);
    g.sched = solve("runtime.sched", metrics_anchors::kSched);
    if (g.sched != sched && sched != 0) lose(g.sched, "runtime.sched: two recipes give two addresses");
    g.allm = only("runtime.allm",
                  {{"runtime.mcommoninit", 8}, {"runtime.mcommoninit", 0}, {"runtime.schedtrace", 8}});
    if (minor_ >= 19) {
      g.gcCPULimiter = only("runtime.gcCPULimiter", {{"runtime.procresize", 0},
                                                     {"runtime.gcStart", 0},
                                                     {"runtime.gcMarkTermination", 0},
                                                     {"runtime.gcAssistAlloc1", 0}});
      g.startingStackSize =
          only("runtime.startingStackSize",
               {{"runtime.gfput", 4}, {"runtime.gfget", 4}, {"runtime.gcComputeStartingStackSize", 4}});
    }
    if (minor_ >= 20) g.work = solve("runtime.work", metrics_anchors::kWork);
    if (minor_ >= 26) {
      g.gcCleanups = solve("runtime.gcCleanups", metrics_anchors::kCleanups);
      g.finqueued =
          only("runtime.finqueued", {{"runtime.queuefinalizer", 8}, {"runtime.finReadQueueStats", 8}});
      g.finexecuted =
          only("runtime.finexecuted", {{"runtime.runFinalizers", 8}, {"runtime.finReadQueueStats", 8}});
      g.extraMInUse = only("runtime.extraMInUse", {{"runtime.checkmcount", 4}, {"runtime.dropm", 0}});
      g.extraMLength = only("runtime.extraMLength", {{"runtime.checkmcount", 4}, {"runtime.addExtraM", 0}});
    }
    by_pointer();
    MetricsOffsets& o = out_.offsets;
    derive(o.m_alllink, "runtime.m.alllink", alllink());
    read_mexit();
    return std::move(out_);
  }

 private:
  const std::vector<DataRef>* refs(const char* function) {
    auto found = refs_.find(function);
    if (found == refs_.end()) {
      const auto f = pclntab_.function_named(function);
      if (!f) return nullptr;
      auto refs = data_refs(image_, *f);
      std::erase_if(refs, [this](const DataRef& r) { return !image_.in_writable_segment(r.address); });
      found = refs_.emplace(function, std::move(refs)).first;
    }
    return &found->second;
  }

  void lose(std::uint64_t& address, std::string why) {
    address = 0;
    out_.missing.push_back(std::move(why));
  }

  // The only address of the variable that all anchors allow. A function that this binary lacks (inlined
  // everywhere) says nothing; two must speak.
  std::uint64_t solve(const char* variable, std::span<const MetricsAnchor> anchors) {
    Addresses candidates;
    int used = 0;
    for (const MetricsAnchor& anchor : anchors) {
      const std::uint32_t offset = anchor.field == nullptr ? 0 : out_.offsets.*anchor.field;
      const auto* uses = refs(anchor.function);
      if (offset == kNoOffset || minor_ < anchor.since || uses == nullptr) continue;
      Addresses here;
      for (const DataRef& r : *uses) {
        const std::uint64_t base = r.address - offset;
        if (r.address >= offset && (used == 0 || candidates.contains(base))) here.insert(base);
      }
      candidates = std::move(here);
      ++used;
      if (candidates.empty()) {
        out_.missing.push_back(fmt::format("{}: {} does not use {} where {} says it is", variable,
                                           anchor.function, anchor.name,
                                           used == 1 ? "the code" : "the offset table"));
        return 0;
      }
    }
    if (used >= 2 && candidates.size() == 1) return *candidates.begin();
    out_.missing.push_back(
        fmt::format("{}: {} functions leave {} addresses for it", variable, used, candidates.size()));
    return 0;
  }

  // The only address that each function accesses with that size (0: takes the address of), sched's fields
  // aside.
  std::uint64_t only(const char* variable, std::initializer_list<std::pair<const char*, std::uint8_t>> uses) {
    Addresses candidates;
    bool first = true;
    for (const auto& [function, size] : uses) {
      const auto* all = refs(function);
      if (all == nullptr) {
        out_.missing.push_back(fmt::format("{}: this binary has no {}", variable, function));
        return 0;
      }
      Addresses here;
      for (const DataRef& r : *all) {
        if (r.size == size && (first || candidates.contains(r.address)) && !in_sched(r.address))
          here.insert(r.address);
      }
      candidates = std::move(here);
      first = false;
    }
    if (candidates.size() == 1) return *candidates.begin();
    out_.missing.push_back(
        fmt::format("{}: the code leaves {} addresses for it", variable, candidates.size()));
    return 0;
  }

  [[nodiscard]] bool in_sched(std::uint64_t address) const {
    const std::uint64_t sched = out_.globals.sched;
    return sched != 0 && out_.offsets.sched_timeToRun != kNoOffset && address >= sched &&
           address < sched + out_.offsets.sched_timeToRun;
  }

  void by_pointer() {
    for (const MetricsAnchor& anchor : metrics_anchors::kByPointer) {
      std::uint32_t& offset = out_.offsets.*anchor.field;
      const auto f = pclntab_.function_named(anchor.function);
      if (offset == kNoOffset || !f) continue;
      const auto used = displacements(image_, *f);
      if (std::ranges::any_of(used, [&](const Displacement& d) { return d.offset == offset; })) continue;
      out_.missing.push_back(fmt::format("{}: {} does not use the offset {} of our table", anchor.name,
                                         anchor.function, offset));
      offset = kNoOffset;
    }
  }

  // What moves between patch releases (fields of m did in 1.23) is taken from the code, whatever the table
  // says.
  void derive(std::uint32_t& offset, const char* name, std::optional<std::uint32_t> found) {
    if (found) {
      offset = *found;
    } else if (offset != kNoOffset) {
      offset = kNoOffset;
      out_.missing.push_back(fmt::format("{}: not found in the code", name));
    }
  }

  struct Code {
    std::vector<DataRef> refs;
    std::vector<Displacement> offsets;  // in code order, those above 8 only: what is below says nothing
  };
  std::optional<Code> code(const char* function) {
    const auto f = pclntab_.function_named(function);
    const auto* uses = refs(function);
    if (!f || uses == nullptr) return std::nullopt;
    Code out{*uses, displacements(image_, *f)};
    const auto made =
        data_refs(image_, *f);  // an instruction that makes an address (arm64) adds no field's offset
    std::erase_if(out.offsets, [&](const Displacement& d) {
      return d.offset <= 8 || d.offset >= kNoOffset ||
             std::ranges::find(made, d.at, &DataRef::at) != made.end();
    });
    return out;
  }

  static std::optional<std::uint32_t> only_between(const Code& code, std::uint64_t from, std::uint64_t to) {
    std::optional<std::uint32_t> found;
    for (const Displacement& d : code.offsets) {
      if (d.at <= from || d.at >= to) continue;
      if (found && *found != d.offset) return std::nullopt;
      found = static_cast<std::uint32_t>(d.offset);
    }
    return found;
  }

  // mcommoninit (runtime/proc.go): m.alllink = allm, and then allm = m.
  std::optional<std::uint32_t> alllink() {
    const auto body = code("runtime.mcommoninit");
    if (!body || out_.globals.allm == 0) return std::nullopt;
    std::uint64_t first = 0, last = 0;
    for (const DataRef& r : body->refs) {
      if (r.address != out_.globals.allm) continue;
      if (first == 0) first = r.at;
      last = r.at;
    }
    return only_between(*body, first, last);
  }

  // mexit (runtime/proc.go) adds what a thread counted to the process's totals:
  //   ncgocall += m.ncgocall; sched.totalRuntimeLockWaitTime += m.mLockProfile.waitTime
  // The first address after the thread is off allm that is not of sched is ncgocall's, and the offset used
  // last before it m.ncgocall's; the one used between the two additions is waitTime's.
  void read_mexit() {
    MetricsOffsets& o = out_.offsets;
    const auto body = code("runtime.mexit");
    const std::uint64_t total = o.sched_totalRuntimeLockWaitTime == kNoOffset
                                    ? 0
                                    : out_.globals.sched + o.sched_totalRuntimeLockWaitTime;
    std::optional<std::uint32_t> calls, wait;
    if (body && out_.globals.allm != 0 && out_.globals.sched != 0) {
      std::uint64_t unlinked = 0, from = 0, first = 0, to = 0;
      for (const DataRef& r : body->refs) {
        if (r.address == out_.globals.allm) unlinked = r.at;
      }
      for (const DataRef& r : body->refs) {
        if (r.at <= unlinked) continue;
        if (first == 0 && r.address_taken() && r.address != total && !in_sched(r.address)) {
          out_.globals.ncgocall = r.address;
          first = r.at;
        }
        if (first != 0 && r.address == out_.globals.ncgocall) from = r.at;
        if (r.address == total && to == 0) to = r.at;
      }
      for (const Displacement& d : body->offsets) {
        if (d.at < first) calls = static_cast<std::uint32_t>(d.offset);
      }
      wait = only_between(*body, from, to);
    }
    derive(o.m_ncgocall, "runtime.m.ncgocall", out_.globals.ncgocall != 0 ? calls : std::nullopt);
    if (!calls) out_.globals.ncgocall = 0;
    if (total != 0) derive(o.m_lockWaitTime, "runtime.m.mLockProfile.waitTime", wait);
  }

  const ElfImage& image_;
  const Pclntab& pclntab_;
  int minor_;
  MetricsLayout out_;
  std::map<std::string, std::vector<DataRef>> refs_;
};

}  // namespace

MetricsLayout find_metrics_layout(const GoBinary& binary, const MetricsOffsets& offsets) {
  return Finder(binary, offsets).run(binary.globals().sched);
}

Result<MetricsLayout> find_metrics_layout(const GoBinary& binary) {
  const GoVersion& version = binary.version();
  // The table first: reading DWARF takes longer than all the rest, and the code decides anyway.
  std::optional<MetricsLayout> best;
  for (const bool dwarf : {false, true}) {
    if (best && best->missing.empty()) break;
    std::optional<MetricsOffsetsWithSource> found;
    if (!dwarf) {
      found = metrics_offsets_from_table(version, binary.image().arch());
    } else if (auto read = metrics_offsets_from_dwarf(binary.image())) {
      found = *std::move(read);
    }
    if (!found) continue;
    MetricsLayout layout = find_metrics_layout(binary, found->offsets);
    layout.offsets_source = found->source;
    if (!best || layout.missing.size() < best->missing.size()) best = std::move(layout);
  }
  if (!best && version.newer_than_known()) {
    const auto found = metrics_offsets_from_types(binary.image(), binary.pclntab());
    best = find_metrics_layout(binary, found.offsets);
    best->offsets_source = found.source;
  }
  if (best) return *std::move(best);
  return fail(ErrorKind::kUnsupported,
              fmt::format("where {} keeps its statistics is not known here", version.text));
}

}  // namespace gorotrace
