// The path of a record behind the rings, on one core: hole check, merge, definitions, state machine.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <optional>
#include <random>
#include <vector>

#include "model/model.h"
#include "stream/merge.h"
#include "stream/model_sink.h"
#include "stream/router.h"
#include "stream/sequence.h"

namespace {

constexpr std::size_t kAhead = 12;  // as stream/models.cpp

using namespace gorotrace;

constexpr std::uint64_t kStacks = 64;

gt_record event(gt_hook hook, std::uint64_t t, std::uint64_t goid, std::uint64_t stack) {
  gt_record r{};
  r.hook = static_cast<gt_u8>(hook);
  r.time_ns = t;
  r.goid = goid;
  r.stack = stack;
  return r;
}

ModelConfig config() {
  return {.wait_reasons = {"", "chan receive", "IO wait"}};
}

void populate(Model& model, std::uint64_t goroutines) {
  for (int g = 0; g <= GT_GROUP_RUN; ++g) model.group(static_cast<gt_group>(g), true, 1);
  for (std::uint64_t goid = 1; goid <= goroutines; ++goid) {
    gt_record create = event(GT_HOOK_CREATE, 2, goid, 1 + goid % kStacks);
    create.object = 0x1000 + goid % 16;
    create.extra = 0x2000;
    model.apply(create);
    model.apply(event(GT_HOOK_EXECUTE, 3, goid, 0));
  }
}

// park, ready, execute of goroutines in random order; every 64th goes and another comes.
std::vector<gt_record> workload(std::uint64_t goroutines, std::size_t records) {
  std::mt19937_64 random(1);
  std::vector<gt_record> out;
  std::uint64_t t = 1000;
  while (out.size() + 5 <= records) {
    const std::uint64_t goid = 1 + random() % goroutines;
    gt_record park = event(GT_HOOK_PARK, t += 700, goid, 1 + random() % kStacks);
    park.detail = static_cast<gt_u8>(1 + goid % 2);
    out.push_back(park);
    out.push_back(event(GT_HOOK_READY, t += 700, goid, 1 + random() % 8));
    out.push_back(event(GT_HOOK_EXECUTE, t += 700, goid, 0));
    if (random() % 64 == 0) {
      out.push_back(event(GT_HOOK_EXIT, t += 700, goid, 0));
      gt_record create = event(GT_HOOK_CREATE, t += 700, goid, 1 + random() % kStacks);
      create.object = 0x1000;
      create.extra = 0x2000;
      out.push_back(create);
    }
  }
  return out;
}

void shift(std::vector<gt_record>& records, std::uint64_t by) {
  for (gt_record& r : records) r.time_ns += by;
}

void BM_ModelAlone(benchmark::State& state) {
  const auto goroutines = static_cast<std::uint64_t>(state.range(0));
  Model model(config());
  populate(model, goroutines);
  std::vector<gt_record> records = workload(goroutines, 1 << 18);
  const std::uint64_t span = records.back().time_ns;
  for (auto _ : state) {
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (i + kAhead < records.size()) model.prefetch(records[i + kAhead]);
      model.apply(records[i]);
    }
    state.PauseTiming();
    shift(records, span);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(records.size()));
  state.counters["bytes_per_goroutine"] =
      static_cast<double>(model.memory_bytes()) / static_cast<double>(goroutines);
}
BENCHMARK(BM_ModelAlone)->Arg(100)->Arg(10'000)->Arg(100'000);

