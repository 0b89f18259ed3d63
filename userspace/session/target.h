// One Go runtime of a process being traced: what we know of its binary, its memory and its probes, checked
// against each other before anything is attached. Shared with whoever reads its memory. Threads: control
// thread, except what reads memory (goroutines() and prove(), one at a time), proven(), is_system(), which
// the samplers' threads ask, and the binary's line table, which the router's thread uses, too.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bpf/shared/abi.h"
#include "evidence/facts.h"
#include "golang/binary.h"
#include "golang/modules.h"
#include "metrics/passes.h"
#include "probe/plan.h"
#include "process/code_file.h"
#include "process/discovery.h"
#include "process/process.h"
#include "sampling/process_sampler.h"
#include "snapshot/counters.h"
#include "snapshot/goroutines.h"
#include "snapshot/stack_walk.h"
#include "symbols/binary_cache.h"
#include "symbols/module_loader.h"

namespace gorotrace {

// What events are to bring along, each of which costs at every one of them.
struct EventsWanted {
  GroupMask groups = 0;
  bool stacks = true, labels = false;
};

// Where a process is when it is opened.
enum class TargetStage : std::uint8_t {
  kRunning,
  kAtExec,  // held before its first instruction: its text is there, its runtime has made nothing yet
};

// What its live goroutines say of what was taken for known of its runtime.
enum class Proof : std::uint8_t { kNoGoroutine, kHolds, kContradicts };

class Target {
 public:
  // Opens the process and the file with the Go runtime that is meant (go_files.h), checks the runtime's
  // offsets against the code and against the live goroutines, and plans the probes. Attaches nothing. Every
  // refusal says what does not hold. A binary that another target of the cache runs is not parsed again.
  //
  // At its exec there is no goroutine to hold them against: such a target is not proven() yet. Its probes
  // need no proof, for where they go and what registers hold there the code says; what they read of a g they
  // read at the offsets that are to be proven. Its memory is read by nobody before prove() has found them to
  // hold: that of an empty runtime is known without (session/target_looks.h).
  [[nodiscard]] static Result<std::unique_ptr<Target>> open(const TargetName& name, BinaryCache& binaries,
                                                            TargetStage stage = TargetStage::kRunning);
  [[nodiscard]] static Result<std::unique_ptr<Target>> open(const TargetName& name);  // the only one

  [[nodiscard]] bool proven() const { return proven_.load(std::memory_order_acquire); }
  // Whoever may be held up by the process, one at a time, until it holds. The error says what does not, as
  // far as it could be seen at one glance: a runtime that is just starting may look wrong for an instant.
  [[nodiscard]] Proof prove(Error& contradiction);

  // Reads what plan() needs of the binary and what takes long (30 ms for one of 50 MB), and where its metrics
  // are; they would be read later, too.
  void prepare_plan() const {
    binary().pclntab().read_inline_trees();
    (void)metrics_layout();
  }
  // The plan of this binary at this host's trap costs, its bytes verified in the live process.
  // `shared` gets the sites where another tracer's breakpoint already sits.
  [[nodiscard]] Result<Plan> plan(const TrapCosts& costs, std::vector<std::string>& shared) const;

  // Likewise of a plugin of its own.
  [[nodiscard]] Result<Plan> plan_plugin(const Module& plugin, const TrapCosts& costs,
                                         std::vector<std::string>& shared) const;

  // tgid: Capture::initial_pid().
  [[nodiscard]] gt_target bpf_config(gt_u32 tgid, const EventsWanted& wanted) const;
  // Of the identities of this process's stacks, whoever walks them.
  [[nodiscard]] std::uint64_t stack_seed() const { return goroutines_config_.stack_seed; }
  [[nodiscard]] bool is_system(std::uint64_t startpc) const;  // process address of the start function

  // The file with the runtime: the executable, or a library.
  [[nodiscard]] const CodeFile& file() const { return *file_; }
  // Paths of files with other Go runtimes, where nothing said which one was meant.
  [[nodiscard]] const std::vector<std::string>& others() const { return others_; }

