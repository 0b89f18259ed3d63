// A dump without a process: functions of 0x100 bytes from 0x1000 on.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "evidence/dump.h"
#include "evidence/dump_select.h"

namespace gorotrace::report_test {

struct FakeDump {
  // By entry: the frames of every pc in the function, innermost first.
  std::map<std::uint64_t, std::vector<Frame>> functions;
  Dump dump;

  FakeDump() {
    dump.target = {7, 1234, "/usr/bin/server", "/usr/bin/server", "go1.26.8", "example.com/server", "v1.2.3"};
    dump.version = *GoVersion::parse("go1.26.8");
    dump.wait_reasons = {"", "chan receive", "sleep", "select"};
    dump.unix_ns = 1'700'000'000'000'000'000;
  }

  // Returns the return address of a call in the function.
  std::uint64_t function(const std::string& name, const std::string& file = "/src/f.go", int line = 10) {
    const std::uint64_t entry = 0x1000 + 0x100 * functions.size();
    Frame f;
    f.function = name;
    f.file = file;
    f.line = line;
    functions[entry] = {f};
    return entry + 0x20;
  }
  Frame& innermost(std::uint64_t pc) { return functions[pc & ~0xffull].front(); }
  void inline_into(std::uint64_t pc, const std::string& name, int line) {
    Frame f;
    f.function = name;
    f.file = "/src/inlined.go";
    f.line = line;
    f.inlined = true;
    auto& frames = functions[pc & ~0xffull];
    frames.insert(frames.begin(), f);
  }

  GoroutineSnapshot& goroutine(std::uint64_t goid, const std::vector<std::uint64_t>& pcs) {
    GoroutineSnapshot g;
    g.goid = goid;
    g.index = static_cast<std::uint32_t>(dump.snapshot.goroutines.size());
    g.status = GStatus::kWaiting;
    g.wait_reason = 1;
    g.read_at_ns = 3'600'000'000'000;
    if (!pcs.empty()) {
      std::uint64_t id = 1;
      for (const std::uint64_t pc : pcs) id = id * 31 + pc;
      g.stack = dump.snapshot.stacks.add(id, pcs, false);
      g.stack_id = id;
    }
    dump.snapshot.goroutines.push_back(g);
    ++dump.snapshot.counts.alive;
    ++dump.snapshot.counts.stacks;
    return dump.snapshot.goroutines.back();
  }

  [[nodiscard]] StackTable symbols() const {
    return {std::make_shared<FrameTable>(PcLookup{
                .frames =
                    [this](std::uint64_t pc) {
                      const auto it = functions.find(pc & ~0xffull);
                      if (it == functions.end()) return std::vector<Frame>{{}};
                      std::vector<Frame> frames = it->second;
                      for (Frame& f : frames) {
                        f.entry = it->first;
                        f.pc = pc;
                      }
                      return frames;
                    },
                .entry = [this](std::uint64_t pc) -> std::optional<std::uint64_t> {
                  return functions.contains(pc & ~0xffull) ? std::optional(pc & ~0xffull) : std::nullopt;
                }}),
            0};
  }
};

// What a report writes.
template <typename Report>
std::string written(Report report) {
  std::string out;
  report([&out](std::string_view text) { out += text; });
  return out;
}

}  // namespace gorotrace::report_test
