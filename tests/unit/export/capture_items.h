// Items of a capture file, made up: one target, and what its probes would have told.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "export/timeline.h"
#include "recording/file_item.h"

namespace gorotrace::export_test {

inline constexpr TargetId kTarget = target_id(1, 1);
inline constexpr std::uint64_t kSecond = 1'000'000'000;
// Indices into the wait reasons of begin().
inline constexpr std::uint8_t kSleep = 1, kChanReceive = 2;

class CaptureItems {
 public:
  std::vector<FileItem> items;

  CaptureItems& begin() {
    items.emplace_back(ClockPair{.monotonic_ns = kSecond, .realtime_ns = 5 * std::int64_t{kSecond}});
    return tell(
        0, TargetBegun{.host_pid = 42, .exe = "/bin/demo", .wait_reasons = {"", "sleep", "chan receive"}});
  }
  CaptureItems& groups(std::uint64_t at, bool on,
                       std::vector<gt_group> groups = {kTraceGroups.begin(), kTraceGroups.end()}) {
    for (const gt_group g : groups) tell(at, GroupChanged{.group = g, .on = on});
    return *this;
  }
  template <typename What>
  CaptureItems& tell(std::uint64_t at, What what) {
    items.emplace_back(Item{.target = kTarget, .at_ns = at, .what = std::move(what)});
    return *this;
  }
  CaptureItems& record(std::uint64_t at, gt_hook hook, std::uint64_t goid, std::uint32_t tid,
                       gt_record more = {}) {
    more.time_ns = at;
    more.hook = hook;
    more.goid = goid;
    more.tid = tid;
    return tell(at, Records{.records = {more}});
  }
  CaptureItems& by(std::uint64_t at, gt_hook hook, std::uint64_t goid, std::uint32_t tid,
                   std::uint64_t other) {
    gt_record r{};
    r.other = other;
    r.flags = other == 0 ? GT_ACTOR_RUNTIME : GT_ACTOR_GOROUTINE;
    r.extra = 0x1000;
    r.object = 0x2000;
    return record(at, hook, goid, tid, r);
  }
  CaptureItems& park(std::uint64_t at, std::uint64_t goid, std::uint32_t tid,
                     std::uint8_t reason = kChanReceive, std::uint64_t stack = 0) {
    gt_record r{};
    r.detail = reason;
    r.stack = stack;
    return record(at, GT_HOOK_PARK, goid, tid, r);
  }
  // Goroutine 3 panics on thread 1 and recovers; then the process dies of an error, which 5 waits through.
  CaptureItems& panics() {
    begin().groups(100, true).groups(100, true, {GT_GROUP_PANIC});
    tell(0, ValueDefined{.id = 77, .value = {.type = "main.T", .text = "no", .cut = false}});
    gt_record thrown{}, ended{};
    thrown.object = 77;
    ended.extra = 9;
    record(110, GT_HOOK_PANIC, 3, 1, thrown).record(111, GT_HOOK_RECOVERED, 3, 1).park(120, 5, 2);
    record(130, GT_HOOK_THROW, 5, 2, thrown);
    return record(140, GT_HOOK_ENDED, 0, 2, ended);
  }
  CaptureItems& stack(std::uint64_t id, const std::vector<std::pair<std::uint64_t, std::string>>& frames) {
    auto pcs = std::make_shared<StackPcs>();
    for (const auto& [pc, function] : frames) pcs->pcs.push_back(pc);
    tell(0, StackDefined{.id = id, .stack = pcs});
    for (const auto& [pc, function] : frames) name(pc, function);
    return *this;
  }
  CaptureItems& name(std::uint64_t pc, const std::string& function, PcKind kind = PcKind::kReturnAddress) {
    Frame frame;
    frame.function = function;
    frame.file = "/src/a.go";
    frame.line = 7;
    frame.pc = pc;
    items.emplace_back(FramesNamed{.target = kTarget, .pc = pc, .kind = kind, .frames = {frame}});
    return *this;
  }
  CaptureItems& look(std::uint64_t from, std::uint64_t to,
                     const std::vector<std::pair<std::uint64_t, GStatus>>& seen) {
    Snapshot snapshot;
    snapshot.counts.begin_ns = from;
    snapshot.counts.end_ns = to;
    for (const auto& [goid, status] : seen) {
      GoroutineSnapshot g;
      g.goid = goid;
      g.status = status;
      g.startpc = 0x1000;
      g.gopc = 0x2000;
      g.read_at_ns = from;
      g.wait_reason = kSleep;
      snapshot.goroutines.push_back(g);
    }
    return tell(to, std::move(snapshot));
  }

  template <typename Export>
  Status give(Export& to) const {
    for (const FileItem& item : items) {
      if (auto taken = to.take(item); !taken) return taken;
    }
    return {};
  }
};

}  // namespace gorotrace::export_test
