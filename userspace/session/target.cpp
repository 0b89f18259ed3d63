#include "session/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <thread>

#include "base/random.h"
#include "base/text.h"
#include "golang/metrics_offsets.h"
#include "probe/object_groups.h"
#include "probe/verify.h"
#include "process/procfs.h"
#include "session/go_files.h"

namespace gorotrace {
namespace {

// Wait reasons under which g.waiting heads the list of channel sudogs: chan.go and select.go set it before
// gopark. By name, because Go 1.26 renumbered the reasons.
std::uint64_t sudog_reasons(const std::vector<std::string>& names) {
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 64); ++i) {
    const std::string& name = names[i];
    for (const char* channel_wait :
         {"chan receive", "chan send", "select", "chan receive (synctest)", "chan send (synctest)",
          "select (synctest)", "chan receive (durable)", "chan send (durable)", "select (durable)"}) {
      if (name == channel_wait) mask |= std::uint64_t{1} << i;
    }
  }
  return mask;
}

constexpr std::uint64_t kMaxThread = 1u << 22;  // PID_MAX_LIMIT (include/linux/threads.h)

// How many words of g hold these fields. Of more than a record can say: refused by capture/.
gt_u8 words_up_to(std::initializer_list<std::uint16_t> fields) {
  unsigned words = 0;
  for (const unsigned offset : fields) {
    if (offset != kAbsent) words = std::max(words, (offset + 8 + 7) / 8);
  }
  return static_cast<gt_u8>(std::min(words, 255u));
}

}  // namespace

Result<std::unique_ptr<Target>> Target::open(const TargetName& name) {
  BinaryCache alone;
  return open(name, alone);
}

Result<std::unique_ptr<Target>> Target::open(const TargetName& name, BinaryCache& binaries,
                                             TargetStage stage) {
  bool offsets_hold = true;
  auto target = open_with(name, binaries, stage, OffsetsFrom::kBest, offsets_hold);
  // A modified runtime under a release's name, with its debug information: that knows better than our table.
  if (!target && !offsets_hold) {
    bool dwarf_holds = true;
    if (auto again = open_with(name, binaries, stage, OffsetsFrom::kDwarf, dwarf_holds)) return again;
  }
  return target;
}

Result<std::unique_ptr<Target>> Target::open_with(const TargetName& name, BinaryCache& binaries,
                                                  TargetStage stage, OffsetsFrom from, bool& offsets_hold) {
  std::unique_ptr<Target> target(new Target);

  auto process = Process::open(name.pid);
  if (!process) return std::unexpected(process.error());
  target->process_ = std::move(*process);
  Status known = target->choose_file(name.file);
  if (known) known = target->establish(binaries, from);
  if (known && stage == TargetStage::kRunning) {
    target->loader_->look();
    known = target->await_proof(offsets_hold);
  }
  if (!known) return std::unexpected(target->process_->explain(known.error()));
  return target;
}

std::string Target::who() const {
  return fmt::format("process {} ({}){}", process_->pid(), process_->executable(),
                     file_->is_executable() ? "" : ", " + file_->path());
}

Status Target::choose_file(const std::string& wanted) {
  GoFiles files;
  if (wanted.starts_with('/')) file_ = files.at(*process_, wanted);
  if (file_) return {};
  std::vector<CodeFile> found = files.of(*process_);
  // What might be one, and may not be opened, must not look as if it were none.
  const std::string unopened = files.unopened().empty() ? "" : "; " + files.unopened().front().message;
  if (found.empty()) {
    if (!wanted.empty() || !unopened.empty())
      return fail(ErrorKind::kUnsupported, fmt::format("process {} ({}) has no Go runtime, neither in its "
                                                       "executable nor in a shared library{}",
                                                       process_->pid(), process_->executable(), unopened));
    file_ = CodeFile::executable_of(*process_);  // refused with what it is
    return {};
  }
  std::vector<std::string> paths;
  for (const CodeFile& file : found) paths.push_back(file.path());
  auto chosen = choose_go_file(paths, found.front().is_executable(), wanted, process_->pid());
  if (!chosen) return fail(chosen.error().kind, chosen.error().message + unopened);
  file_ = std::move(found[chosen->index]);
  others_ = std::move(chosen->others);
  return {};
}

