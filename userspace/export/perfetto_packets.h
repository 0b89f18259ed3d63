// The bytes of a Perfetto trace (protos/perfetto/trace/trace_packet.proto and track_event/*.proto of
// Perfetto): one sequence of packets with interned strings, times on CLOCK_MONOTONIC. Not thread-safe.
// Memory: the distinct strings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/seeded_hash.h"
#include "base/text_sink.h"
#include "recording/file_item.h"

namespace gorotrace {

class PerfettoPackets {
 public:
  explicit PerfettoPackets(TextSink sink) : sink_(std::move(sink)) {}

  // First: which clock times are of.
  void begin(const ClockPair& clocks);

  // Tracks; each is named before its first event. parent: 0 for none.
  void process(std::uint64_t track, int pid, std::string_view name);
  void track(std::uint64_t track, std::uint64_t parent, std::string_view name);
  void counter(std::uint64_t track, std::uint64_t parent, std::string_view name);

  struct Event {
    std::uint64_t track = 0, at_ns = 0;
    std::string_view name = {}, category = {};
    std::uint64_t flow_from = 0, flow_to = 0;  // an arrow begins or ends here; 0: none
    std::uint64_t stack = 0;                   // by number; 0: none
  };
  void slice_begins(const Event& event);
  void slice_ends(std::uint64_t track, std::uint64_t at_ns);
  void instant(const Event& event);
  void count(std::uint64_t track, std::uint64_t at_ns, std::uint64_t value);

  // A text that events give as their stack; its number.
  [[nodiscard]] std::uint64_t stack(std::string_view text);
  void flush();

 private:
  enum class Intern { kName, kCategory, kStack };
  [[nodiscard]] std::uint64_t interned(Intern what, std::string_view text);
  void event(int type, const Event& event);
  template <typename Write>
  void describe(std::uint64_t track, const Write& write);  // a track's descriptor
  void packet(std::string_view data);

  const TextSink sink_;
  std::string written_, packet_, part_;
  struct Table {
    SeededMap<std::string, std::uint64_t> numbers;
  };
  Table names_, categories_, stacks_;
};

}  // namespace gorotrace
