// Coverage, gaps and answers.
#include "model/model.h"

#include <utility>

#include "model/model_impl.h"

namespace gorotrace {
namespace {

bool parked_by_semacquire(const std::string& reason) {
  // sync.Cond.Wait parks in notifyListWait, everything else of sync in semacquire1 (runtime/sema.go).
  return reason == "semacquire" || (reason.starts_with("sync.") && reason != "sync.Cond.Wait");
}

std::uint8_t reason_named(const std::vector<std::string>& reasons, const char* name) {
  const auto found = std::find(reasons.begin(), reasons.end(), name);
  return found == reasons.end() ? std::uint8_t{0xff} : static_cast<std::uint8_t>(found - reasons.begin());
}

}  // namespace

Model::Impl::Impl(ModelConfig c) : config(std::move(c)) {
  if (config.wait_reasons.size() > 255) config.wait_reasons.resize(255);  // g.waitreason is a byte
  reason_preempted = reason_named(config.wait_reasons, "preempted");
  reason_coroutine = reason_named(config.wait_reasons, "coroutine");
  for (const std::string& reason : config.wait_reasons) {
    runtime_wakers.push_back(runtime_waker(reason));
    semaphore_reason.push_back(parked_by_semacquire(reason));
    select_reason.push_back(reason.starts_with("select"));
  }
}

Tables Model::Impl::totals(std::uint64_t at_ns) const {
  const std::uint64_t at = std::max(at_ns, now);
  Tables out;
  out.at_ns = at;
  for (std::size_t s = 0; s < kGStates; ++s) {
    out.state_ns[s] = less(time[0].ns(static_cast<GState>(s), at), before.state_ns[s]);
    out.in_state[s] = time[0].count(static_cast<GState>(s));
  }
  out.live_integral_ns = less(live[0].ns(at), before.live_integral_ns);
  out.live = live[0].count();
  out.system = live[1].count();
  out.created = less(created, before.created);
  out.exited = exited;
  out.created_system = created_system;
  out.exited_system = exited_system;
  out.of_c_threads = of_c_threads;
  out.looked = snapshot_seen;
  out.parks = parks;
  out.unparks = unparks;
  out.syscalls = syscalls;
  out.late = late;
  out.illegal = illegal;
  out.gaps = gaps;
  out.table_overflow = overflow + objects.evicted() + panics.overflow();
  out.rows_folded = blocking.folded();
  out.events_without_stack = without_stack;
  out.latency = latency;
  out.panics = panics.totals();
  out.pauses = pauses.totals(at);
  for (unsigned group = 0; group < GT_GROUP_COUNT; ++group) {
    out.covered[group] = coverage.intervals(static_cast<gt_group>(group), at);
  }
  return out;
}

Model::Model(ModelConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Model::~Model() = default;

void Model::apply(const gt_record& record) {
  impl_->apply(record);
}
void Model::prefetch(const gt_record& record) const {
  impl_->goroutines.prefetch(record.goid);
}
void Model::define(std::uint64_t stack, StackRef pcs) {
  impl_->stacks.define(stack, std::move(pcs));
  if (impl_->stacks.crowded()) impl_->forget_stacks();
}
StackRef Model::stack(std::uint64_t id) const {
  const StackRef* found = impl_->stacks.find(id);
  return found != nullptr ? *found : nullptr;
}

void Model::define(std::uint64_t value, const PanicValue& what) {
  impl_->panics.define(value, what);
}
std::uint64_t Model::panics() const {
  return impl_->panics.count();
}

void Model::describe(std::uint64_t startpc, bool system) {
  impl_->creation.describe(startpc, system);
}

void Model::apply(const Snapshot& snapshot) {
  impl_->apply(snapshot);
}

void Model::apply(const SeenObjects& seen) {
  impl_->apply(seen);
}

void Model::define(const std::vector<LabelValue>& values) {
  impl_->define(values);
}

void Model::gap(std::uint64_t from_ns, std::uint64_t to_ns) {
  ++impl_->gaps;
  impl_->coverage.gap(from_ns, to_ns);
  impl_->forget_all(from_ns);
  impl_->panics.gap();
  impl_->pauses.forget(from_ns);
  impl_->lossy_until = std::max(impl_->lossy_until, to_ns);
}

void Model::group(gt_group group, bool on, std::uint64_t at_ns) {
  Impl& m = *impl_;
  if (group >= GT_GROUP_COUNT || m.coverage.is_on(group) == on) return;
  if (on) {
    m.start_window(at_ns);
    m.coverage.on(group, at_ns);
    return;
  }
  m.coverage.off(group, at_ns);
  if (group == GT_GROUP_BLOCK) m.forget_all(at_ns);
  if (group == GT_GROUP_GC) m.pauses.forget(at_ns);
  const std::uint64_t at = std::max(at_ns, m.now);
  if (group == GT_GROUP_RUN && m.block_on()) {
    m.goroutines.each([&](Goroutine& g) {
      m.settle(g);
      if (!Impl::is_awake(g.state)) return;
      const unsigned from_memory = g.flags & kFromMemory;
      m.set_state(g, GState::kAwake, at);
      g.set(from_memory);
    });
  }
  if (group != GT_GROUP_SYSCALL) return;
  m.goroutines.each([&](Goroutine& g) {
    m.settle(g);
    if (g.state != GState::kSyscall || g.has(kFromMemory)) return;
    if (g.has(kWaitOpen)) m.close_wait(g, at, Impl::End::kTainted);
    m.set_state(g, GState::kUnknown, at);
  });
}

void Model::advance(std::uint64_t at_ns) {
  impl_->now = std::max(impl_->now, at_ns);
}

Tables Model::totals(std::uint64_t at_ns) const {
  return impl_->totals(at_ns);
}

Tables Model::tables(std::uint64_t at_ns) const {
  Tables out = impl_->totals(at_ns);
  impl_->fill_rows(out, out.at_ns);
  out.panics.rows = impl_->panics.rows();
  impl_->fill_stacks(out);
  out.pauses = impl_->pauses.tables(out.at_ns);
  out.label_values = impl_->label_values;
  return out;
}

BegunWaits Model::begun() const {
  BegunWaits out{{}, impl_->blocking.folded()};
  for (const BlockingData& data : impl_->blocking.all()) {
    if (data.begun > 0 && !data.key.in_syscall) out.rows.emplace_back(data.key, data.begun);
  }
  return out;
}

OpenState Model::open_state(std::uint64_t at_ns) const {
  return impl_->open_state(at_ns);
}

Status Model::restore(const OpenState& open) {
  return impl_->restore(open);
}

std::vector<Wait> Model::take_waits() {
  return std::exchange(impl_->waits, {});
}

std::size_t Model::memory_bytes() const {
  const Impl& m = *impl_;
  return sizeof(Impl) + m.goroutines.memory_bytes() + m.blocking.memory_bytes() + m.creation.memory_bytes() +
         m.lineage.memory_bytes() + m.objects.memory_bytes() + m.stacks.memory_bytes() +
         m.latency.histogram.memory_bytes() + m.pauses.memory_bytes() + m.exits.size() * sizeof(Impl::Exit) +
         m.semaphores.size() * 6 * sizeof(std::uint64_t) + m.label_runs.size() * 8 * sizeof(std::uint64_t) +
         m.forgotten_at.capacity() * sizeof(std::uint64_t);
}

}  // namespace gorotrace
