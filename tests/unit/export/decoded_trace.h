// An execution trace file, taken apart as far as tests ask of it.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "export/go_trace_file.h"

namespace gorotrace::export_test {

// What a file holds: events of each thread, in order, and the tables.
struct Decoded {
  std::string header;
  std::map<std::string, std::vector<std::string>> threads;  // "at name args"
  std::map<std::uint64_t, std::string> strings, stacks;
  std::size_t batches = 0, largest = 0;
  bool whole = true;
  std::string wrong = {};  // what no writer of the format makes; "": nothing
};

class TraceBytes {
 public:
  explicit TraceBytes(std::string_view data) : data_(data) {}
  [[nodiscard]] bool empty() const { return at_ >= data_.size(); }
  std::uint64_t byte() { return empty() ? 0 : static_cast<std::uint8_t>(data_[at_++]); }
  std::uint64_t number() {
    std::uint64_t out = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint64_t b = byte();
      out |= (b & 0x7f) << shift;
      if (b < 0x80) break;
    }
    return out;
  }
  std::string_view take(std::size_t n) {
    const std::string_view out = data_.substr(at_, n);
    at_ += n;
    return out;
  }

 private:
  std::string_view data_;
  std::size_t at_ = 0;
};

struct EventKind {
  const char* name;
  int arguments;
};
inline const std::map<std::uint64_t, EventKind> kEventKinds{
    {10, {"ProcStart", 2}},      {11, {"ProcStop", 0}},        {12, {"ProcSteal", 3}},
    {13, {"ProcStatus", 2}},     {14, {"GoCreate", 3}},        {15, {"GoCreateSyscall", 1}},
    {16, {"GoStart", 2}},        {17, {"GoDestroy", 0}},       {18, {"GoDestroySyscall", 0}},
    {19, {"GoStop", 2}},         {20, {"GoBlock", 2}},         {21, {"GoUnblock", 3}},
    {22, {"GoSyscallBegin", 2}}, {23, {"GoSyscallEnd", 0}},    {24, {"GoSyscallEndBlocked", 0}},
    {25, {"GoStatus", 3}},       {26, {"STWBegin", 2}},        {27, {"STWEnd", 0}},
    {28, {"GCActive", 1}},       {29, {"GCBegin", 2}},         {30, {"GCEnd", 1}},
    {44, {"UserLog", 4}},        {47, {"GoCreateBlocked", 3}}, {48, {"GoStatusStack", 4}}};

inline Decoded decoded(const std::string& file) {
  Decoded out;
  TraceBytes bytes(file);
  out.header = bytes.take(16);
  while (!bytes.empty()) {
    if (const std::uint64_t kind = bytes.byte(); kind != 1) {
      out.whole = kind == 52 && bytes.empty();
      break;
    }
    if (bytes.number() != 1) out.wrong = "a generation that is not the first";
    const std::uint64_t thread = bytes.number();
    std::uint64_t at = bytes.number();
    const std::string_view data = bytes.take(bytes.number());
    ++out.batches;
    out.largest = std::max(out.largest, data.size());
    TraceBytes in(data);
    while (!in.empty()) {
      const std::uint64_t type = in.byte();
      if (type == 2 || type == 4 || type == 50) continue;
      if (type == 8) {
        if (in.number() != 1'000'000'000) out.wrong = "times are not in ns";
      } else if (type == 51) {
        for (int i = 0; i < 4; ++i) (void)in.number();
      } else if (type == 3) {
        const std::uint64_t id = in.number(), n = in.number();
        std::string& stack = out.stacks[id];
        for (std::uint64_t i = 0; i < n; ++i) {
          (void)in.number();
          stack += fmt::format("{}{}", i == 0 ? "" : ";", in.number());
          (void)in.number();
          (void)in.number();
        }
      } else if (type == 5) {
        const std::uint64_t id = in.number();
        out.strings[id] = in.take(in.number());
      } else {
        const auto kind = kEventKinds.find(type);
        if (kind == kEventKinds.end()) {
          out.wrong = fmt::format("event {}", type);
          return out;
        }
        at += in.number();
        std::string line = fmt::format("{} {}", at, kind->second.name);
        for (int i = 0; i < kind->second.arguments; ++i) {
          const std::uint64_t arg = in.number();
          line += arg == kNoThread ? " -" : fmt::format(" {}", arg);
        }
        out.threads[thread == kNoThread ? "-" : std::to_string(thread)].push_back(line);
      }
    }
  }
  return out;
}

}  // namespace gorotrace::export_test
