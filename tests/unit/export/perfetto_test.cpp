#include "export/perfetto.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <protozero/pbf_reader.hpp>

#include "capture_items.h"

namespace gorotrace {
namespace {

using export_test::CaptureItems;
using export_test::kTarget;
using Lines = std::vector<std::string>;

struct Shown {
  Lines events;  // "at track: name", "at track: end", with flows
  std::map<std::uint64_t, std::string> tracks;
  std::map<std::uint64_t, std::uint64_t> parents;
  std::uint32_t clock = 0, primary_clock = 0;
};

// Numbers of fields are those of the published schema.
class Reader {
 public:
  Shown read(const std::string& data) {
    protozero::pbf_reader trace(data);
    while (trace.next(1)) packet(trace.get_message());
    return shown_;
  }

 private:
  void packet(protozero::pbf_reader in) {
    std::uint64_t at = 0;
    while (in.next()) {
      switch (in.tag()) {
        case 6:
          for (auto snapshot = in.get_message(); snapshot.next();) {
            if (snapshot.tag() == 2) {
              shown_.primary_clock = snapshot.get_uint32();
            } else {
              snapshot.skip();
            }
          }
          break;
        case 8:
          at = in.get_uint64();
          break;
        case 11:
          event(in.get_message(), at);
          break;
        case 12:
          interned(in.get_message());
          break;
        case 59: {
          auto defaults = in.get_message();
          EXPECT_TRUE(defaults.next(58));
          shown_.clock = defaults.get_uint32();
          break;
        }
        case 60:
          descriptor(in.get_message());
          break;
        default:
          in.skip();
      }
    }
  }
  void descriptor(protozero::pbf_reader in) {
    std::uint64_t uuid = 0;
    std::string name = "process";
    std::uint64_t parent = 0;
    while (in.next()) {
      if (in.tag() == 1) {
        uuid = in.get_uint64();
      } else if (in.tag() == 2) {
        name = in.get_string();
      } else if (in.tag() == 5) {
        parent = in.get_uint64();
      } else {
        in.skip();
      }
    }
    EXPECT_FALSE(shown_.tracks.contains(uuid));
    shown_.tracks[uuid] = name;
    shown_.parents[uuid] = parent;
  }
  void interned(protozero::pbf_reader in) {
    while (in.next()) {
      const auto tag = in.tag();
      auto entry = in.get_message();
      std::uint64_t iid = 0;
      std::string text;
      while (entry.next()) {
        if (entry.tag() == 1)
          iid = entry.get_uint64();
        else
          text = entry.get_string();
      }
      names_[{tag, iid}] = text;
    }
  }
  void event(protozero::pbf_reader in, std::uint64_t at) {
    std::string name, more;
    std::uint64_t track = 0;
    int type = 0;
    while (in.next()) {
      switch (in.tag()) {
        case 9:
          type = in.get_enum();
          break;
        case 10:
          name = names_.at({2, in.get_uint64()});
          break;
        case 11:
          track = in.get_uint64();
          break;
        case 30:
          more = fmt::format(" {}", in.get_int64());
          break;
        case 47:
          more += fmt::format(" from {}", in.get_fixed64());
          break;
        case 48:
          more += fmt::format(" to {}", in.get_fixed64());
          break;
        default:
          in.skip();
      }
    }
    if (type == 4) return;
    shown_.events.push_back(
        fmt::format("{} {}: {}{}", at, shown_.tracks.at(track), type == 2 ? "end" : name, more));
  }

