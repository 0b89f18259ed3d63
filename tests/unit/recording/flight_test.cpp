// A recorder that keeps the last part in memory: what it writes is read back as that part of the whole.
#include <fcntl.h>

#include <future>
#include <thread>

#include "../model/restored.h"
#include "recorder_fixture.h"
#include "recording/replay.h"
#include "recording/rolling_chunks.h"

namespace gorotrace {
namespace {

// Beside the recorder that writes a file is one that keeps the last part of the same stream.
class FlightTest : public RecorderTest {
 protected:
  FlightTest() : window_path(path.string() + ".window") {}
  ~FlightTest() override { std::filesystem::remove(window_path); }

  void fly(const RollingChunks::Bounds& bounds) {
    flight = Recorder::in_memory(bounds, {.flush_ns = 0, .segment_ns = 0});
    EXPECT_TRUE(flight->name(kOne, {nullptr, std::make_unique<PaperSymbols>()}));
    router.emplace(std::vector<ItemSink*>{&models, recorder.get(), flight.get()});
    begin(kOne);
  }
  // Slowly enough for segments: their checkpoints may take a twentieth of the time.
  void play_slowly(const std::vector<gt_record>& events, std::uint64_t end_ns) {
    for (std::size_t at = 0; at < events.size(); at += 500) {
      const auto from = events.begin() + static_cast<std::ptrdiff_t>(at);
      const auto to = events.begin() + static_cast<std::ptrdiff_t>(std::min(events.size(), at + 500));
      push({from, to}, std::prev(to)->time_ns + 1);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    push({}, end_ns);
  }
  KeptChunks kept_now() {
    std::promise<KeptChunks> answer;
    flight->ask_kept([&answer](KeptChunks kept) { answer.set_value(std::move(kept)); });
    return answer.get_future().get();
  }
  Result<Recording> read_back(const KeptChunks& kept, bool goes_on, const PartWanted& wanted = {}) {
    {
      UniqueFd fd(::open(window_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
      EXPECT_TRUE(fd);
      EXPECT_TRUE(write_kept(kept,
                             {.from_the_start = kept.from_the_start,
                              .goes_on = goes_on,
                              .asked_ns = 60'000'000'000,
                              .dropped_bytes = kept.dropped_bytes,
                              .why = "a test"},
                             file_destination(std::move(fd))));
    }
    return replay(window_path, wanted);
  }
  Status close_both() {
    router.reset();
    EXPECT_TRUE(flight->close());
    return recorder->close();
  }

  const std::filesystem::path window_path;
  std::unique_ptr<Recorder> flight;
};

class Flights : public FlightTest, public ::testing::WithParamInterface<std::uint64_t> {};

TEST_P(Flights, last_part_is_the_difference_of_the_whole) {
  const Truth truth = play(GetParam(), 20000);
  fly({.last_ns = truth.end_ns / 4, .max_bytes = 64 << 20});
  play_slowly(truth.events, truth.end_ns);
  StatFacts told = facts(1000, truth.end_ns);
  recorder->tell({kOne, true, told});
  flight->tell({kOne, true, told});
  ASSERT_TRUE(close_both());
  const KeptChunks kept = flight->kept();
  ASSERT_FALSE(kept.from_the_start);
  ASSERT_GT(kept.from_ns, 1000u);
  EXPECT_LE(kept.from_ns, truth.end_ns - truth.end_ns / 4) << "at least what was asked for";
  const auto window = read_back(kept, false);
  ASSERT_TRUE(window) << window.error().message;
  EXPECT_FALSE(window->damage.any());
  EXPECT_EQ(window->records, kept.records);
  EXPECT_LT(kept.records, truth.events.size());
  ASSERT_EQ(window->targets.size(), 1u);
  RecordedTarget& target = *window->targets[0];
  const auto before = replay(path, {std::nullopt, kept.from_ns - 1000});
  const auto whole = replay(path);
  ASSERT_TRUE(before && whole);
  const RestoredIsTheDifference compared(before->targets[0]->tables, whole->targets[0]->tables,
                                         target.tables);
  EXPECT_GT(compared.ways_compared, 0u);

  EXPECT_EQ(target.facts.begin_ns, kept.from_ns);
  EXPECT_EQ(target.facts.end_ns, truth.end_ns);
  EXPECT_EQ(target.facts.events.received, kept.records);
  EXPECT_EQ(target.facts.events.produced, kept.records);
  std::size_t named = 0;
  for (const BlockingRow& row : target.tables.blocking) {
    if (row.stack == 0) continue;
    ASSERT_EQ(target.symbols.stack(row.stack).size(), 1u);
    EXPECT_EQ(target.symbols.stack(row.stack)[0].function, "main.f" + std::to_string(0x401000 + row.stack));
    ++named;
  }
  EXPECT_GT(named, 0u);
  for (const CreationRow& row : target.tables.creation) {
    EXPECT_EQ(target.symbols.frames(row.startpc, PcKind::kExact)[0].function,
              "main.f" + std::to_string(row.startpc) + "!");
  }
}

TEST_P(Flights, parts_of_a_window_count_from_its_begin) {
  const Truth truth = play(GetParam(), 20000);
  fly({.last_ns = truth.end_ns / 2, .max_bytes = 64 << 20});
  play_slowly(truth.events, truth.end_ns);
  for (Recorder* each : {recorder.get(), flight.get()}) each->tell({kOne, true, facts(1000, truth.end_ns)});
  ASSERT_TRUE(close_both());
  const KeptChunks kept = flight->kept();
  ASSERT_FALSE(kept.from_the_start);
  const std::uint64_t from = (truth.end_ns - kept.from_ns) / 3, to = 2 * from;
  const auto part = read_back(kept, false, {from, to});
  ASSERT_TRUE(part) << part.error().message;
  const auto same = replay(path, {kept.from_ns - 1000 + from, kept.from_ns - 1000 + to});
  ASSERT_TRUE(same);
  const Tables &got = part->targets[0]->tables, &expected = same->targets[0]->tables;
  EXPECT_EQ(part->targets[0]->facts.begin_ns, kept.from_ns + from);
  EXPECT_EQ(got.state_ns, expected.state_ns);
  EXPECT_EQ(got.created, expected.created);
  EXPECT_EQ(got.parks, expected.parks);
  EXPECT_EQ(got.live, expected.live);
  const auto behind = read_back(kept, false, {truth.end_ns, std::nullopt});
  ASSERT_FALSE(behind);
  EXPECT_EQ(behind.error().kind, ErrorKind::kUsage);
}

// A window that is written while the recording goes on is as of then, and says so.
TEST_P(Flights, can_be_written_while_they_go_on) {
  const Truth truth = play(GetParam(), 20000);
  fly({.last_ns = truth.end_ns / 4, .max_bytes = 64 << 20});
  const auto half = truth.events.begin() + static_cast<std::ptrdiff_t>(truth.events.size() / 2);
  play_slowly({truth.events.begin(), half}, half->time_ns);
  flight->tell({kOne, false, facts(1000, half->time_ns)});
  const KeptChunks first = kept_now();
  play_slowly({half, truth.events.end()}, truth.end_ns);
  const KeptChunks second = kept_now();
  EXPECT_LT(first.from_ns, second.from_ns);
  EXPECT_LT(first.to_ns, second.to_ns);
  for (const auto& [kept, end_ns] : {std::pair(&first, half->time_ns), std::pair(&second, truth.end_ns)}) {
    const auto window = read_back(*kept, true);
    ASSERT_TRUE(window) << window.error().message;
    EXPECT_FALSE(window->damage.any());
    const StatFacts& facts = window->targets[0]->facts;
    EXPECT_EQ(facts.begin_ns, kept->from_ns);
    EXPECT_EQ(facts.end_ns, kept->to_ns);
    EXPECT_LE(facts.end_ns, end_ns + 1) << "the watermark lies behind the last record";
    EXPECT_EQ(window->records, kept->records);
    EXPECT_EQ(window->targets[0]->tables.illegal, 0u);
    for (const std::string& notice : facts.notices)
      EXPECT_EQ(notice.find("cut off"), std::string::npos) << notice;
  }
  ASSERT_TRUE(close_both());
}

TEST_F(FlightTest, of_which_nothing_was_dropped_is_as_any_recording) {
  const Truth truth = play(1, 5000);
  fly({.last_ns = truth.end_ns * 2, .max_bytes = 64 << 20});
  play_slowly(truth.events, truth.end_ns);
  for (Recorder* each : {recorder.get(), flight.get()}) each->tell({kOne, true, facts(1000, truth.end_ns)});
  ASSERT_TRUE(close_both());
  const KeptChunks kept = flight->kept();
  EXPECT_TRUE(kept.from_the_start);
  const auto window = read_back(kept, false), whole = replay(path);
  ASSERT_TRUE(window && whole);
  EXPECT_TRUE(window->targets[0]->tables == whole->targets[0]->tables);
  EXPECT_EQ(window->targets[0]->facts.begin_ns, 1000u);
  EXPECT_EQ(window->targets[0]->facts.cost.hits, 123u);
}

// What there is to be kept is larger than it may be: the window is shorter, and whole.
TEST_F(FlightTest, is_shorter_where_there_is_no_room) {
  const Truth truth = play(1, 60000);
  constexpr std::uint64_t kMost = 150'000;
  fly({.last_ns = truth.end_ns * 2, .max_bytes = kMost});
  play_slowly(truth.events, truth.end_ns);
  flight->tell({kOne, true, facts(1000, truth.end_ns)});
  ASSERT_TRUE(close_both());
  const KeptChunks kept = flight->kept();
  EXPECT_FALSE(kept.from_the_start);
  EXPECT_LE(kept.bytes, kMost);
  ASSERT_FALSE(kept.chunks.empty());
  const auto window = read_back(kept, false);
  ASSERT_TRUE(window) << window.error().message;
  EXPECT_LE(std::filesystem::file_size(window_path), kMost + 4096);
  EXPECT_EQ(window->records, kept.records);
  EXPECT_EQ(window->targets[0]->tables.live, replay(path)->targets[0]->tables.live);
  EXPECT_NE(window->targets[0]->facts.notices.back().find("from before are not in it"), std::string::npos);
}

// Who samples has to begin anew where a segment does: ticks before it are not in a file that begins there.
TEST_F(FlightTest, each_segment_asks_for_ticks_that_begin_anew) {
  const Truth truth = play(1, 5000);
  fly({.last_ns = truth.end_ns, .max_bytes = 64 << 20});
  const std::uint64_t before = flight->dropped_samples(kOne);
  play_slowly(truth.events, truth.end_ns);
  (void)kept_now();
  EXPECT_GT(flight->dropped_samples(kOne), before);
  EXPECT_EQ(recorder->dropped_samples(kOne), 0u);
  ASSERT_TRUE(close_both());
}

INSTANTIATE_TEST_SUITE_P(Seeds, Flights, ::testing::Range(std::uint64_t{1}, std::uint64_t{4}));

}  // namespace
}  // namespace gorotrace