Status Target::establish(BinaryCache& binaries, OffsetsFrom from) {
  auto opened = binaries.open(file_->open_path(), from);
  if (!opened) return wrap(opened.error(), who());
  binary_ = *std::move(opened);
  const GoBinary& go = binary();

  const auto bias = file_->load_bias(go.image());
  if (!bias) return wrap(bias.error(), who());
  bias_ = *bias;

  modules_ = std::make_shared<Modules>(Module{.image = &go.image(),
                                              .table = &go.pclntab(),
                                              .bias = bias_,
                                              .path = file_->path(),
                                              .open_path = file_->open_path(),
                                              .keeps = binary_});
  loader_ = std::make_unique<ModuleLoader>(*process_, modules_);
  if (go.globals().allgs == 0) {
    return fail(ErrorKind::kUnsupported,
                who() + ": runtime.allgs was not found in runtime.allgadd; goroutines cannot be read");
  }
  configure_readers();
  return {};
}

void Target::configure_readers() {
  const GoBinary& go = binary();
  GoroutineReader::Config reader;
  reader.offsets = go.offsets();
  reader.allgs_address = go.globals().allgs + bias_;
  reader.text = go.pclntab().text() + bias_;
  reader.etext = go.pclntab().etext() + bias_;
  reader.stack_seed = random_u64();
  reader.sp_delta = [modules = modules_](std::uint64_t pc) { return modules->sp_delta(pc); };
  reader.syscalls_counted = !go.version().at_least(26);
  const auto reason = [&go](const char* text) {
    const auto found = std::ranges::find(go.wait_reasons(), text);
    return found == go.wait_reasons().end() ? std::uint8_t{0}
                                            : static_cast<std::uint8_t>(found - go.wait_reasons().begin());
  };
  reader.coroutine_reason = reason("coroutine");
  reader.preempted_reason = reason("preempted");
  reader.injected_calls = InjectedCalls::find([this](std::string_view name) { return text_of(name); });
  reader.outermost = [modules = modules_](std::uint64_t pc) {
    const auto function = modules->function_at(pc);
    return function && function->name == "runtime.goexit";
  };
  reader.plugin_code = [modules = modules_](std::uint64_t pc) { return modules->at(pc) != nullptr; };
  reader.other_code = [process = process_.get(), loader = loader_.get(),
                       text = TextRange{reader.text, reader.etext}] {
    loader->look();
    std::vector<CodeRange> code;
    const auto mappings = process->mappings();
    if (!mappings) return code;
    for (const Mapping& m : *mappings) {
      if (m.executable && !m.path.starts_with('[') && !(m.start < text.end && text.begin < m.end))
        code.push_back({{m.start, m.end}, m.path.empty() ? CodeKind::kMemory : CodeKind::kFile});
    }
    return code;
  };
  goroutines_config_ = reader;
  goroutines_ = std::make_unique<GoroutineReader>(*process_, reader);
  if (go.counters_missing().empty()) {
    CounterReader::Config counters;
    counters.offsets = go.offsets();
    counters.allgs_address = reader.allgs_address;
    counters.allp_address = go.globals().allp + bias_;
    counters.sched_address = go.globals().sched + bias_;
    if (const auto of_p = metrics_offsets_from_table(go.version(), go.image().arch());
        of_p && of_p->offsets.p_status != kNoOffset)
      counters.p_status = static_cast<std::uint16_t>(of_p->offsets.p_status);
    counters_config_ = counters;
  }
}

bool Target::has_goroutine() const {
  return process_->value<std::uint64_t>(goroutines_config_.allgs_address + 8).value_or(1) != 0;
}

Proof Target::prove(Error& contradiction) {
  if (proven()) return Proof::kHolds;
  if (!has_goroutine()) return Proof::kNoGoroutine;
  if (auto ok = goroutines_->check_offsets(); !ok) {
    contradiction = wrap(ok.error(), who()).error();
    return Proof::kContradicts;
  }
  proven_.store(true, std::memory_order_release);
  return Proof::kHolds;
}

