// Creation sites: (gopc, startpc) with the creators' stacks, and which of them are the runtime's own.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/seeded_hash.h"
#include "model/flat_index.h"
#include "model/model.h"

namespace gorotrace {

struct CreationData {
  std::uint64_t gopc = 0, startpc = 0;
  bool system = false;
  std::uint64_t live = 0, created = 0, exited = 0;
  std::vector<CreationRow::Stack> stacks;
};

class CreationRows {
 public:
  static constexpr std::size_t kMaxRows = 65536;
  static constexpr std::size_t kMaxStacks = 256;  // of one site

  explicit CreationRows(std::function<bool(std::uint64_t)> is_system) : is_system_(std::move(is_system)) {}
  [[nodiscard]] std::uint32_t row(std::uint64_t gopc, std::uint64_t startpc);  // kNone when full
  [[nodiscard]] bool is_system(std::uint64_t startpc);
  // False when the site has no room for another stack.
  [[nodiscard]] bool add_stack(std::uint32_t row, std::uint64_t stack);
  [[nodiscard]] CreationData& operator[](std::uint32_t i) { return rows_[i]; }
  [[nodiscard]] const std::vector<CreationData>& all() const { return rows_; }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  std::function<bool(std::uint64_t)> is_system_;
  SeededMap<std::uint64_t, bool> system_cache_;
  std::uint64_t last_startpc_ = 0;
  bool last_system_ = false;
  std::vector<CreationData> rows_;
  FlatIndex index_;
};

}  // namespace gorotrace
