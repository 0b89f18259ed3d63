// entry_probe_bench PID planned|entry: the block group's probes on a Go process, at the instructions the
// planner chose or at the first ones of the same functions, where other tracers sit; all else is the same:
// programs, records, reader, model. Armed, it prints a line; when its stdin ends it prints, as JSON, what it
// saw.
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>

#include "base/clock.h"
#include "session/process_source.h"
#include "session/record_reader.h"
#include "session/target.h"
#include "stream/model_sink.h"

namespace gorotrace {
namespace {

constexpr GroupMask kBlock = group_bit(GT_GROUP_BLOCK);

Result<Plan> plan_of(const Target& target, const TrapCosts& costs, bool at_entries) {
  std::vector<std::string> shared;
  return at_entries ? make_entry_plan(target.binary(), costs) : target.plan(costs, shared);
}

// Hits of each site that was hit, by its name and how the kernel executes its instruction.
nlohmann::json hits(const Plan& plan, const std::vector<SiteCounters>& counters) {
  std::map<std::string, std::uint64_t> by_site;
  for (std::size_t i = 0; i < plan.sites.size(); ++i) {
    const Site& s = plan.sites[i];
    const char* how = s.execution == Execution::kEmulated ? "emulated" : "single-stepped";
    if (counters[i].hits != 0)
      by_site[fmt::format("{}+{:#x} {} ({})", s.function, s.offset, s.mnemonic, how)] += counters[i].hits;
  }
  return by_site;
}

Status run(pid_t pid, bool at_entries) {
  auto target = Target::open(pid);
  if (!target) return std::unexpected(target.error());
  const Target& go = **target;
  CaptureOptions options;
  options.groups = kBlock;
  auto capture = Capture::make(options);
  if (!capture) return std::unexpected(capture.error());
  auto plan = plan_of(go, (*capture)->trap_costs(), at_entries);
  if (!plan) return std::unexpected(plan.error());

  ProcessSource source(go, capture->get());
  ModelSink models;
  Router router({&models});
  const RecordReader reader(**capture, router);
  const auto slot =
      (*capture)->add_target(pid, go.process().executable_path(),
                             go.bpf_config(static_cast<gt_u32>(pid), {.groups = kBlock}), *plan);
  if (!slot) return std::unexpected(slot.error());
  router.begin(
      *slot, {.host_pid = pid, .start_time_ticks = 0, .exe = {}, .wait_reasons = go.binary().wait_reasons()},
      source);
  if (auto on = (*capture)->set_groups(*slot, kBlock); !on) return std::unexpected(on.error());
  const std::uint64_t begin = monotonic_ns();
  router.post({*slot, begin, GroupChanged{GT_GROUP_BLOCK, true}});

  std::puts("armed");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }

  const std::uint64_t end = monotonic_ns();
  const auto answers = models.ask(end, Ask::kTables, {*slot});
  if (!answers) return std::unexpected(answers.error());
  const Tables& tables = *answers->at(*slot).tables;
  const auto counters = (*capture)->site_counters(*slot);
  (*capture)->detach_all();
  const auto waits =
      std::accumulate(tables.blocking.begin(), tables.blocking.end(), std::uint64_t{0},
                      [](std::uint64_t sum, const BlockingRow& row) { return sum + row.waits.count(); });
  const TrapCosts& costs = (*capture)->trap_costs();
  const nlohmann::json out = {
      {"window_ns", end - begin},
      {"waits", waits},
      {"dropped", (*capture)->counters().dropped_total()},
      {"hits", hits(*plan, counters)},
      {"trap_ns", {{"emulated", costs.emulated_ns}, {"single_step", costs.single_step_ns}}}};
  fmt::print("{}\n", out.dump());
  return {};
}

}  // namespace
}  // namespace gorotrace

int main(int argc, char** argv) {
  const std::string sites = argc == 3 ? argv[2] : "";
  if (sites != "planned" && sites != "entry") {
    fmt::print(stderr, "usage: entry_probe_bench PID planned|entry\n");
    return 2;
  }
  const auto done = gorotrace::run(std::stoi(argv[1]), sites == "entry");
  if (!done) fmt::print(stderr, "entry_probe_bench: {}\n", done.error().message);
  return done ? 0 : 1;
}
