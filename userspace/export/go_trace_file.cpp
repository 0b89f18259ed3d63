#include "export/go_trace_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace gorotrace {
namespace {

constexpr std::uint64_t kGeneration = 1;
// Kinds of batches, and of what is in those that are no events.
constexpr char kBatch = 1;
constexpr std::uint8_t kEvStacks = 2, kEvStack = 3, kEvStrings = 4, kEvString = 5, kEvFrequency = 8,
                       kEvSync = 50, kEvClockSnapshot = 51, kEvEndOfGeneration = 52;
constexpr std::uint64_t kTicksPerSecond = 1'000'000'000;
constexpr std::size_t kMostEventBytes = 1 + 5 * 10;

void append_uvarint(std::string& to, std::uint64_t value) {
  std::array<char, 10> bytes;
  std::size_t size = 0;
  while (value >= 0x80) {
    bytes[size++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  bytes[size++] = static_cast<char>(value);
  to.append(bytes.data(), size);
}

std::string header(unsigned version) {
  std::string out = fmt::format("go 1.{} trace", version);
  out.resize(16, '\0');
  return out;
}

}  // namespace

GoTraceFile::GoTraceFile(TextSink sink, unsigned version, std::uint64_t begin_ns, const ClockPair& clocks)
    : sink_(std::move(sink)), version_(version), begin_ns_(begin_ns) {
  sink_(header(version));
  std::string data;
  if (version < 25) {
    data += static_cast<char>(kEvFrequency);
    append_uvarint(data, kTicksPerSecond);
  } else {
    const std::int64_t real = clocks.realtime_ns + static_cast<std::int64_t>(begin_ns - clocks.monotonic_ns);
    data += static_cast<char>(kEvSync);
    data += static_cast<char>(kEvFrequency);
    append_uvarint(data, kTicksPerSecond);
    data += static_cast<char>(kEvClockSnapshot);
    append_uvarint(data, 0);
    append_uvarint(data, begin_ns);
    append_uvarint(data, static_cast<std::uint64_t>(std::max<std::int64_t>(real, 0) / 1'000'000'000));
    append_uvarint(data, static_cast<std::uint64_t>(std::max<std::int64_t>(real, 0) % 1'000'000'000));
  }
  write_batch(kNoThread, begin_ns, data);
}

std::size_t GoTraceFile::thread(std::uint64_t number) {
  threads_.push_back({.number = number, .batch_ns = begin_ns_, .last_ns = begin_ns_, .waiting = {}});
  return threads_.size() - 1;
}

void GoTraceFile::event(std::size_t thread, std::uint64_t at_ns, GoEvent event,
                        std::initializer_list<std::uint64_t> args) {
  Thread& t = threads_[thread];
  if (t.waiting.size() + kMostEventBytes > kMaxBatch) write(t);
  at_ns = std::max(at_ns, t.last_ns);
  if (t.waiting.empty()) t.batch_ns = t.last_ns = at_ns;
  const std::size_t before = t.waiting.size();
  t.waiting += static_cast<char>(event);
  append_uvarint(t.waiting, at_ns - t.last_ns);
  for (const std::uint64_t arg : args) append_uvarint(t.waiting, arg);
  t.last_ns = at_ns;
  waiting_ += t.waiting.size() - before;
  if (waiting_ > kMaxWaiting) write_events();
}

void GoTraceFile::write_events() {
  for (Thread& t : threads_) write(t);
}

void GoTraceFile::write(Thread& thread) {
  if (thread.waiting.empty()) return;
  write_batch(thread.number, thread.batch_ns, thread.waiting);
  waiting_ -= thread.waiting.size();
  thread.waiting.clear();
  if (waiting_ == 0) thread.waiting.shrink_to_fit();
}

void GoTraceFile::write_batch(std::uint64_t thread, std::uint64_t at_ns, std::string_view data) {
  std::string head(1, kBatch);
  append_uvarint(head, kGeneration);
  append_uvarint(head, thread);
  append_uvarint(head, at_ns);
  append_uvarint(head, data.size());
  sink_(head);
  sink_(data);
}

void GoTraceFile::add_to_table(std::string& table, std::uint8_t kind, std::string_view entry) {
  if (table.size() + entry.size() > kMaxBatch) {
    write_batch(kNoThread, begin_ns_, table);
    table.clear();
  }
  if (table.empty()) table += static_cast<char>(kind);
  table += entry;
}

void GoTraceFile::stack(std::uint64_t number, const std::vector<StackFrame>& frames) {
  const std::size_t n = std::min(frames.size(), kMaxFrames);
  entry_.assign(1, static_cast<char>(kEvStack));
  append_uvarint(entry_, number);
  append_uvarint(entry_, n);
  for (std::size_t i = 0; i < n; ++i) {
    append_uvarint(entry_, frames[i].pc);
    append_uvarint(entry_, frames[i].function);
    append_uvarint(entry_, frames[i].file);
    append_uvarint(entry_, frames[i].line);
  }
  add_to_table(stacks_, kEvStacks, entry_);
}

void GoTraceFile::string(std::uint64_t number, std::string_view text) {
  text = text.substr(0, kMaxString);
  entry_.assign(1, static_cast<char>(kEvString));
  append_uvarint(entry_, number);
  append_uvarint(entry_, text.size());
  entry_ += text;
  add_to_table(strings_, kEvStrings, entry_);
}

void GoTraceFile::finish() {
  write_events();
  if (!stacks_.empty()) write_batch(kNoThread, begin_ns_, stacks_);
  if (!strings_.empty()) write_batch(kNoThread, begin_ns_, strings_);
  if (version_ >= 26) sink_(std::string(1, static_cast<char>(kEvEndOfGeneration)));
}

}  // namespace gorotrace