// A process that was started a moment ago has not come to runtime.newproc yet: allgs is empty, which later it
// never is.
Status Target::await_proof(bool& offsets_hold) {
  constexpr std::chrono::milliseconds kPatience(1000), kPause(5);
  for (std::chrono::milliseconds waited(0); waited < kPatience && !has_goroutine(); waited += kPause)
    std::this_thread::sleep_for(kPause);
  Error contradiction{ErrorKind::kUnsupported, who() + ": it has no goroutine"};
  if (prove(contradiction) != Proof::kHolds) {
    offsets_hold = false;
    return std::unexpected(std::move(contradiction));
  }
  if (stays_a_copy())
    return fail(ErrorKind::kUnsupported,
                who() +
                    ": it was forked from a process that runs this Go runtime, and has none of its threads: "
                    "the goroutines in its memory stand still for ever");
  return {};
}

// An idle thread of the runtime sleeps, and does not end, until it is taken off the list sched.midle, which
// follows sched.lock (runtime2.go, schedt, 1.18-1.27; proc.go, stopm). One that is at its head and not there
// is the parent's.
bool Target::is_a_copy() const {
  const RuntimeOffsets& o = binary().offsets();
  if (!counters_config_ || o.sched_lock == kAbsent || o.m_procid == kAbsent) return false;
  const std::uint64_t head = counters_config_->sched_address + o.sched_lock + sizeof(std::uint64_t);
  const auto m = process_->value<std::uint64_t>(head);
  const auto thread = m && *m != 0 ? process_->value<std::uint64_t>(*m + o.m_procid) : std::nullopt;
  if (!thread || *thread == 0 || *thread > kMaxThread) return false;
  return procfs::has_thread(process_->pid(), static_cast<pid_t>(*thread)) == std::optional(false) &&
         process_->value<std::uint64_t>(head) == m;
}

// One that is being killed loses its threads one by one, while its memory is still there.
bool Target::stays_a_copy() const {
  constexpr std::chrono::milliseconds kKilledBy(50);
  if (!is_a_copy()) return false;
  std::this_thread::sleep_for(kKilledBy);
  return is_a_copy() && process_->liveness() == Liveness::kAlive;
}

Result<Plan> Target::plan(const TrapCosts& costs, std::vector<std::string>& shared) const {
  auto plan = binary_->plan(costs);
  if (!plan) return wrap(plan.error(), fmt::format("process {}", process_->pid()));
  if (auto verified = verify(*plan, bias_, shared); !verified) return std::unexpected(verified.error());
  return plan;
}

Result<Plan> Target::plan_plugin(const Module& plugin, const TrapCosts& costs,
                                 std::vector<std::string>& shared) const {
  auto plan = make_plugin_plan(plugin, binary().version(), costs);
  if (!plan) return plan;
  if (auto verified = verify(*plan, plugin.bias, shared); !verified) return std::unexpected(verified.error());
  return plan;
}

Status Target::verify(const Plan& plan, std::uint64_t load_bias, std::vector<std::string>& shared) const {
  for (const Site& site : plan.sites) {
    std::vector<std::uint8_t> live(site.instruction.size());
    if (!process_->read(site.vaddr + load_bias, live)) {
      return std::unexpected(
          process_->explain({ErrorKind::kFailed, fmt::format("{}+{:#x}: the process's text cannot be read",
                                                             site.function, site.offset)}));
    }
    auto verified = verify_site_bytes(binary().image().arch(), site, live);
    if (!verified) return wrap(verified.error(), fmt::format("process {}", process_->pid()));
    if (*verified == SiteBytes::kShared)
      shared.push_back(fmt::format("{}+{:#x}", site.function, site.offset));
  }
  return {};
}

SamplingSubject Target::sampling_subject(bool stacks, bool whole, const std::string& label_key) const {
  SamplingSubject subject;
  subject.goroutines = goroutines_config_;
  subject.counters = counters_config_;
  subject.sampling.is_system = [this](std::uint64_t startpc) { return is_system(startpc); };
  subject.sampling.wait_reasons = binary().wait_reasons();
  subject.sampling.syscalls_counted = goroutines_config_.syscalls_counted;
  subject.sampling.by_label = !label_key.empty();
  subject.stacks = stacks;
  if (!label_key.empty()) subject.label = LabelSubject{label_key, LabelLayout::of(binary())};
  subject.whole = whole;
  return subject;
}

