// One look at every goroutine of a process, and which of them a report is about.
// Threads: control thread only. Pure but for the symbolizer's look-ups.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evidence/creation_chain.h"
#include "evidence/facts.h"
#include "evidence/traceback.h"
#include "golang/version.h"
#include "model/model.h"
#include "sampling/known_waits.h"
#include "snapshot/ancestors.h"
#include "snapshot/goroutines.h"
#include "symbols/stack_table.h"
#include "waits/wait_object.h"

namespace gorotrace {

// Which process of which program it was, for whoever compares dumps: PIDs are used again.
struct DumpIdentity {
  std::string boot_id;            // of the machine; "" when unknown
  std::uint64_t start_ticks = 0;  // /proc/PID/stat field 22; 0 when unknown
  // Field 28, where the initial stack starts: an exec keeps the PID and the ticks, and moves this (but where
  // addresses are not randomised). 0 when unknown.
  std::uint64_t start_stack = 0;
  std::string main_package;  // BuildInfo::main_package
};

struct Dump {
  TargetFacts target;
  DumpIdentity identity;
  GoVersion version;
  std::vector<std::string> wait_reasons;  // GoBinary::wait_reasons()
  std::uint64_t unix_ns = 0;              // wall clock at the end of the look
  Snapshot snapshot;
  // At the end of the look a finalizer was running (RuntimeGlobals::finalizing); absent when it is not known.
  std::optional<bool> finalizing;
  // The process shows labels in its own tracebacks (GODEBUG=tracebacklabels).
  bool labels_in_tracebacks = false;
  Ancestors ancestors;      // that the runtime keeps (GODEBUG=tracebackancestors)
  SeenCreations creations;  // that were watched beforehand
  Waits waits;              // of each goroutine of the snapshot
  std::string held;         // what kept the process from running (process/hold.h); "" when nothing did
  // Likewise, when the process was watched beforehand, and what was watched.
  std::vector<KnownWait> known_waits;
  std::optional<StatFacts> watched;
};

// Where a goroutine was made, as "created by" names it: the function that holds the go statement after
// inlining, and the statement's own place.
struct CreationSite {
  std::string function, file;  // "" when there is none: goroutine 1, C threads
  int line = 0;
  std::uint64_t offset = 0;  // of the return address in the function
  bool shown = false;        // in a traceback: not the runtime's own
};

// The goroutines of a dump with what a report asks of each.
class DumpView {
 public:
  DumpView(const Dump& dump, StackTable& symbols) : dump_(dump), symbols_(symbols) {}

  [[nodiscard]] const Dump& dump() const { return dump_; }
  [[nodiscard]] const std::vector<GoroutineSnapshot>& goroutines() const { return dump_.snapshot.goroutines; }
  // What addresses in frames lack to those of the process.
  [[nodiscard]] std::uint64_t load_bias() const { return symbols_.load_bias(); }
  // Leaf first; empty without a stack.
  [[nodiscard]] std::vector<Call> stack(const GoroutineSnapshot& g) const;
  // Where calls of it are left out, and how many.
  [[nodiscard]] StackSet::Gap gap(const GoroutineSnapshot& g) const {
    return dump_.snapshot.stacks[g.stack].gap;
  }
  [[nodiscard]] CreationSite creation(const GoroutineSnapshot& g) const;
  // The go statements behind g, nearest first, until there is code of the program itself; empty when nothing
  // more is known of them than creation() says.
  [[nodiscard]] std::vector<ChainLink> chain(const GoroutineSnapshot& g) const;
  // What to name behind its go statement (way_from_user_code). Names are looked up once for each chain.
  [[nodiscard]] const std::vector<Frame>& way(const GoroutineSnapshot& g) const;
  // As its own traceback has them; empty when the runtime keeps none.
  [[nodiscard]] const std::vector<Ancestor>& ancestors(const GoroutineSnapshot& g) const;
  // The same place of any go statement.
  [[nodiscard]] CreationSite creation(std::uint64_t gopc) const;
  // Of a stack that runtime.Callers took: frames of the pcs themselves.
  [[nodiscard]] const std::vector<Frame>& frames_at(std::uint64_t pc) const {
    return symbols_.frames(pc, PcKind::kExact);
  }
  [[nodiscard]] const std::string& start_function(const GoroutineSnapshot& g) const;  // "" when unknown
  // runtime.isSystemGoroutine: the runtime's own goroutines, but not while they run the program's finalizers
  // and cleanups.
  [[nodiscard]] bool system(const GoroutineSnapshot& g) const;
  // g is one of goroutines(). Nothing where the waits were not read.
  [[nodiscard]] const GoroutineWaits& waits(const GoroutineSnapshot& g) const;
  [[nodiscard]] const Labels& labels(const GoroutineSnapshot& g) const;
  // Since when it waits: by garbage collections alone where nobody watched.
  [[nodiscard]] KnownWait known_wait(const GoroutineSnapshot& g) const;
  // Seen to move so lately, before it was read or since, that it has not waited for ns.
  [[nodiscard]] bool moved_within(const GoroutineSnapshot& g, std::uint64_t ns) const;
  // How long, at most, when it was read; absent when it does not wait, or nothing proves it.
  [[nodiscard]] std::optional<std::uint64_t> waiting_at_most_ns(const GoroutineSnapshot& g) const;
  // How long, at least; absent when it does not wait, or nothing proves it.
  [[nodiscard]] std::optional<std::uint64_t> waiting_at_least_ns(const GoroutineSnapshot& g) const;
  // What its header says: the time since the park where a probe saw it, else what the runtime itself would
  // print, or more where more is proven.
  [[nodiscard]] std::uint64_t shown_wait_ns(const GoroutineSnapshot& g) const;
  [[nodiscard]] std::string state(const GoroutineSnapshot& g) const {
    return state_name(g, dump_.wait_reasons);
  }

 private:
  [[nodiscard]] const KnownCreations& known_creations() const;
  [[nodiscard]] std::vector<KnownCreation> known_chain(const GoroutineSnapshot& g) const;
  [[nodiscard]] std::vector<ChainLink> with_names(const std::vector<KnownCreation>& chain) const;
  [[nodiscard]] bool by_user_code(const KnownCreation& creation) const;
  [[nodiscard]] ChainLink with_names(const KnownCreation& creation) const;
  [[nodiscard]] bool in_finalizer(const GoroutineSnapshot& g, std::string_view start) const;
  [[nodiscard]] std::size_t index(const GoroutineSnapshot& g) const {
    return static_cast<std::size_t>(&g - dump_.snapshot.goroutines.data());
  }

  const Dump& dump_;
  StackTable& symbols_;
  // Made when they are asked for.
  mutable std::optional<KnownCreations> known_creations_;
  mutable SeededMap<std::uint64_t, bool> user_site_;  // by gopc
  // By what tells chains apart: go statements, what they start, and where the creators' stacks lie.
  using WayKey = std::vector<std::array<std::uint64_t, 3>>;
  mutable std::map<WayKey, std::vector<Frame>> ways_;
};

// Whether its header has a wait (runtime/traceback.go goroutineheader), or would have: leaked ones too.
[[nodiscard]] bool is_waiting(const GoroutineSnapshot& g);

// Why a goroutine has no stack in this dump; "" when it has one. Never blank for one without.
[[nodiscard]] std::string_view missing_stack(const GoroutineSnapshot& g);

}  // namespace gorotrace
