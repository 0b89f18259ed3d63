// Writes a block of rows as a description has them (columns.h). Not thread-safe.
#pragma once

#include <cstdint>
#include <protozero/pbf_writer.hpp>
#include <span>
#include <vector>

#include "recording/columns.h"

namespace gorotrace {

template <typename RowType>
class ColumnWriter {
 public:
  using Row = RowType;
  ColumnWriter(std::span<const Row> rows, protozero::pbf_writer& out) : rows_(rows), out_(out) {}

  template <typename Get>
  void key(FieldNumber number, Get get, Coding coding = Coding::kPlain) {
    take(get, coding);
    pack(number, coding);
  }
  // most: of an enum, its last value.
  template <typename Get>
  void column(FieldNumber number, Get get, Coding coding = Coding::kPlain,
              [[maybe_unused]] std::uint64_t most = 0) {
    if (take(get, coding)) pack(number, coding);
  }
  // The first one is the lowest bit.
  template <typename... Get>
  void flags(FieldNumber number, Get... get) {
    column(number, [&](const Row& row) {
      std::uint64_t bits = 0, bit = 1;
      ((bits |= get(row) ? bit : 0, bit <<= 1), ...);
      return bits;
    });
  }

 private:
  // Whether any is not 0.
  template <typename Get>
  bool take(Get get, Coding coding) {
    Coder coder(coding);
    words_.clear();
    bool any = false;
    for (const Row& row : rows_) {
      words_.push_back(coder.written(static_cast<std::uint64_t>(get(row))));
      any = any || words_.back() != 0;
    }
    return any;
  }
  void pack(FieldNumber number, Coding coding) {
    if (coding == Coding::kFixed) {
      out_.add_packed_fixed64(number, words_.begin(), words_.end());
    } else {
      out_.add_packed_uint64(number, words_.begin(), words_.end());
    }
  }

  std::span<const Row> rows_;
  protozero::pbf_writer& out_;
  std::vector<std::uint64_t> words_;
};

}  // namespace gorotrace
