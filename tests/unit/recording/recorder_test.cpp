// What goes into a capture file comes out of it: the recorder behind a router, and the file read back.
#include "recording/recorder.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

#include "model/delta.h"
#include "recorder_fixture.h"
#include "recording/chunk_format.h"
#include "recording/part_facts.h"
#include "recording/replay.h"

namespace gorotrace {
namespace {

class RecordedTraces : public RecorderTest, public ::testing::WithParamInterface<std::uint64_t> {};

TEST_P(RecordedTraces, give_the_tables_and_the_facts_of_the_session) {
  const Truth truth = play(GetParam(), 20000);
  begin(kOne);
  play_through(truth.events, truth.end_ns);
  router->post({kOne, truth.end_ns + 1, TargetEnded{}});
  push({}, truth.end_ns + 3);
  const Tables told = live(truth.end_ns + 1);
  recorder->tell({kOne, true, facts(1000, truth.end_ns + 1)});
  ASSERT_TRUE(close());
  const auto recording = replay(path);
  ASSERT_TRUE(recording) << recording.error().message;
  EXPECT_FALSE(recording->damage.any());
  EXPECT_TRUE(recording->clocks);
  EXPECT_EQ(recording->records, truth.events.size());
  ASSERT_EQ(recording->targets.size(), 1u);
  RecordedTarget& target = *recording->targets[0];
  EXPECT_EQ(target.tables.at_ns, told.at_ns);
  EXPECT_EQ(target.tables.state_ns, told.state_ns);
  EXPECT_EQ(target.tables.in_state, told.in_state);
  EXPECT_TRUE(target.tables.blocking == told.blocking);
  EXPECT_TRUE(target.tables.creation == told.creation);
  EXPECT_TRUE(target.tables.stacks == told.stacks);
  EXPECT_TRUE(target.tables.covered == told.covered);
  EXPECT_EQ(target.tables.live, told.live);
  EXPECT_EQ(target.tables.late, told.late);
  EXPECT_TRUE(target.tables == told);
  EXPECT_EQ(target.facts.notices, std::vector<std::string>{"a notice"});
  EXPECT_EQ(target.facts.cost.hits, 123u);
  EXPECT_EQ(recorder->figures().records, truth.events.size());
  EXPECT_EQ(recorder->figures().bytes, std::filesystem::file_size(path));
  std::size_t named = 0;
  for (const BlockingRow& row : told.blocking) {
    if (row.stack == 0) continue;
    ASSERT_EQ(target.symbols.stack(row.stack).size(), 1u);
    EXPECT_EQ(target.symbols.stack(row.stack)[0].function, "main.f" + std::to_string(0x401000 + row.stack));
    ++named;
  }
  EXPECT_GT(named, 0u);
  for (const CreationRow& row : told.creation) {
    if (row.created != 0) {
      EXPECT_EQ(target.symbols.frames(row.startpc, PcKind::kExact)[0].function,
                "main.f" + std::to_string(row.startpc) + "!");
    }
  }
}

// What a model says that was fed with what lies before.
template <typename Say>
auto told_until(const Truth& truth, std::uint64_t at_ns, const Say& say) {
  Model model(test_config());
  for (int g = 0; g <= GT_GROUP_RUN; ++g) model.group(static_cast<gt_group>(g), true, 1000);
  model.describe(0x4000, false);
  for (const gt_record& r : truth.events) {
    if (r.time_ns >= at_ns) break;
    if (r.stack != 0)
      model.define(r.stack, std::make_shared<const StackPcs>(StackPcs{{0x401000 + r.stack}, false}));
    model.apply(r);
  }
  return say(model);
}
Tables told_until(const Truth& truth, std::uint64_t at_ns) {
  return told_until(truth, at_ns, [at_ns](const Model& model) { return model.tables(at_ns); });
}

TEST_P(RecordedTraces, a_part_is_the_difference_of_its_ends) {
  const Truth truth = play(GetParam(), 20000);
  begin(kOne);
  play_through(truth.events, truth.end_ns);
  recorder->tell({kOne, true, facts(1000, truth.end_ns)});
  ASSERT_TRUE(close());
  std::mt19937_64 random(GetParam());
  for (int i = 0; i < 8; ++i) {
    const std::uint64_t from = 1001 + random() % (truth.end_ns - 2000);
    const std::uint64_t to = from + 1 + random() % (truth.end_ns - from);
    const auto part = replay(path, {from - 1000, to - 1000}, {.open = true});
    ASSERT_TRUE(part) << part.error().message;
    const Tables expected = delta(told_until(truth, from), told_until(truth, to));
    const Tables& got = part->targets[0]->tables;
    EXPECT_EQ(got.state_ns, expected.state_ns);
    EXPECT_TRUE(got.blocking == expected.blocking);
    EXPECT_TRUE(got.creation == expected.creation);
    EXPECT_TRUE(got == expected) << from << " to " << to;
    EXPECT_EQ(part->targets[0]->facts.begin_ns, from);
    EXPECT_LE(part->targets[0]->facts.cost.hits, 123u) << "a share of the whole's";
    EXPECT_EQ(part->targets[0]->facts.end_ns, to);
    const OpenState& open = *part->targets[0]->open;
    EXPECT_EQ(open.at_ns, to) << "of the part, not of the file";
    const auto goroutines = [to](const Model& model) { return model.open_state(to).goroutines; };
    EXPECT_TRUE(open.goroutines == told_until(truth, to, goroutines));
  }
  const auto behind = replay(path, {truth.end_ns + 1'000'000'000, std::nullopt});
  ASSERT_FALSE(behind);
  EXPECT_EQ(behind.error().kind, ErrorKind::kUsage);
}

TEST_P(RecordedTraces, have_the_totals_of_evenly_spaced_moments) {
  const Truth truth = play(GetParam(), 20000);
  begin(kOne);
  play_through(truth.events, truth.end_ns);
  recorder->tell({kOne, true, facts(1000, truth.end_ns)});
  ASSERT_TRUE(close());
  EXPECT_TRUE(replay(path)->targets[0]->series.empty()) << "nobody asked";
  const std::uint64_t from = 1000 + truth.end_ns / 4, to = truth.end_ns / 2;
  for (const PartWanted& part : {PartWanted{}, PartWanted{from - 1000, to - 1000}}) {
    const auto recording = replay(path, part, {.moments = 8});
    ASSERT_TRUE(recording) << recording.error().message;
    const std::vector<Sample>& series = recording->targets[0]->series;
    ASSERT_GE(series.size(), 3u);
    EXPECT_LE(series.size(), 8u);
    EXPECT_EQ(series.front().at_ns, part.any() ? from : 1000);
    EXPECT_EQ(series.back().at_ns, part.any() ? to : truth.end_ns);
    for (std::size_t i = 2; i + 1 < series.size(); ++i)
      EXPECT_EQ(series[i].at_ns - series[i - 1].at_ns, series[1].at_ns - series[0].at_ns);
    for (const Sample& sample : series) {
      // Behind the whole window's end nothing comes: its totals are the tables'.
      const bool end = !part.any() && &sample == &series.back();
      const Tables expected = end ? recording->targets[0]->tables : told_until(truth, sample.at_ns);
      EXPECT_EQ(sample.totals.created, expected.created);
      EXPECT_EQ(sample.totals.live, expected.live);
      EXPECT_EQ(sample.totals.parks, expected.parks);
      EXPECT_EQ(sample.totals.state_ns, expected.state_ns) << sample.at_ns;
      if (sample.at_ns > 1000) {
        EXPECT_EQ(sample.groups, 7u) << sample.at_ns;
      }
      const auto before = [&](const gt_record& r) { return end || r.time_ns < sample.at_ns; };
      EXPECT_EQ(sample.events.received,
                static_cast<std::uint64_t>(std::ranges::count_if(truth.events, before)));
    }
  }
}

TEST_F(RecorderTest, a_writer_that_ended_early_left_what_it_had_written) {
  const Truth truth = play(1, 5000);
  begin(kOne);
  play_through(truth.events, truth.end_ns);
  StatFacts known = facts(1000, 2000);
  known.events = {.produced = 100, .received = 97, .dropped = {{"ring_full", 3}}, .stack_failed = {}};
  recorder->tell({kOne, false, known});
  ASSERT_TRUE(close());
  const auto whole = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, whole - 1);
  const auto recording = replay(path);
  ASSERT_TRUE(recording) << recording.error().message;
  EXPECT_TRUE(recording->damage.cut);
  ASSERT_EQ(recording->targets.size(), 1u);
  const StatFacts& facts = recording->targets[0]->facts;
  EXPECT_EQ(facts.notices.size(), 2u) << facts.notices.back();
  EXPECT_GE(facts.end_ns, truth.end_ns) << "as of what was told last, not of when the facts were";
  EXPECT_EQ(recording->targets[0]->lack.told_ns, 2000u) << "of what the session knew it is said";
  EXPECT_NE(facts.notices.back().find("cut off"), std::string::npos) << facts.notices.back();
  // One count of events, that of the file.
  EXPECT_EQ(facts.events.received, recording->records);
  EXPECT_EQ(facts.events.dropped_total(), recording->lost);
  EXPECT_EQ(facts.events.produced, recording->records + recording->lost);
  EXPECT_EQ(recording->damage.cut_bytes, ChunkHeader::kBytes - 1)
      << "of the last chunk, which has none but these";
  EXPECT_EQ(recording->damage.whole_to, whole - ChunkHeader::kBytes);
}

TEST(EventsInFile, ReasonsThatWereToldAreKeptAndTheRestIsLost) {
  const EventFacts told{.produced = 100,
                        .received = 97,
                        .dropped = {{"ring_full", 3}, {"nested", 0}},
                        .stack_failed = {{"no_memory", 2}}};
  const EventFacts events = events_in_file(told, {.records = 150, .lost = 10});
  EXPECT_EQ(events.produced, 160u);
  EXPECT_EQ(events.received, 150u);
  EXPECT_EQ(events.in_window, 150u);
  EXPECT_EQ(events.dropped_total(), 10u);
  EXPECT_EQ(events.dropped.front(), (std::pair<std::string, std::uint64_t>("ring_full", 3)));
  EXPECT_EQ(events.stack_failed, told.stack_failed);
  EXPECT_EQ(events.on_their_way(), 0u);
  // The file has not yet what was counted.
  EXPECT_EQ(events_in_file(told, {.records = 50, .lost = 1}).dropped_total(), 1u);
}

// What the session knew is told late, or lies where the file is damaged.
TEST_F(RecorderTest, a_file_without_what_the_session_knew_tells_what_its_items_say) {
  const Truth truth = play(1, 5000);
  begin(kOne);
  play_through(truth.events, truth.end_ns);
  router->post({kOne, truth.end_ns, GroupChanged{GT_GROUP_RUN, false}});
  push({}, truth.end_ns + 1000);
  ASSERT_TRUE(close());
  const auto recording = replay(path);
  ASSERT_TRUE(recording) << recording.error().message;
  ASSERT_EQ(recording->targets.size(), 1u);
  const StatFacts& facts = recording->targets[0]->facts;
  const GroupMask on = group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK);
  EXPECT_EQ(facts.requested, on | group_bit(GT_GROUP_RUN));
  EXPECT_EQ(facts.on_at_end, on);
  ASSERT_EQ(facts.detached.size(), 1u);
  EXPECT_EQ(facts.detached[0].group, GT_GROUP_RUN);
  EXPECT_EQ(facts.detached[0].at_ns, truth.end_ns);
  EXPECT_EQ(facts.begin_ns, 1000u) << "of the first item that has a time";
  EXPECT_GE(facts.end_ns, truth.end_ns);
  EXPECT_EQ(facts.events.received, truth.events.size());
  EXPECT_EQ(facts.target.host_pid, 42);
}

// None of these bytes is what it was.
void damage(const std::filesystem::path& path, std::uintmax_t from, std::uintmax_t to) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  std::string bytes(to - from, '\0');
  file.seekg(static_cast<std::streamoff>(from));
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  for (char& byte : bytes) byte = static_cast<char>(byte ^ 0x55);
  file.seekp(static_cast<std::streamoff>(from));
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// A file whose middle cannot be read goes on with the next segment, as a session does behind a loss.
TEST_P(RecordedTraces, behind_a_damaged_part_go_on_with_what_was_open) {
  const Truth truth = play(GetParam(), 20000);
  record({.flush_ns = 0, .segment_ns = 0});
  begin(kOne);
  play_through(truth.events, truth.end_ns);
  StatFacts known = facts(1000, truth.end_ns);
  known.events.produced = known.events.received = truth.events.size();
  recorder->tell({kOne, true, known});
  ASSERT_TRUE(close());
  const auto whole = replay(path);
  ASSERT_TRUE(whole);
  EXPECT_FALSE(whole->damage.any());
  EXPECT_FALSE(whole->targets[0]->lack.any());
  const Tables& all = whole->targets[0]->tables;
  const auto size = std::filesystem::file_size(path);
  for (const std::uintmax_t at : {size / 4, size / 2}) damage(path, at, at + 1);
  const auto rest = replay(path);
  ASSERT_TRUE(rest) << rest.error().message;
  EXPECT_GE(rest->damage.chunks, 2u);
  EXPECT_LT(rest->records, whole->records);
  EXPECT_GT(rest->records, whole->records / 4);
  // Which stretches, and how much of the file.
  const FileLack& lack = rest->targets[0]->lack;
  ASSERT_FALSE(lack.missing.empty());
  EXPECT_LE(lack.missing.size(), 2u);
  for (const Interval& stretch : lack.missing) {
    EXPECT_GT(stretch.from_ns, 1000u);
    EXPECT_LT(stretch.from_ns, stretch.to_ns);
    EXPECT_LE(stretch.to_ns, truth.end_ns);
  }
  EXPECT_FALSE(lack.beginning);
  const EventFacts& events = rest->targets[0]->facts.events;
  EXPECT_EQ(events.produced, truth.events.size());
  EXPECT_EQ(events.received, rest->records);
  EXPECT_EQ(events.dropped_total(), rest->lost) << "the head says the same";
  EXPECT_EQ(events.produced, events.received + events.dropped_total());
  EXPECT_EQ(lack.damage.bytes, rest->damage.bytes);
  EXPECT_GT(lack.damage.bytes_within(), 0u);
  const std::string& notice = rest->targets[0]->facts.notices.back();
  EXPECT_NE(notice.find("the window lacks what happened from "), std::string::npos) << notice;
  EXPECT_NE(notice.find(" of the file could not be read ("), std::string::npos) << notice;
  const Tables& got = rest->targets[0]->tables;
  EXPECT_GE(got.gaps, 2u);
  EXPECT_EQ(got.illegal, 0u);
  EXPECT_EQ(got.live, all.live);
  EXPECT_EQ(got.system, all.system);
  EXPECT_LT(got.created, all.created);
  EXPECT_GT(got.created, 0u);
  std::uint64_t told = 0;
  for (const BlockingRow& row : got.blocking) {
    const auto of = std::ranges::find_if(all.blocking, [&](const BlockingRow& r) {
      return r.stack == row.stack && r.reason == row.reason && r.in_syscall == row.in_syscall;
    });
    if (of == all.blocking.end()) continue;
    EXPECT_LE(row.waits.count(), of->waits.count()) << row.stack;
    told += row.waits.count();
  }
  EXPECT_GT(told, 0u);
}

// The first part of a file is lost: what is open is known from the next segment on.
TEST_P(RecordedTraces, without_their_beginning_have_what_was_open) {
  const Truth truth = play(GetParam(), 20000);
  record({.flush_ns = 0, .segment_ns = 0});
  begin(kOne);
  play_through(truth.events, truth.end_ns);
  recorder->tell({kOne, true, facts(1000, truth.end_ns)});
  ASSERT_TRUE(close());
  const auto whole = replay(path);
  ASSERT_TRUE(whole);
  damage(path, FileHeader::kBytes, std::filesystem::file_size(path) / 3);
  const auto rest = replay(path);
  ASSERT_TRUE(rest) << rest.error().message;
  EXPECT_TRUE(rest->damage.any());
  ASSERT_EQ(rest->targets.size(), 1u);
  const Tables &got = rest->targets[0]->tables, &all = whole->targets[0]->tables;
  EXPECT_EQ(got.illegal, 0u);
  EXPECT_EQ(got.live, all.live);
  EXPECT_LT(rest->records, whole->records);
  EXPECT_EQ(rest->targets[0]->facts.notices.front(), "a notice");
  const FileLack& lack = rest->targets[0]->lack;
  ASSERT_TRUE(lack.beginning);
  EXPECT_EQ(lack.beginning->ns, rest->targets[0]->facts.begin_ns - 1000);
  const auto says = [](const std::string& notice) { return notice.find("beginning of the recording") == 4; };
  EXPECT_TRUE(std::ranges::any_of(rest->targets[0]->facts.notices, says));
}

TEST_F(RecorderTest, a_pc_that_becomes_known_later_is_named_again) {
  begin(kOne);
  names->plugin_pc = 0x401000 + 5;
  push({event(GT_HOOK_EXECUTE, 1500, 1), park_event(1600, 1, kSleep, 5)}, 1700);
  ASSERT_TRUE(models.ask(1650, Ask::kTotals));
  recorder->tell({kOne, true, facts(1000, 1700)});
  for (int i = 0; i < 100 && recorder->figures().records == 0;
       ++i) {  // until it is written the pc is as it was
    push({}, 1701 + static_cast<std::uint64_t>(i));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ASSERT_EQ(recorder->figures().records, 2u);
  names->plugin_known = true;
  ASSERT_TRUE(close());
  const auto recording = replay(path);
  ASSERT_TRUE(recording);
  EXPECT_EQ(recording->targets[0]->symbols.frames(0x401000 + 5, PcKind::kReturnAddress)[0].function,
            "main.f" + std::to_string(0x401000 + 5));
}

// A disk that is full for a while.
TEST_F(RecorderTest, what_the_disk_refuses_is_counted_and_a_loss_in_the_file) {
  const Truth truth = play(1, 20000);
  begin(kOne);
  const std::size_t half = truth.events.size() / 2;
  const std::vector<gt_record> first(truth.events.begin(),
                                     truth.events.begin() + static_cast<std::ptrdiff_t>(half));
  const std::vector<gt_record> rest(truth.events.begin() + static_cast<std::ptrdiff_t>(half),
                                    truth.events.end());
  auto* const ignored = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 1000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  play_through(first, first.back().time_ns);
  for (int i = 0; i < 100 && recorder->figures().error.empty(); ++i) {
    push({}, first.back().time_ns + 10 + static_cast<std::uint64_t>(i));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_NE(recorder->figures().error, "");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, ignored);
  for (int i = 0; i < 100 && recorder->figures().dropped == 0; ++i) {
    push({}, first.back().time_ns + 200 + static_cast<std::uint64_t>(i));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  play_through(rest, truth.end_ns);
  recorder->tell({kOne, true, facts(1000, truth.end_ns)});
  EXPECT_FALSE(close()) << "something is not in the file";
  const auto recording = replay(path);
  ASSERT_TRUE(recording) << recording.error().message;
  const std::uint64_t dropped = recorder->figures().dropped;
  EXPECT_GT(dropped, 0u);
  EXPECT_EQ(recorder->dropped(kOne), dropped);
  EXPECT_EQ(recording->lost, dropped);
  EXPECT_EQ(recording->records + dropped, truth.events.size());
  EXPECT_EQ(recording->targets[0]->tables.illegal, 0u);
  EXPECT_GE(recording->targets[0]->tables.gaps, 1u);
}

// What others do to the file meanwhile, and what is said of it.
TEST_F(RecorderTest, a_file_that_is_not_what_was_written_is_an_error) {
  const Truth truth = play(1, 2000);
  const std::filesystem::path beside = path.string() + ".beside";
  const std::pair<std::function<void()>, const char*> kChanges[] = {
      {[&] { std::filesystem::remove(path); }, "was removed while"},
      {[&] { std::filesystem::resize_file(path, 5); }, "was cut to 5 bytes by somebody else"},
      {[&] { std::ofstream(path, std::ios::app) << "more"; }, "was written to by somebody else"},
      {[&] {
         std::ofstream(beside) << "another";
         std::filesystem::rename(beside, path);
       },
       "was replaced by another file"},
  };
  for (const auto& [change, says] : kChanges) {
    for (const bool goes_on : {false, true}) {
      record({.flush_ns = 1});
      begin(kOne);
      play_through(truth.events, truth.end_ns);
      for (int i = 0; i < 100 && recorder->figures().bytes < 1000; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      ASSERT_GE(recorder->figures().bytes, 1000u);
      change();
      // What comes behind fills the hole of a file that was cut.
      if (goes_on) recorder->tell({kOne, true, facts(1000, truth.end_ns)});
      const Status closed = close();
      ASSERT_FALSE(closed) << says;
      EXPECT_NE(closed.error().message.find(says), std::string::npos) << closed.error().message;
    }
  }
}

TEST(RecorderMake, of_a_minus_is_refused) {
  const auto made = Recorder::make("-");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::kUsage);
  EXPECT_NE(made.error().message.find("/dev/stdout"), std::string::npos) << made.error().message;
  const auto read = replay("-");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::kUsage);
  EXPECT_NE(read.error().message.find("/dev/stdin"), std::string::npos) << read.error().message;
}

TEST(RecorderMake, of_a_path_that_cannot_be_written_is_an_error) {
  EXPECT_FALSE(Recorder::make("/no/such/folder/f.gtr"));
  auto full = Recorder::make("/dev/full");
  ASSERT_TRUE(full);
  EXPECT_FALSE((*full)->name(kOne, {})) << "its header cannot be written";
}

// What was there is there until a target begins.
TEST(RecorderMake, leaves_the_file_as_it_was_when_nothing_begins) {
  const auto path = std::filesystem::temp_directory_path() / ("recorder_make." + std::to_string(::getpid()));
  std::ofstream(path) << "of yesterday";
  {
    auto recorder = Recorder::make(path);
    ASSERT_TRUE(recorder);
    EXPECT_TRUE((*recorder)->close());
  }
  EXPECT_EQ(std::filesystem::file_size(path), 12u);
  std::filesystem::remove(path);
}

TEST(RecorderMake, leaves_no_file_that_it_made_when_nothing_begins) {
  const auto path = std::filesystem::temp_directory_path() / ("recorder_made." + std::to_string(::getpid()));
  {
    const auto recorder = Recorder::make(path);
    ASSERT_TRUE(recorder);
    EXPECT_TRUE(std::filesystem::exists(path)) << "it is known early that it can be";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

// Of a recording whose second target cannot be attached, the first one's events are of no use.
TEST(RecorderMake, leaves_the_file_as_it_was_until_the_recording_goes_on) {
  const auto path = std::filesystem::temp_directory_path() / ("recorder_held." + std::to_string(::getpid()));
  const auto begun = [&] {
    auto recorder = Recorder::make(path, {.held = true});
    EXPECT_TRUE(recorder);
    EXPECT_TRUE((*recorder)->name(kOne, {nullptr, std::make_unique<PaperSymbols>()}));
    return std::move(*recorder);
  };
  EXPECT_TRUE(begun()->close());
  EXPECT_FALSE(std::filesystem::exists(path)) << "it was made for it";
  std::ofstream(path) << "of yesterday";
  EXPECT_TRUE(begun()->close());
  EXPECT_EQ(std::filesystem::file_size(path), 12u);
  {
    const auto recorder = begun();
    recorder->go_on();
    EXPECT_TRUE(recorder->close());
  }
  EXPECT_TRUE(read_items(path, {.item = [](const FileItem&) { return Status(); }})) << "it is emptied first";
  EXPECT_FALSE(read_items(path, {.item = [](const FileItem&) { return Status(); }})->any());
  std::filesystem::remove(path);
  EXPECT_TRUE(std::filesystem::remove(path.string() + ".old")) << "what it held is kept";
}

class RecorderReplaces : public ::testing::Test {
 protected:
  RecorderReplaces()
      : folder_(std::filesystem::temp_directory_path() / ("old." + std::to_string(::getpid()))) {
    std::filesystem::create_directory(folder_);
  }
  ~RecorderReplaces() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }
  void put(const std::string& name, const std::string& text) const { std::ofstream(at(name)) << text; }
  [[nodiscard]] std::string text(const std::string& name) const {
    std::ifstream in(at(name));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // The name that the recorder has told.
  [[nodiscard]] std::string record(const std::string& name) const {
    const auto recorder = Recorder::make(at(name), {.held = true});
    EXPECT_TRUE(recorder) << recorder.error().message;
    EXPECT_TRUE((*recorder)->name(kOne, {nullptr, std::make_unique<PaperSymbols>()}));
    (*recorder)->go_on();
    EXPECT_TRUE((*recorder)->close());
    EXPECT_TRUE(read_items(at(name), {.item = [](const FileItem&) { return Status(); }})) << "it is whole";
    return (*recorder)->kept_as();
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }
  const std::filesystem::path folder_;
};

TEST_F(RecorderReplaces, what_was_there_has_another_name) {
  EXPECT_EQ(record("f.gtr"), "");
  const std::string first = text("f.gtr");
  EXPECT_EQ(record("f.gtr"), at("f.gtr.old"));
  EXPECT_EQ(text("f.gtr.old"), first);
  const std::string second = text("f.gtr");
  EXPECT_EQ(record("f.gtr"), at("f.gtr.old"));
  EXPECT_EQ(text("f.gtr.old"), second) << "the last one's alone";
  EXPECT_EQ(files(), 2u) << "nothing else is left";
}

TEST_F(RecorderReplaces, an_empty_one_needs_no_other_name) {
  put("f.gtr", "");
  EXPECT_EQ(record("f.gtr"), "");
  EXPECT_EQ(files(), 1u);
}

TEST_F(RecorderReplaces, its_permissions_stay) {
  put("f.gtr", "of yesterday");
  ASSERT_EQ(::chmod(at("f.gtr").c_str(), 0600), 0);
  (void)record("f.gtr");
  struct stat status{};
  ASSERT_EQ(::stat(at("f.gtr").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(RecorderReplaces, behind_a_link_the_file_itself) {
  put("real", "of yesterday");
  std::filesystem::create_symlink("real", at("link"));
  EXPECT_EQ(record("link"), std::filesystem::canonical(folder_).string() + "/real.old");
  EXPECT_EQ(text("real.old"), "of yesterday");
  EXPECT_TRUE(std::filesystem::is_symlink(at("link")));
}

TEST_F(RecorderReplaces, nothing_that_could_not_be_kept) {
  put("f.gtr", "of yesterday");
  std::filesystem::create_directory(at("f.gtr.old"));
  const auto recorder = Recorder::make(at("f.gtr"), {.held = true});
  ASSERT_FALSE(recorder);
  EXPECT_NE(recorder.error().message.find("f.gtr.old"), std::string::npos) << recorder.error().message;
  EXPECT_EQ(text("f.gtr"), "of yesterday");
}

TEST(RecorderMake, of_a_file_that_another_one_writes_is_an_error) {
  const auto path = std::filesystem::temp_directory_path() / ("recorder_two." + std::to_string(::getpid()));
  {
    auto first = Recorder::make(path);
    ASSERT_TRUE(first);
    EXPECT_FALSE(Recorder::make(path)) << "before a target began";
    EXPECT_TRUE(std::filesystem::exists(path)) << "it is not the second one's to remove";
    ASSERT_TRUE((*first)->name(kOne, {nullptr, std::make_unique<PaperSymbols>()}));
    const auto second = Recorder::make(path);
    ASSERT_FALSE(second) << "and behind that";
    EXPECT_NE(second.error().message.find("another recording"), std::string::npos) << second.error().message;
  }
  EXPECT_TRUE(Recorder::make(path)) << "it is free again";
  EXPECT_GT(std::filesystem::file_size(path), 0u) << "a target began: it stays";
  std::filesystem::remove(path);
}

TEST(RecorderMake, of_a_fifo_that_nobody_reads_is_an_error) {
  const auto path = std::filesystem::temp_directory_path() / ("recorder_fifo." + std::to_string(::getpid()));
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(Recorder::make(path));
  std::filesystem::remove(path);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RecordedTraces, ::testing::Range(std::uint64_t{1}, std::uint64_t{4}));

}  // namespace
}  // namespace gorotrace
