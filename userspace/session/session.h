// A tracing session: what its targets share, and the targets, which come and go. The control thread owns it
// and calls tick() every kTickMs, and at due_ns(); nothing here prints.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "capture/slots.h"
#include "session/look_workers.h"
#include "session/pipeline.h"
#include "session/sampling_share.h"
#include "session/traced.h"

namespace gorotrace {

class Session {
 public:
  static constexpr int kTickMs = 50;
  using Samples = std::map<TargetId, Sample>;

  // Loads and calibrates when options.groups is not empty. Attaches nothing.
  [[nodiscard]] static Result<std::unique_ptr<Session>> make(const SessionOptions& options);
  ~Session();

  // It will be added: those of its file that come before it know of it (session/link_sharing.h).
  void expect(const Target& target);
  // Arms the groups; all goroutines are read soon. On failure nothing of this target stays attached. The slot
  // of one that was removed is free again some 20 ms later.
  [[nodiscard]] Result<TargetId> add(std::unique_ptr<Target> target);
  // Liveness, budget, periodic reads of memory. Cheap when nothing is due.
  void tick();
  // Readable when a tick is wanted at once, which it is not any more behind that; -1: never.
  [[nodiscard]] int urgent_fd() const { return pipeline_->urgent_fd(); }
  // When a target wants a tick, if that is before the regular one.
  [[nodiscard]] std::optional<std::uint64_t> due_ns() const;
  // The end of one target's window, as of finish(), while the others go on. Nothing when it is over, or when
  // there is no such target.
  void end(TargetId target);
  // Behind it: the process does not let go of whoever read its memory.
  [[nodiscard]] bool held_up(TargetId target) const { return of(target).held_up(); }
  // Forgets a target, behind the end of its window: its id is nobody's from here on.
  void remove(TargetId target);
  // The end of the window: a last look at memory, where one does not take long, then everything is detached.
  // tables() answers as of then, with every record from before.
  void finish();
  // The same of a session with one target, whose last look is kept: every goroutine, and since when each has
  // waited, as far as watching has proven it. It ticks meanwhile; once go_on says no it takes what was read.
  [[nodiscard]] Result<Dump> finish_with_dump(WaitsWanted waits, const std::function<bool()>& go_on);

  // Those that were not removed, in the order in which they were added.
  [[nodiscard]] std::vector<TargetId> targets() const;
  [[nodiscard]] bool any_traced() const;
  // Of one of them.
  [[nodiscard]] Target& target(TargetId target) { return of(target).target(); }
  [[nodiscard]] Symbolizer& symbols(TargetId target) { return of(target).symbols(); }
  [[nodiscard]] Result<Tables> tables(TargetId target) { return of(target).tables(); }
  [[nodiscard]] StatFacts facts(TargetId target) const { return of(target).facts(); }
  // Why its window ended, where its goroutines contradicted what was known of its runtime (TargetStage).
  [[nodiscard]] const std::optional<Error>& contradiction(TargetId target) const {
    return of(target).contradiction();
  }
  // Turns its groups on or off while it runs.
  [[nodiscard]] Status set_groups(TargetId target, GroupMask groups, const std::string& reason) {
    return of(target).set_groups(groups, reason);
  }
  // The tables of a window that goes on are to tell what memory has now, too, where sampling looks instead of
  // whole looks. True: they do, or as far as that may cost; false: ask again at a later tick.
  [[nodiscard]] bool refresh(TargetId target) { return of(target).refresh(); }
  // However much its budget is, its probes may cost so many CPUs at most from here on.
  void cap_budget(TargetId target, double cpus) { of(target).cap_budget(cpus); }

  // Counters and totals of every target, all as of now (or of the end of its window, once it has ended): what
  // an interval line subtracts. Asked for, and taken once they are there, for control waits for no model:
  // nullopt until then. Those that come too late are of an earlier time (Sample::at_ns). Of a target that the
  // models have not come to there is none.
  void ask_samples();
  [[nodiscard]] bool samples_asked() const { return asked_.has_value(); }
  [[nodiscard]] std::optional<Result<Samples>> take_samples();
  [[nodiscard]] Result<Samples> await_samples();

  [[nodiscard]] EventFacts events() const { return pipeline_->events(); }
  // Of one target, as a sink knows them that dropped so many of its records.
  [[nodiscard]] EventFacts events(TargetId target, std::uint64_t dropped) const {
    return pipeline_->events(target, dropped);
  }

 private:
  explicit Session(const SessionOptions& options) : options_(options), share_(options.sample_cpu) {}
  [[nodiscard]] Traced* find(TargetId target) const;
  [[nodiscard]] Traced& of(TargetId target) const { return *find(target); }
  void end_looks(const std::vector<Traced*>& targets, bool with_a_look);
  // With an eye on everybody meanwhile: until it is so, or the time has come.
  void await(std::uint64_t deadline_ns, const std::function<bool()>& is_so);
  [[nodiscard]] std::vector<Traced*> all() const;
  void close();

  SessionOptions options_;
  SamplingShare share_;
  SessionWorkers workers_;
  std::optional<Slots> slots_;  // without probes
  std::vector<std::unique_ptr<Traced>> traced_;
  // Its threads refer to the targets, so it goes first.
  std::unique_ptr<Pipeline> pipeline_;
  struct AskedSamples {
    PendingAnswers answers;
    std::vector<std::pair<TargetId, Sample>> without_answer;
  };
  std::optional<AskedSamples> asked_;
};

}  // namespace gorotrace
