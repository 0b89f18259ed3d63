// Writes the fields of a message as a description has them:
//
//   template <typename Io>
//   void fields(Io& io, Ref<Io, Loss> loss) {
//     auto& [to_ns, count] = loss;  // all members: one that is added does not go unnoticed
//     io.number(1, to_ns);
//     io.number(2, count);
//   }
//
// FieldReader reads them by the same description, so a field's number, type and place are said once. What is
// 0 or empty is left out, but for what says otherwise. Not thread-safe.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <protozero/pbf_writer.hpp>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "recording/column_writer.h"
#include "recording/message.h"
#include "recording/record_columns.h"

namespace gorotrace {

// const for a writer, not for a reader.
template <typename Io, typename T>
using Ref = std::conditional_t<Io::kReads, T&, const T&>;

// Longer ones are cut, and no reader takes them. What we read of a target is shorter: a function's name has
// 64 KiB at most (golang/pclntab_layout.cpp), a name that is shown 4 KiB.
inline constexpr std::size_t kMaxText = 1u << 16;

class FieldWriter {
 public:
  static constexpr bool kReads = false;
  // Of an item: between two fields a part may end.
  explicit FieldWriter(Parts& parts) : buffer_(parts.fields()), out_(buffer_), parts_(&parts) {}

  // Integers, flags; those with a sign in zigzag.
  template <std::integral T>
  void number(FieldNumber number, T value) {
    if (value != 0) present(number, value);
  }
  template <std::integral T>
  void number(FieldNumber number, const std::optional<T>& value) {
    if (value) present(number, *value);
  }
  // last: what a reader takes.
  template <typename Enum>
  void choice(FieldNumber field, Enum value, [[maybe_unused]] Enum last) {
    number(field, static_cast<std::uint64_t>(value));
  }
  // These are always there, whatever value they begin with.
  void real(FieldNumber number, double value) {
    room();
    out_.add_double(number, value);
  }
  void real(FieldNumber number, const std::optional<double>& value) {
    if (value) real(number, *value);
  }
  void hash(FieldNumber number, std::uint64_t value) {
    room();
    out_.add_fixed64(number, value);
  }

  // text: is printable() when it was read; bytes: any.
  void text(FieldNumber number, const std::string& text) { bytes(number, text); }
  void bytes(FieldNumber number, const std::string& bytes) {
    if (!bytes.empty()) string(number, bytes);
  }
  // most: what a reader takes.
  void texts(FieldNumber number, const std::vector<std::string>& texts, std::size_t most) {
    strings(number, texts, most);
  }
  void strings(FieldNumber number, const std::vector<std::string>& strings,
               [[maybe_unused]] std::size_t most) {
    for (const std::string& one : strings) string(number, one);
  }

  // One in which nothing is written is left out: protozero takes it back.
  template <typename T>
  void nested(FieldNumber number, const T& value) {
    room();
    FieldWriter inner(buffer_, protozero::pbf_writer(out_, number));
    fields(inner, value);
  }
  template <typename T>
  void nested(FieldNumber number, const std::optional<T>& value) {
    if (value) element(number, *value);
  }
  template <typename T>
  void each(FieldNumber number, const std::vector<T>& values, [[maybe_unused]] std::size_t most) {
    for (const T& value : values) element(number, value);
  }

  // In differences.
  void numbers(FieldNumber number, const std::vector<std::uint64_t>& numbers,
               [[maybe_unused]] std::size_t most) {
    in_blocks(std::span(numbers), kBlockRows, [&](std::span<const std::uint64_t> block) {
      Coder coder(Coding::kDelta);
      protozero::packed_field_uint64 packed(out_, number);
      for (const std::uint64_t value : block) packed.add_element(coder.written(value));
    });
  }
  template <typename Row>
  void rows(FieldNumber number, const std::vector<Row>& rows, [[maybe_unused]] std::size_t most) {
    in_blocks(std::span(rows), kBlockRows, [&](std::span<const Row> block) {
      protozero::pbf_writer inner(out_, number);
      ColumnWriter<Row> io(block, inner);
      columns(io);
    });
  }
  void records(FieldNumber number, const std::vector<gt_record>& records, [[maybe_unused]] std::size_t most) {
    in_blocks(std::span(records), kMaxBlockRecords, [&](std::span<const gt_record> block) {
      std::string columns;
      append_columns(block, columns);
      out_.add_bytes(number, columns);
    });
  }

 private:
  FieldWriter(std::string& buffer, protozero::pbf_writer out) : buffer_(buffer), out_(std::move(out)) {}

  void room() {
    if (parts_ != nullptr && parts_->full()) parts_->next();
  }
  template <std::integral T>
  void present(FieldNumber number, T value) {
    room();
    if constexpr (std::is_signed_v<T>) {
      out_.add_sint64(number, value);
    } else {
      out_.add_uint64(number, value);
    }
  }
  void string(FieldNumber number, std::string_view string) {
    room();
    const std::string_view kept = string.substr(0, kMaxText);
    out_.add_bytes(number, kept.data(), kept.size());
  }
  // There, whatever it holds.
  template <typename T>
  void element(FieldNumber number, const T& value) {
    room();
    const std::size_t before = buffer_.size();
    nested(number, value);
    if (buffer_.size() == before) out_.add_message(number, "", 0);
  }
  // One block of each list is in a part.
  template <typename T, typename Write>
  void in_blocks(std::span<const T> rows, std::size_t most, const Write& write) {
    for (std::size_t at = 0; at < rows.size(); at += most) {
      if (at > 0 && parts_ != nullptr) parts_->next();
      room();
      write(rows.subspan(at, std::min(most, rows.size() - at)));
    }
  }

  std::string& buffer_;
  protozero::pbf_writer out_;
  Parts* parts_ = nullptr;  // nullptr: of a nested message, which is not cut
};

}  // namespace gorotrace
