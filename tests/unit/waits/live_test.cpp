// Against tests/testprogs/waits, which says of each goroutine what it waits on: every Go version, and the
// ways of linking on the newest. Reading another process's memory needs to be its parent (ptrace scope 0 or
// 1) or root.
#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "go_target.h"
#include "waits/wait_reader.h"

namespace gorotrace::testing {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

constexpr std::int64_t kHour = 3'600'000'000'000;

struct LiveSubject {
  std::string version;
  LinkMode link;
};
void PrintTo(const LiveSubject& s, std::ostream* out) {
  *out << s.version << " " << name_of(s.link);
}

std::vector<LiveSubject> subjects() {
  std::vector<LiveSubject> out;
  for (const std::string& version : go_versions()) out.push_back({version, LinkMode::kStatic});
  const std::string newest = out.back().version;
  for (const LinkMode link : {LinkMode::kPie, LinkMode::kCgo, LinkMode::kCgoPie})
    out.push_back({newest, link});
  return out;
}

class Live : public ::testing::TestWithParam<LiveSubject> {
 protected:
  void expect(const json& fact, const GoroutineWaits& waits);
  void expect_channel(const json& fact, const ChannelWait& wait);
  void expect_lock(const json& fact, SyncKind kind, const SemaphoreWait& wait);
  void expect_file(const json& fact, const FileDescription& file);
  void expect_deadline(const json& fact, std::int64_t deadline) {
    EXPECT_GE(deadline, fact["from"].get<std::int64_t>());
    EXPECT_LE(deadline, now_ + kHour);
  }

  void expect_since(const json& fact, const GoroutineSnapshot& g);