  Shown shown_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::string> names_;
};

TEST(Perfetto, TracksSlicesAndArrows) {
  CaptureItems c;
  c.begin().groups(100, true).name(0x1000, "main.worker", PcKind::kExact).name(0x2000, "main.main");
  c.by(110, GT_HOOK_CREATE, 7, 1, 3).record(120, GT_HOOK_EXECUTE, 7, 2).park(130, 7, 2);
  c.by(140, GT_HOOK_READY, 7, 1, 3).record(150, GT_HOOK_EXECUTE, 7, 5).record(160, GT_HOOK_EXIT, 7, 5);
  std::string data;
  PerfettoExport exported(kTarget, [&](std::string_view text) { data += text; });
  for (const FileItem& item : c.items) exported.note(item);
  ASSERT_TRUE(c.give(exported));
  const auto figures = exported.finish();
  ASSERT_TRUE(figures);
  const Shown shown = Reader().read(data);
  EXPECT_EQ(shown.events, (Lines{"100 G3: running", "110 G3: go from 1", "110 G7: runnable to 1",
                                 "120 G7: end", "120 G7: running", "130 G7: end", "130 G7: chan receive",
                                 "140 G3: wakes from 2", "140 G7: end", "140 G7: runnable to 2",
                                 "150 G7: end", "150 G7: running", "160 G7: end", "160 G3: end"}));
  EXPECT_EQ(shown.clock, 3u);
  EXPECT_EQ(shown.primary_clock, 3u);
  for (const auto& [uuid, name] : shown.tracks) {
    if (name == "G7") {
      EXPECT_EQ(shown.tracks.at(shown.parents.at(uuid)), "main.worker, created by main.main a.go:7");
    }
  }
}

TEST(Perfetto, PanicsAndTheEndAreInstants) {
  const CaptureItems c = CaptureItems().panics();
  std::string data;
  PerfettoExport exported(kTarget, [&](std::string_view text) { data += text; });
  for (const FileItem& item : c.items) exported.note(item);
  ASSERT_TRUE(c.give(exported));
  ASSERT_TRUE(exported.finish());
  EXPECT_EQ(Reader().read(data).events,
            (Lines{"100 G3: running", "110 G3: panic: main.T \"no\"", "111 G3: recovered", "100 G5: running",
                   "120 G5: end", "120 G5: chan receive", "130 G5: fatal error: main.T \"no\"",
                   "140 process: ended: killed by SIGKILL", "140 G5: end", "140 G3: end"}));
}

TEST(Perfetto, PausesAndCollectionsAreTracksOfTheProcess) {
  CaptureItems c;
  c.begin().groups(100, true).groups(100, true, {GT_GROUP_GC});
  gt_record none{}, reads{};
  none.detail = GT_NO_REASON;
  reads.detail = 7;
  c.record(110, GT_HOOK_GC_BEGIN, 3, 1).record(111, GT_HOOK_STW_BEGIN, 3, 1, none);
  c.record(115, GT_HOOK_STW_END, 3, 1).record(120, GT_HOOK_STW_BEGIN, 3, 1, none);
  c.record(130, GT_HOOK_GC_END, 3, 1).record(140, GT_HOOK_STW_END, 3, 1);
  c.record(150, GT_HOOK_STW_BEGIN, 3, 1, reads).park(160, 5, 2);  // goes on to the end
  std::string data;
  PerfettoExport exported(kTarget, [&](std::string_view text) { data += text; });
  for (const FileItem& item : c.items) exported.note(item);
  ASSERT_TRUE(c.give(exported));
  ASSERT_TRUE(exported.finish());
  const Shown shown = Reader().read(data);
  Lines pauses;
  for (const std::string& event : shown.events) {
    if (event.find(" GC: ") != std::string::npos || event.find(" stop-the-world: ") != std::string::npos)
      pauses.push_back(event);
  }
  EXPECT_EQ(pauses, (Lines{"111 stop-the-world: GC sweep termination", "115 stop-the-world: end",
                           "110 GC: collection", "130 GC: end", "120 stop-the-world: GC mark termination",
                           "140 stop-the-world: end", "150 stop-the-world: read mem stats",
                           "160 stop-the-world: end"}));
  for (const auto& [uuid, name] : shown.tracks) {
    if (name == "GC" || name == "stop-the-world") {
      EXPECT_EQ(shown.tracks.at(shown.parents.at(uuid)), "process");
    }
  }
}

}  // namespace
}  // namespace gorotrace
