#include "process/read_ahead_memory.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace gorotrace {
namespace {

// Two ranges with less between them are one: the kernel takes longer to begin with another range than to copy
// what lies between.
constexpr std::uint64_t kBetween = 512;
// More is not fetched ahead: it is not the few words that this is for.
constexpr std::size_t kMostAsked = 1u << 14, kMostSpans = 1024;
constexpr std::uint64_t kMostBytes = 1u << 20;

}  // namespace

std::vector<ReadAheadMemory::Span> ReadAheadMemory::joined(std::vector<Span> asked) {
  if (asked.size() == kMostAsked) return {};
  std::ranges::sort(asked, {}, &Span::begin);
  std::vector<Span> out;
  std::uint64_t bytes = 0;
  for (const Span& span : asked) {
    if (!out.empty() && span.begin - out.back().begin <= out.back().end - out.back().begin + kBetween) {
      if (span.end > out.back().end) {
        bytes += span.end - out.back().end;
        out.back().end = span.end;
      }
    } else {
      bytes += span.end - span.begin;
      out.push_back({span.begin, span.end});
    }
    if (out.size() > kMostSpans || bytes > kMostBytes) return {};
  }
  out.shrink_to_fit();
  return out;
}

void ReadAheadMemory::begin() {
  asked_.clear();
  in_first_ = true;
  fetch(first_);
}

void ReadAheadMemory::next_round() {
  std::vector<Span> spans = joined(std::exchange(asked_, {}));
  if (std::exchange(in_first_, false)) first_ = spans;
  fetch(std::move(spans));
}

void ReadAheadMemory::forget() {
  asked_ = {};
  in_first_ = false;
  fetched_ = {};
  bytes_ = {};
}

void ReadAheadMemory::fetch(std::vector<Span> spans) {
  fetched_.clear();
  std::size_t size = 0;
  for (Span& span : spans) {
    span.at = size;
    size += span.end - span.begin;
  }
  bytes_.resize(size);
  std::vector<Range> ranges;
  ranges.reserve(spans.size());
  for (const Span& span : spans)
    ranges.push_back({span.begin, std::span(bytes_).subspan(span.at, span.end - span.begin)});
  std::vector<bool> failed;
  if (ranges.empty() || !memory_.read_many(ranges, failed)) return;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (!failed[i]) fetched_.push_back(spans[i]);
  }
}

bool ReadAheadMemory::give(std::uint64_t address, std::span<std::uint8_t> out) const {
  if (address + out.size() < address) return false;
  if (asked_.size() < kMostAsked) asked_.push_back({address, address + out.size()});
  const auto behind = std::ranges::upper_bound(fetched_, address, {}, &Span::begin);
  if (behind == fetched_.begin()) return false;
  const Span& span = *std::prev(behind);
  if (address + out.size() > span.end) return false;
  std::memcpy(out.data(), bytes_.data() + span.at + (address - span.begin), out.size());
  return true;
}

bool ReadAheadMemory::read(std::uint64_t address, std::span<std::uint8_t> out) const {
  return give(address, out) || memory_.read(address, out);
}

bool ReadAheadMemory::read_many(std::span<const Range> ranges, std::vector<bool>& failed) const {
  std::vector<Range> rest;
  std::vector<std::size_t> at;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (give(ranges[i].address, ranges[i].out)) continue;
    rest.push_back(ranges[i]);
    at.push_back(i);
  }
  failed.assign(ranges.size(), false);
  if (rest.empty()) return true;
  std::vector<bool> of_rest;
  if (!memory_.read_many(rest, of_rest)) return false;
  for (std::size_t i = 0; i < rest.size(); ++i) failed[at[i]] = of_rest[i];
  return true;
}

}  // namespace gorotrace
