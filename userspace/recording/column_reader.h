// Reads a block of rows as a description has them (columns.h). Throws Damaged, and what protozero throws. Not
// thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <protozero/pbf_reader.hpp>
#include <vector>

#include "recording/field_taker.h"

namespace gorotrace {

template <typename RowType>
class ColumnReader : public FieldTaker {
 public:
  using Row = RowType;
  // Reads a block, and adds its rows.
  static void read(protozero::pbf_reader in, std::vector<Row>& rows) {
    const std::size_t first = rows.size();
    while (in.next()) {
      ColumnReader io(in, rows, first);
      columns(io);
      io.skip_unless_taken();
    }
  }

  template <typename Get>
  void key(FieldNumber number, Get get, Coding coding = Coding::kPlain) {
    if (!take(number, protozero::pbf_wire_type::length_delimited)) return;
    if (rows_.size() != first_) throw Damaged("a key column stands twice");
    each(coding, [&](std::uint64_t value) {
      if (rows_.size() - first_ == kMaxBlockRows) throw Damaged("too many rows in a block");
      set(get(rows_.emplace_back()), value);
    });
  }
  template <typename Get>
  void column(FieldNumber number, Get get, Coding coding = Coding::kPlain,
              std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) {
    values(number, coding, [&](Row& row, std::uint64_t value) { set(get(row), at_most(value, most)); });
  }
  template <typename... Get>
  void flags(FieldNumber number, Get... get) {
    values(number, Coding::kPlain,
           [&](Row& row, std::uint64_t bits) { ((get(row) = (bits & 1) != 0, bits >>= 1), ...); });
  }

 private:
  ColumnReader(protozero::pbf_reader& in, std::vector<Row>& rows, std::size_t first)
      : FieldTaker(in), rows_(rows), first_(first) {}

  template <typename T>
  static void set(T& member, std::uint64_t value) {
    member = in_range<T>(value);
  }
  template <typename Visit>
  void values(FieldNumber number, Coding coding, const Visit& visit) {
    if (!take(number, protozero::pbf_wire_type::length_delimited)) return;
    std::size_t at = first_;
    each(coding, [&](std::uint64_t value) {
      if (at == rows_.size()) throw Damaged("a column is longer than its block");
      visit(rows_[at++], value);
    });
    if (at != rows_.size()) throw Damaged("a column is shorter than its block");
  }
  template <typename Visit>
  void each(Coding coding, const Visit& visit) {
    Coder coder(coding);
    if (coding == Coding::kFixed) {
      for (const std::uint64_t word : in_.get_packed_fixed64()) visit(coder.read(word));
    } else {
      for (const std::uint64_t word : in_.get_packed_uint64()) visit(coder.read(word));
    }
  }

  std::vector<Row>& rows_;
  std::size_t first_;
};

}  // namespace gorotrace
