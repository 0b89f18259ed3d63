// Creation sites: (gopc, startpc) with where their goroutines come from, and which of them are the runtime's
// own.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/seeded_hash.h"
#include "model/flat_index.h"
#include "model/lineage.h"
#include "model/model.h"

namespace gorotrace {

struct OriginData {
  std::uint64_t key = 0;  // whoever asks for the origin knows what of
  std::uint64_t created = 0;
  std::vector<CreationLink> links;
};

struct CreationData {
  std::uint64_t gopc = 0, startpc = 0;
  bool system = false;
  std::uint64_t live = 0, created = 0, exited = 0;
  std::vector<OriginData> origins;
  std::uint16_t last_origin = 0;  // asked for last
  std::uint64_t runnable_ns = 0;  // up to the last time one of its goroutines left that state
  std::uint64_t before_ns = 0;    // of it: as BlockingData::before_ns
};

class CreationRows {
 public:
  static constexpr std::size_t kMaxRows = 65536;
  static constexpr std::size_t kMaxOrigins = 256;  // of one site

  // A start function, told before a goroutine of it is. Of more than kMaxRows, which only a hostile target
  // has, the others count as the program's.
  void describe(std::uint64_t startpc, bool system);
  [[nodiscard]] std::optional<bool> described_as(std::uint64_t startpc);       // system or not
  [[nodiscard]] std::uint32_t row(std::uint64_t gopc, std::uint64_t startpc);  // kNone when full
  [[nodiscard]] bool is_system(std::uint64_t startpc) { return described_as(startpc).value_or(false); }
  [[nodiscard]] std::vector<std::uint64_t> system_starts() const;  // described so; ascending
  // Its place among the site's; Lineage::kNoPlace when there is no room for another one. A new one has no
  // links yet.
  [[nodiscard]] std::uint16_t origin(std::uint32_t row, std::uint64_t key);
  [[nodiscard]] CreationData& operator[](std::uint32_t i) { return rows_[i]; }
  [[nodiscard]] const std::vector<CreationData>& all() const { return rows_; }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  SeededMap<std::uint64_t, bool> system_;  // by start function
  std::uint64_t last_startpc_ = 0;         // was looked up last, and found
  bool last_system_ = false;
  std::vector<CreationData> rows_;
  FlatIndex index_;
};

}  // namespace gorotrace