// Two rings, as on a host with two CPUs, in batches as the reader makes them at its drain period.
void BM_MergeAndModel(benchmark::State& state) {
  const auto goroutines = static_cast<std::uint64_t>(state.range(0));
  Model model(config());
  populate(model, goroutines);
  std::vector<gt_record> records = workload(goroutines, 1 << 18);
  const std::uint64_t span = records.back().time_ns;
  std::mt19937_64 random(2);
  for (gt_record& r : records) r.cpu = static_cast<gt_u16>(random() % 2);
  RunMerger merger;
  SequenceCheck sequence;
  std::vector<gt_record> run;
  std::uint32_t next[2] = {0, 0};
  constexpr std::size_t kBatch = 14'000;
  for (auto _ : state) {
    for (std::size_t from = 0; from < records.size(); from += kBatch) {
      state.PauseTiming();
      std::vector<std::vector<gt_record>> rings(2);
      const std::size_t to = std::min(from + kBatch, records.size());
      for (std::size_t i = from; i < to; ++i) {
        records[i].seq = next[records[i].cpu]++;
        rings[records[i].cpu].push_back(records[i]);
      }
      const std::uint64_t watermark = records[to - 1].time_ns - 100'000;
      state.ResumeTiming();
      for (const auto& ring : rings) {
        for (const gt_record& r : ring) sequence.see(r.cpu, r.seq);
      }
      merger.add(std::move(rings));
      run.clear();
      merger.take_below(watermark, [&](const gt_record& r) { run.push_back(r); });
      for (std::size_t i = 0; i < run.size(); ++i) {
        if (i + kAhead < run.size()) model.prefetch(run[i + kAhead]);
        model.apply(run[i]);
      }
    }
    state.PauseTiming();
    shift(records, span);
    state.ResumeTiming();
  }
  if (sequence.missing() != 0) state.SkipWithError("records were lost on the way");
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(records.size()));
}
BENCHMARK(BM_MergeAndModel)->Arg(100)->Arg(10'000)->Arg(100'000);

class NoSource : public TargetSource {
 public:
  std::optional<StackPcs> stack(std::uint64_t id) override { return StackPcs{{id}, false}; }
  std::optional<WholeStack> whole(const StackPcs&, std::uint64_t, std::uint64_t) override {
    return std::nullopt;
  }
  std::optional<WholeStack> interrupted(const StackPcs&, std::uint64_t, std::uint64_t) override {
    return std::nullopt;
  }
  std::optional<PanicValue> value(std::uint64_t) override { return std::nullopt; }
  FunctionDescribed function(std::uint64_t startpc) override { return {startpc, "main.f", false}; }
};

// The same through the router's thread into the models' thread: CPU time of both.
void BM_RouterAndModels(benchmark::State& state) {
  const auto goroutines = static_cast<std::uint64_t>(state.range(0));
  NoSource source;
  ModelSink models;
  Router router({&models});
  router.begin(0, {.host_pid = 0, .start_time_ticks = 0, .exe = {}, .wait_reasons = config().wait_reasons},
               source);
  for (int g = 0; g <= GT_GROUP_RUN; ++g) router.post({0, 1, GroupChanged{static_cast<gt_group>(g), true}});
  std::vector<gt_record> records = workload(goroutines, 1 << 18);
  const std::uint64_t span = records.back().time_ns;
  std::mt19937_64 random(2);
  for (gt_record& r : records) r.cpu = static_cast<gt_u16>(random() % 2);
  std::uint32_t next[2] = {0, 0};
  constexpr std::size_t kBatch = 14'000;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<RecordBatch> batches;
    for (std::size_t from = 0; from < records.size(); from += kBatch) {
      RecordBatch& batch = batches.emplace_back();
      batch.rings.resize(2);
      const std::size_t to = std::min(from + kBatch, records.size());
      for (std::size_t i = from; i < to; ++i) {
        records[i].seq = next[records[i].cpu]++;
        batch.rings[records[i].cpu].push_back(records[i]);
      }
      batch.watermark_ns = records[to - 1].time_ns + 1;
    }
    const std::uint64_t end = records.back().time_ns;
    state.ResumeTiming();
    for (RecordBatch& batch : batches) router.push(std::move(batch));
    if (!models.ask(end, Ask::kTotals)) state.SkipWithError("no answer");
    state.PauseTiming();
    shift(records, span);
    state.ResumeTiming();
  }
  if (models.dropped() != 0 || router.counts().holes != 0)
    state.SkipWithError("records were lost on the way");
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(records.size()));
}
BENCHMARK(BM_RouterAndModels)->Arg(100)->Arg(10'000)->Arg(100'000)->MeasureProcessCPUTime();

}  // namespace

BENCHMARK_MAIN();