  json told_;
  int minor_ = 0;
  std::int64_t now_ = 0;  // of the target, after all of it
  std::uint64_t told_begin_ = 0, told_parked_ = 0;
};

void Live::expect_channel(const json& fact, const ChannelWait& wait) {
  EXPECT_EQ(wait.channel, fact["channel"].get<std::uint64_t>());
  ASSERT_TRUE(wait.state.has_value());
  EXPECT_EQ(wait.state->length, fact["length"].get<std::uint64_t>());
  EXPECT_EQ(wait.state->capacity, fact["capacity"].get<std::uint64_t>());
  EXPECT_FALSE(wait.state->closed);
  EXPECT_EQ(wait.receivers, fact["receivers"].get<std::uint32_t>());
  EXPECT_EQ(wait.senders, fact["senders"].get<std::uint32_t>());
  EXPECT_EQ(wait.unknown_direction, 0u);
  EXPECT_FALSE(wait.timer.has_value());
}

void Live::expect_lock(const json& fact, SyncKind kind, const SemaphoreWait& wait) {
  EXPECT_EQ(wait.kind, kind);
  EXPECT_EQ(wait.object, fact["object"].get<std::uint64_t>());
  EXPECT_EQ(wait.waiters, fact["waiters"].get<std::uint32_t>());
  if (const auto* state = std::get_if<MutexState>(&wait.state)) {
    EXPECT_EQ(state->locked, fact["locked"].get<bool>());
    EXPECT_EQ(state->waiters, fact["waiters"].get<std::uint32_t>());
  } else if (const auto* rw = std::get_if<RWMutexState>(&wait.state)) {
    EXPECT_EQ(rw->readers, fact["readers"].get<std::int32_t>());
    EXPECT_EQ(rw->departing, fact["departing"].get<std::int32_t>());
    EXPECT_EQ(rw->writer_pending, fact["pending"].get<bool>());
    const auto use = use_of(*rw);
    ASSERT_TRUE(use.has_value());
    EXPECT_EQ(use->writer_holds, fact["held"] == "by a writer");
    EXPECT_EQ(use->holding_readers, fact["departing"].get<std::int32_t>());
    EXPECT_EQ(use->waiting_readers, fact["readers"].get<std::int32_t>() - use->holding_readers);
  } else if (const auto* group = std::get_if<WaitGroupState>(&wait.state)) {
    EXPECT_EQ(group->counter, fact["counter"].get<std::int32_t>());
    EXPECT_EQ(group->waiters, fact["waiters"].get<std::uint32_t>());
  } else {
    ADD_FAILURE() << "no state";
  }
  if (fact.contains("holder")) {
    EXPECT_EQ(wait.holder_search, HolderSearchEnd::kDone);
    EXPECT_THAT(wait.likely_holders, Contains(fact["holder"].get<std::uint64_t>()));
    EXPECT_GE(wait.holder_candidates, wait.likely_holders.size());
    for (const json& other : told_["goroutines"]) {
      if (other.contains("object") && other["object"] == fact["object"]) {
        EXPECT_THAT(wait.likely_holders, Not(Contains(other["goid"].get<std::uint64_t>())));
      }
    }
  }
  if (fact.contains("owner")) {
    EXPECT_THAT(wait.likely_holders, Contains(fact["owner"].get<std::uint64_t>()));
    // The compiler names the closures of deferred calls so since then.
    if (minor_ >= 22) {
      EXPECT_EQ(wait.likely_holders.front(), fact["holder"].get<std::uint64_t>());
    }
  }
}

void Live::expect_file(const json& fact, const FileDescription& file) {
  using Kind = FileDescription::Kind;
  EXPECT_EQ(file.kind, fact["file"] == "pipe" ? Kind::kPipe : Kind::kSocket) << file.name;
  if (!fact.contains("protocol")) return;
  ASSERT_TRUE(file.socket.has_value());
  EXPECT_EQ(file.socket->protocol, fact["protocol"].get<std::string>());
  EXPECT_EQ(file.socket->local, fact["local"].get<std::string>());
  EXPECT_EQ(file.socket->peer, fact["peer"].get<std::string>());
  EXPECT_EQ(file.socket->state, fact["state"].get<std::string>());
}

void Live::expect(const json& fact, const GoroutineWaits& waits) {
  const std::string kind = fact["kind"];
  if (kind == "labels" || kind == "late") return;
  EXPECT_FALSE(waits.moved);
  EXPECT_FALSE(waits.cut);
  EXPECT_EQ(waits.on_nothing, kind == "no cases");
  if (kind == "no cases") {
    EXPECT_TRUE(waits.objects.empty());
    return;
  }
  if (kind == "select") {
    // In the order of the channels' addresses; the test names them in its own.
    ASSERT_EQ(waits.objects.size(), fact["cases"].size());
    for (std::size_t i = 0; i < fact["cases"].size(); ++i) {
      const ChannelWait* found = nullptr;
      for (const WaitObject& object : waits.objects) {
        const auto* wait = std::get_if<ChannelWait>(&object.what);
        if (wait != nullptr && wait->channel == fact["cases"][i]["channel"].get<std::uint64_t>())
          found = wait;
      }
      ASSERT_NE(found, nullptr);
      expect_channel(fact["cases"][i], *found);
      EXPECT_TRUE(found->in_select);
      EXPECT_EQ(found->direction,
                fact["directions"][i] == "send" ? ChannelDirection::kSend : ChannelDirection::kReceive);
    }
  } else {
    ASSERT_EQ(waits.objects.size(), 1u);
  }
  for (const WaitObject& object : waits.objects)
    EXPECT_EQ(object.certainty, Certainty::kProven) << object.known_by;
  if (kind == "select") return;
  const auto& what = waits.objects[0].what;
  if (kind == "receive" || kind == "send") {
    const auto& wait = std::get<ChannelWait>(what);
    expect_channel(fact, wait);
    EXPECT_EQ(wait.direction, kind == "send" ? ChannelDirection::kSend : ChannelDirection::kReceive);
  } else if (kind == "nil receive" || kind == "nil send") {
    const auto& wait = std::get<ChannelWait>(what);
    EXPECT_EQ(wait.channel, 0u);
    EXPECT_FALSE(wait.in_select);
    EXPECT_EQ(wait.direction, kind == "nil send" ? ChannelDirection::kSend : ChannelDirection::kReceive);
  } else if (kind == "timer") {
    const auto& wait = std::get<ChannelWait>(what);
    EXPECT_EQ(wait.channel, fact["channel"].get<std::uint64_t>());
    ASSERT_EQ(wait.timer.has_value(), minor_ >= 23);
    if (wait.timer && !fact.contains("from")) {
      EXPECT_EQ(wait.timer->state, TimerState::kFiredOrStopped);
      EXPECT_FALSE(wait.timer->when_ns.has_value());
      EXPECT_EQ(wait.timer->period_ns, fact["period"].get<std::int64_t>());
    } else if (wait.timer) {
      ASSERT_TRUE(wait.timer->when_ns.has_value());
      expect_deadline(fact, *wait.timer->when_ns);
      EXPECT_EQ(wait.timer->period_ns, fact["period"].get<std::int64_t>());
    }
  } else if (kind == "mutex") {
    expect_lock(fact, SyncKind::kMutex, std::get<SemaphoreWait>(what));
  } else if (kind == "once") {
    expect_lock(fact, SyncKind::kOnce, std::get<SemaphoreWait>(what));
  } else if (kind == "read lock") {
    expect_lock(fact, SyncKind::kRWMutexRead, std::get<SemaphoreWait>(what));
  } else if (kind == "write lock") {
    expect_lock(fact, SyncKind::kRWMutexWrite, std::get<SemaphoreWait>(what));
  } else if (kind == "wait group") {
    expect_lock(fact, SyncKind::kWaitGroup, std::get<SemaphoreWait>(what));
  } else if (kind == "cond") {
    const auto& wait = std::get<CondWait>(what);
    EXPECT_EQ(wait.cond, fact["object"].get<std::uint64_t>());
    EXPECT_EQ(wait.waiters, fact["waiters"].get<std::uint32_t>());
  } else if (kind == "sleep") {
    expect_deadline(fact, std::get<SleepWait>(what).deadline_ns);
  } else if (kind == "io") {
    const auto& wait = std::get<IoWait>(what);
    EXPECT_EQ(wait.fd, fact["fd"].get<std::int32_t>());
    EXPECT_EQ(wait.direction, fact["direction"] == "read" ? IoDirection::kRead : IoDirection::kWrite);
    EXPECT_EQ(wait.deadline_ns.has_value(), fact.contains("from"));
    if (wait.deadline_ns) expect_deadline(fact, *wait.deadline_ns);
    expect_file(fact, *wait.file);
  } else if (kind == "syscall") {
    const auto& wait = std::get<SyscallWait>(what);
    EXPECT_EQ(wait.name, fact["name"].get<std::string>());
    EXPECT_TRUE(wait.on_goroutine_stack);
    ASSERT_TRUE(wait.descriptor.has_value());
    EXPECT_EQ(wait.descriptor->fd, fact["fd"].get<std::int32_t>());
    expect_file(fact, *wait.descriptor->file);
    if (fact.contains("second")) {
      EXPECT_EQ(wait.arguments[1], fact["second"].get<std::uint64_t>());
      EXPECT_EQ(wait.arguments[2], fact["third"].get<std::uint64_t>());
    }
  } else {
    ADD_FAILURE() << "a kind nobody checks";
  }
}

// All but the last were parked before the second collection, which gave them the time of the first: before
// any of them was created. The third gave the last one the time of the second.
void Live::expect_since(const json& fact, const GoroutineSnapshot& g) {
  ASSERT_NE(g.wait_since_ns, 0u);
  if (fact["kind"] == "late") {
    EXPECT_EQ(g.waited_at_ns, 0u);
    return;
  }
  EXPECT_LT(g.wait_since_ns, told_begin_);
  EXPECT_GE(g.waited_at_ns, told_parked_);
}

TEST_P(Live, EveryGoroutineWaitsOnWhatTheProcessSays) {
  // For its go.mod's sake ("go 1.18") timers would not know their channels (time/sleep.go syncTimer, 1.23+).
  ::setenv("GODEBUG", "asynctimerchan=0", 1);
  GoTarget target("waits", GetParam().version, {}, GetParam().link);
  told_ = json::parse(target.line());
  const json& told = told_;
  minor_ = target.minor();
  now_ = told["now"];
  told_begin_ = told["begin"];
  told_parked_ = told["parked"];
  // All of it is at rest: on a busy machine the looks may come as far apart as they like.
  auto goroutines = target.goroutine_config();
  auto config = WaitReader::config_for(target.binary(), target.modules());
  goroutines.max_between_looks_ns = config.max_between_looks_ns = 1'000'000'000;
  GoroutineReader reader(target.process(), goroutines);
  const WaitReader waiting(target.process(), &target.process(), config);

  const auto snapshot = reader.read(StackDepth::kAsProbes);
  ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message;
  const auto waits = waiting.read(*snapshot);
  ASSERT_TRUE(waits.has_value()) << waits.error().message;
  EXPECT_TRUE(waits->semaphores_complete);
  EXPECT_TRUE(waits->holders_complete);
  EXPECT_EQ(waits->labels_unreadable, 0u);

  std::map<std::uint64_t, std::size_t> index;
  for (std::size_t i = 0; i < snapshot->goroutines.size(); ++i) index[snapshot->goroutines[i].goid] = i;
  std::map<std::string, int> kinds;
  for (const json& fact : told["goroutines"]) {
    SCOPED_TRACE(fact.dump());
    const std::uint64_t goid = fact["goid"];
    ASSERT_TRUE(index.contains(goid));
    const GoroutineSnapshot& g = snapshot->goroutines[index[goid]];
    const GoroutineWaits& w = waits->goroutines[index[goid]];
    expect(fact, w);
    ++kinds[fact["kind"]];
    Labels labels;
    if (fact.contains("labels")) {
      for (const auto& [key, value] : fact["labels"].items()) labels.emplace_back(key, value);
    }
    EXPECT_EQ(waits->label_sets[w.labels], labels);
    if (g.status == GStatus::kWaiting) expect_since(fact, g);
  }
  EXPECT_EQ(kinds.size(), 18u);
}

INSTANTIATE_TEST_SUITE_P(Go, Live, ::testing::ValuesIn(subjects()), [](const auto& parameter) {
  std::string name = parameter.param.version + "_" + name_of(parameter.param.link);
  for (char& c : name) c = c == '.' || c == '-' ? '_' : c;
  return name;
});

}  // namespace
}  // namespace gorotrace::testing