  // What the reports of this process lack because that file's bytes are not those that it runs any more,
  // or cannot be read; nullopt while the file is as it was.
  [[nodiscard]] std::optional<std::string> file_notice() const;

  [[nodiscard]] TargetFacts facts() const;
  [[nodiscard]] Process& process() { return *process_; }
  [[nodiscard]] const Process& process() const { return *process_; }
  [[nodiscard]] const GoBinary& binary() const { return binary_->go(); }
  // Of its binary, whoever else runs it.
  [[nodiscard]] std::shared_ptr<FrameTable> frames() const { return {binary_, &binary_->frames()}; }
  [[nodiscard]] std::uint64_t load_bias() const { return bias_; }
  // The binary and the plugins that it has opened, as far as they were looked for.
  [[nodiscard]] std::shared_ptr<const Modules> modules() const { return modules_; }
  // Any thread that may be held up by the process.
  void look_for_plugins() const { loader_->look(); }
  // Plugins of which nothing is known.
  [[nodiscard]] std::vector<ModuleLoader::Refused> plugins_refused() const { return loader_->refused(); }
  [[nodiscard]] TextRange text() const;  // process addresses
  [[nodiscard]] const InjectedCalls& injected_calls() const { return goroutines_config_.injected_calls; }
  [[nodiscard]] GoroutineReader& goroutines() { return *goroutines_; }
  // What sampling of this process needs; its callbacks refer to this object.
  [[nodiscard]] SamplingSubject sampling_subject(bool stacks, bool whole, const std::string& label_key) const;
  // What sampling of who runs needs, likewise; nullopt: where the binary keeps that is not known.
  [[nodiscard]] std::optional<RunSubject> run_subject() const;
  // Where a goroutine keeps its labels is known.
  [[nodiscard]] bool has_labels() const { return binary().offsets().g_labels != kAbsent; }
  // False: they cannot be read, GoBinary::counters_missing() says why.
  [[nodiscard]] bool has_counters() const { return counters_config_.has_value(); }
  // Where the words of runtime/metrics are, as the code of the binary proves it.
  [[nodiscard]] const Result<MetricsLayout>& metrics_layout() const { return binary_->metrics_layout(); }
  [[nodiscard]] std::optional<MetricsSource> metrics_source() const;
  // Each remembers what it read; refers to the process.
  [[nodiscard]] std::optional<CounterReader> counter_reader() const;

 private:
  Target() = default;
  // offsets_hold becomes false when the live goroutines contradict the offsets.
  [[nodiscard]] static Result<std::unique_ptr<Target>> open_with(const TargetName& name,
                                                                 BinaryCache& binaries, TargetStage stage,
                                                                 OffsetsFrom from, bool& offsets_hold);
  [[nodiscard]] Status choose_file(const std::string& wanted);
  // From the binary and where it is mapped.
  [[nodiscard]] Status establish(BinaryCache& binaries, OffsetsFrom from);
  void configure_readers();
  // From the live goroutines.
  [[nodiscard]] Status await_proof(bool& offsets_hold);
  [[nodiscard]] bool has_goroutine() const;
  [[nodiscard]] std::string who() const;
  // Made by fork from a process that ran this runtime: its memory, and none of the threads.
  [[nodiscard]] bool is_a_copy() const;
  [[nodiscard]] bool stays_a_copy() const;
  [[nodiscard]] Status verify(const Plan& plan, std::uint64_t load_bias,
                              std::vector<std::string>& shared) const;
  [[nodiscard]] std::optional<TextRange> text_of(std::string_view function) const;

  std::unique_ptr<Process> process_;
  std::optional<CodeFile> file_;  // refers to *process_
  std::vector<std::string> others_;
  std::shared_ptr<SharedBinary> binary_;
  std::uint64_t bias_ = 0;
  std::shared_ptr<Modules> modules_;
  std::unique_ptr<ModuleLoader> loader_;  // refers to *process_
  GoroutineReader::Config goroutines_config_;
  std::optional<CounterReader::Config> counters_config_;
  std::unique_ptr<GoroutineReader> goroutines_;  // refers to *process_
  std::atomic<bool> proven_ = false;
};

}  // namespace gorotrace