std::optional<RunSubject> Target::run_subject() const {
  const auto where = metrics_source();
  if (!where || !RunStateReader::possible(*where)) return std::nullopt;
  return RunSubject{*where, [this](std::uint64_t startpc) { return is_system(startpc); }};
}

std::optional<CounterReader> Target::counter_reader() const {
  if (!counters_config_) return std::nullopt;
  return std::optional<CounterReader>(std::in_place, *process_, *counters_config_);
}

std::optional<MetricsSource> Target::metrics_source() const {
  const Result<MetricsLayout>& layout = metrics_layout();
  if (!layout) return std::nullopt;
  return gorotrace::metrics_source(*process_, *layout, binary().offsets(), binary().version().minor, bias_);
}

std::optional<TextRange> Target::text_of(std::string_view function) const {
  const auto found = binary().pclntab().function_named(function);
  if (!found) return std::nullopt;
  return TextRange{found->entry + bias_, found->end + bias_};
}

TextRange Target::text() const {
  return {binary().pclntab().text() + bias_, binary().pclntab().etext() + bias_};
}

gt_target Target::bpf_config(gt_u32 tgid, const EventsWanted& wanted) const {
  const RuntimeOffsets& o = binary().offsets();
  gt_target c{};
  c.tgid = tgid;
  c.g_stack_hi = o.g_stack_hi;
  c.g_m = o.g_m;
  c.g_sched_sp = o.g_sched_sp;
  c.g_sched_pc = o.g_sched_pc;
  c.g_sched_bp = o.g_sched_bp;
  c.g_goid = o.g_goid;
  c.g_waitreason = o.g_waitreason;
  c.g_lockedm = o.g_lockedm;
  c.g_gopc = o.g_gopc;
  c.g_startpc = o.g_startpc;
  c.g_coroexit = o.g_coroexit;
  c.m_curg = o.m_curg;
  c.sudog_c = o.sudog_c;
  // Both in one read (bpf/chan.bpf.c), which in a version that parts them fails and is counted.
  c.hchan_qcount = o.hchan_dataqsiz == o.hchan_qcount + 8 ? o.hchan_qcount : kAbsent;
  // What nobody asks for is not read: which channel is a read more at each wait on one, and both make the
  // copy of g longer.
  const bool channels = (wanted.groups & kObjectGroups) != 0;
  c.sudog_reasons = channels ? sudog_reasons(binary().wait_reasons()) : 0;
  c.g_waiting = channels ? o.g_waiting : kAbsent;
  c.g_labels = wanted.labels ? o.g_labels : kAbsent;
  c.g_park_words = words_up_to(
      {c.g_stack_hi, c.g_sched_pc, c.g_sched_bp, c.g_goid, c.g_waitreason, c.g_waiting, c.g_labels});
  c.g_words = std::max(c.g_park_words, words_up_to({c.g_lockedm, c.g_gopc, c.g_startpc, c.g_coroexit}));
  c.stacks = wanted.stacks ? 1 : 0;
  c.stack_seed = stack_seed();
  return c;
}

std::optional<std::string> Target::file_notice() const {
  const FileWindow& file = binary().image().file();
  file.verify();
  const auto fault = file.fault();
  if (!fault) return std::nullopt;
  return fmt::format("the file of process {} {}; functions not looked up before have no names",
                     process_->pid(), *fault);
}

TargetFacts Target::facts() const {
  return {.pid = process_->namespace_pid(),
          .host_pid = process_->pid(),
          .exe = process_->executable(),
          .file = file_->path(),
          .go_version = binary().version().text,
          .main_module = binary().main_module(),
          .main_version = binary().main_version()};
}

bool Target::is_system(std::uint64_t startpc) const {
  const auto function = modules_->function_at(startpc);
  return function && is_system_goroutine(function->name);
}

}  // namespace gorotrace
