// What a record takes on its way into a capture file, on one core, and on the disk.
#include <benchmark/benchmark.h>
#include <fcntl.h>

#include <algorithm>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "made_traffic.h"
#include "recording/chunk_file.h"
#include "recording/record_columns.h"
#include "recording/recorder.h"

namespace {

using namespace gorotrace;

constexpr std::size_t kRecords = 1 << 19;
constexpr unsigned kCpus = 8;

// 0: few goroutines, 1: many, 2: a server.
std::vector<gt_record> traffic(std::int64_t which) {
  if (which == 2) return bench::http(kRecords, 1000, kCpus);
  return bench::ping_pong(kRecords, which == 0 ? 2 : 1000, kCpus);
}

std::vector<std::span<const gt_record>> blocks(std::span<const gt_record> records, std::int64_t size) {
  std::vector<std::span<const gt_record>> out;
  while (!records.empty()) {
    out.push_back(records.first(std::min(static_cast<std::size_t>(size), records.size())));
    records = records.subspan(out.back().size());
  }
  return out;
}

double per_record(const benchmark::State& state, std::uint64_t bytes) {
  return static_cast<double>(bytes) / (static_cast<double>(state.iterations()) * double{kRecords});
}

void BM_Columns(benchmark::State& state) {
  const std::vector<gt_record> records = traffic(state.range(0));
  std::uint64_t bytes = 0;
  std::string block;
  for (auto _ : state) {
    for (const auto part : blocks(records, state.range(1))) {
      block.clear();
      append_columns(part, block);
      bytes += block.size();
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(records.size()));
  state.counters["bytes_per_record"] = per_record(state, bytes);
}

// And compressed and written, into nothing.
void BM_Written(benchmark::State& state) {
  const std::vector<gt_record> records = traffic(state.range(0));
  auto file = ChunkFileWriter::make(UniqueFd(::open("/dev/null", O_WRONLY | O_CLOEXEC)));
  std::string block;
  for (auto _ : state) {
    for (const auto part : blocks(records, state.range(1))) {
      block.clear();
      append_columns(part, block);
      if (!(*file)->add(block)) state.SkipWithError("not written");
    }
    if (!(*file)->flush()) state.SkipWithError("not written");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(records.size()));
  state.counters["bytes_per_record"] = per_record(state, (*file)->bytes_written());
}

void BM_ReadColumns(benchmark::State& state) {
  const std::vector<gt_record> records = traffic(state.range(0));
  std::vector<std::string> made;
  for (const auto part : blocks(records, state.range(1))) append_columns(part, made.emplace_back());
  for (auto _ : state) {
    for (const std::string& block : made) benchmark::DoNotOptimize(read_columns(block, 0, 0));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(records.size()));
}

constexpr TargetId kTarget = target_id(1, 1);

std::shared_ptr<const Batch> batch_of(std::vector<Item> items) {
  return std::make_shared<const Batch>(Batch{std::move(items)});
}

// All that a recorder does with what comes: models for its checkpoints, definitions, columns, chunks. A
// second of the stream is 100 batches, as the session makes them.
void BM_Recorded(benchmark::State& state) {
  std::vector<gt_record> records = traffic(state.range(0));
  std::set<std::uint64_t> stacks;
  for (gt_record& r : records) {
    r.target = slot_of(kTarget);
    r.generation = generation_of(kTarget);
    if (r.stack != 0) stacks.insert(r.stack);
  }
  const std::uint64_t begin = records.front().time_ns, end = records.back().time_ns;
  std::vector<Item> first{
      {kTarget, begin,
       TargetBegun{.host_pid = 1, .start_time_ticks = 1, .exe = "/bin/a", .wait_reasons = {}}}};
  for (unsigned g = 0; g < GT_GROUP_COUNT; ++g)
    first.push_back({kTarget, begin, GroupChanged{static_cast<gt_group>(g), true}});
  for (const std::uint64_t stack : stacks) {
    auto pcs = std::make_shared<StackPcs>();
    pcs->pcs.assign(8, 0x401000 + stack % 4096);
    first.push_back({kTarget, begin, StackDefined{.id = stack, .stack = std::move(pcs)}});
  }
  std::vector<std::shared_ptr<const Batch>> batches{batch_of(std::move(first))};
  for (const auto part : blocks(records, kMaxBlockRecords)) {
    const std::uint64_t at = part.front().time_ns;
    batches.push_back(batch_of({{kTarget, at, Records{{part.begin(), part.end()}}}, {0, at, Advanced{}}}));
  }
  batches.push_back(batch_of({{kTarget, end + 1, TargetEnded{}}, {0, end + 1, Advanced{}}}));
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    auto recorder = Recorder::make("/dev/null", {.max_queued_bytes = std::size_t{1} << 32});
    if (!recorder || !(*recorder)->name(kTarget, {})) return state.SkipWithError("no recorder");
    for (const auto& batch : batches) (*recorder)->push(batch);
    if (!(*recorder)->close()) return state.SkipWithError("not written");
    if ((*recorder)->figures().records != records.size()) return state.SkipWithError("lost");
    bytes += (*recorder)->figures().bytes;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(records.size()));
  state.counters["bytes_per_record"] = per_record(state, bytes);
}

// Whole blocks, and what comes of a target that is hardly busy in the 10 ms of a batch.
constexpr std::int64_t kFull = kMaxBlockRecords, kSmall = 64;
BENCHMARK(BM_Columns)->ArgsProduct({{0, 1, 2}, {kFull, kSmall}});
BENCHMARK(BM_Written)->ArgsProduct({{0, 1, 2}, {kFull, kSmall}});
BENCHMARK(BM_Recorded)->ArgsProduct({{0, 1, 2}})->MeasureProcessCPUTime();
BENCHMARK(BM_ReadColumns)->ArgsProduct({{0, 1, 2}, {kFull}});

}  // namespace

BENCHMARK_MAIN();
