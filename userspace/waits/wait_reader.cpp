#include "waits/wait_reader.h"

#include <algorithm>
#include <functional>

#include "waits/batch.h"
#include "waits/channels.h"
#include "waits/conds.h"
#include "waits/confirm.h"
#include "waits/files.h"
#include "waits/holders.h"
#include "waits/label_reader.h"
#include "waits/labels.h"
#include "waits/pollers.h"
#include "waits/semaphores.h"
#include "waits/sleeps.h"
#include "waits/syscalls.h"
#include "waits/waiter.h"

namespace gorotrace {
namespace {

using waits::Context;
using waits::Reason;
using waits::Waiter;

// The goroutines of the snapshot that are still in the state it saw.
Result<std::vector<Waiter>> first_look(const Context& context, Waits& out) {
  const auto& goroutines = context.snapshot.goroutines;
  const auto reasons = waits::classify_reasons(context.config.wait_reasons);
  const std::size_t window = g_window(context.config.offsets);
  std::vector<Waiter> waiters;
  waiters.reserve(goroutines.size());
  waits::Batch batch(context.memory);
  const bool alive =
      waits::in_parts(goroutines.size(), waits::kPart, [&](std::size_t first, std::size_t count) {
        if (!batch.read(count, [&](std::size_t i) { return goroutines[first + i].g; }, window)) return false;
        for (std::size_t i = 0; i < count; ++i) {
          const GoroutineSnapshot& g = goroutines[first + i];
          const GWords words = pick_words(batch.at(i), context.config.offsets);
          const auto pcs = context.snapshot.pcs(g);
          const bool waiting = g.status == GStatus::kWaiting;
          if (batch.at(i).empty() || words.goid != g.goid || words.state() != g.status ||
              (waiting && words.wait_reason != g.wait_reason) ||
              (waiting && !pcs.empty() && words.sched_pc != pcs[0])) {
            out.goroutines[first + i].moved = true;
            ++out.moved;
            continue;
          }
          Waiter w;
          w.index = first + i;
          w.g = g.g;
          w.words = words;
          if (waiting && g.wait_reason < reasons.size()) w.reason = reasons[g.wait_reason];
          if (g.status == GStatus::kSyscall) w.reason = Reason::kSyscall;
          waiters.push_back(std::move(w));
        }
        return true;
      });
  if (!alive) return waits::gone();
  return waiters;
}

void settle(std::vector<Waiter>& waiters, Waits& out) {
  for (Waiter& w : waiters) {
    GoroutineWaits& result = out.goroutines[w.index];
    if (w.moved) {
      result.moved = true;
      ++out.moved;
      continue;
    }
    for (const WaitObject& object : w.objects) {
      ++(object.certainty == Certainty::kProven ? out.proven : out.likely);
    }
    result.on_nothing = w.reason == Reason::kNone;
    if (w.objects.empty() && !result.on_nothing) ++out.not_found;
    result.objects = std::move(w.objects);
    result.cut = w.cut;
  }
}

}  // namespace

WaitReader::Config WaitReader::config_for(const GoBinary& binary, std::shared_ptr<const Modules> modules) {
  Config config;
  config.offsets = binary.offsets();
  config.wait_reasons = binary.wait_reasons();
  if (binary.globals().semtable != 0)
    config.semtable_address = binary.globals().semtable + modules->first().bias;
  config.modules = std::move(modules);
  config.cache_line_pad = binary.image().arch() == Arch::kArm64 ? 128 : 64;
  config.labels_in_map = LabelLayout::of(binary).in_map;
  return config;
}

WaitReader::WaitReader(const Memory& memory, const Process* process, Config config)
    : memory_(memory), process_(process), config_(std::move(config)) {}

Result<Waits> WaitReader::read(const Snapshot& snapshot) const {
  Waits out;
  out.goroutines.resize(snapshot.goroutines.size());
  out.label_sets.emplace_back();
  const Context context{memory_, process_, config_, snapshot};
  auto waiters = first_look(context, out);
  if (!waiters) return std::unexpected(waiters.error());
  const std::span<Waiter> all(*waiters);
  const bool queues = config_.find == Find::kQueues;
  if (!queues) {
    if (auto read = waits::read_labels(context, all, out); !read) return std::unexpected(read.error());
  }
  if (config_.find == Find::kLabels) return out;
  // What takes long (/proc) comes behind what must be quick: the time from the first look to the last one.
  const auto calls =
      std::ranges::partition(all, [](const Waiter& w) { return w.reason != Reason::kSyscall; });
  const std::span<Waiter> standing(all.begin(), calls.begin()), in_syscall(calls);
  waits::FileTable files(process_);
  struct Pass {
    bool of_queues;
    std::function<Status()> run;
  };
  const Pass passes[] = {
      {false, [&] { return waits::find_pollers(context, standing); }},
      {true, [&] { return waits::find_channels(context, standing); }},
      {true, [&] { return waits::find_semaphores(context, standing, out); }},
      {false, [&] { return waits::find_conds(context, standing); }},
      {false, [&] { return waits::find_sleeps(context, standing); }},
      {true, [&] { return waits::confirm(context, standing); }},
      {false, [&] { return waits::find_syscalls(context, in_syscall, files); }},
      {false, [&] { return waits::confirm(context, in_syscall); }},
      // Of what was found not to have moved: a mutex that is released meanwhile has another state.
      {false, [&] { return waits::read_sync_states(context, all); }},
  };
  for (const Pass& pass : passes) {
    if (queues && !pass.of_queues) continue;
    if (const Status status = pass.run(); !status) return std::unexpected(status.error());
  }
  waits::describe_files(standing, files);
  settle(*waiters, out);
  if (config_.find == Find::kHolders) {
    if (auto found = waits::find_holders(context, out); !found) return std::unexpected(found.error());
  }
  return out;
}

Status WaitReader::find_holders(const Snapshot& snapshot, Waits& waits) const {
  return waits::find_holders({memory_, process_, config_, snapshot}, waits);
}

}  // namespace gorotrace
