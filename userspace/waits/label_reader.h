// A goroutine's labels out of what its g.labels points to, a *runtime/pprof.labelMap
// (runtime/pprof/label.go). Hostile input: everything is bounded, for one set and for all that a reader
// reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "golang/offsets.h"
#include "process/process.h"
#include "waits/wait_object.h"

namespace gorotrace {

class GoBinary;

struct LabelLayout {
  RuntimeOffsets offsets;
  bool in_map = false;  // before 1.24
  [[nodiscard]] static LabelLayout of(const GoBinary& binary);
};

class LabelReader {
 public:
  // Both outlive the reader.
  LabelReader(const Memory& memory, const LabelLayout& layout) : memory_(memory), layout_(layout) {}

  // Sorted by key; nullopt when they make no sense, or when the reader has read too much.
  [[nodiscard]] std::optional<Labels> read(std::uint64_t pointer);

 private:
  // In all: bytes of text, labels, buckets of maps.
  static constexpr std::size_t kMaxTextOfAll = 64u << 20, kMaxLabelsOfAll = 1u << 20,
                               kMaxBucketsOfAll = 1u << 20;

  [[nodiscard]] bool list(std::uint64_t pointer);
  [[nodiscard]] bool map(std::uint64_t pointer);
  [[nodiscard]] bool buckets(std::uint64_t first, std::uint64_t count);
  [[nodiscard]] bool add(Bytes bytes, std::size_t key_at, std::size_t value_at);
  [[nodiscard]] std::optional<std::string> text(Bytes bytes, std::size_t at);

  const Memory& memory_;
  const LabelLayout& layout_;
  Labels labels_;
  std::vector<std::uint8_t> list_;  // the list that is being read, one after another
  std::uint64_t budget_ = 0;        // buckets of this map still to be read
  std::size_t text_left_ = kMaxTextOfAll, labels_left_ = kMaxLabelsOfAll, buckets_left_ = kMaxBucketsOfAll;
};

}  // namespace gorotrace
