// Reads one field of a message, if it is the one that a description (field_writer.h) names. Everything is
// hostile: Damaged is thrown for a number out of its range, a list that is longer than `most`, and what
// protozero throws for what is no message. Not thread-safe.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "recording/column_reader.h"
#include "recording/field_writer.h"

namespace gorotrace {

class FieldReader : public FieldTaker {
 public:
  static constexpr bool kReads = true;
  // All fields of a message, on top of what `into` holds. target: whose records it has, if any.
  template <typename T>
  static void read(protozero::pbf_reader in, TargetId target, T& into) {
    while (in.next()) {
      FieldReader io(in, target);
      fields(io, into);
      io.skip_unless_taken();
    }
  }

  template <std::integral T>
  void number(FieldNumber number, T& value) {
    if (!take(number, Wire::varint)) return;
    if constexpr (std::is_signed_v<T>) {
      value = in_range<T>(in_.get_sint64());
    } else if constexpr (std::same_as<T, bool>) {
      value = at_most(in_.get_uint64(), 1) != 0;
    } else {
      value = in_range<T>(in_.get_uint64());
    }
  }
  template <std::integral T>
  void number(FieldNumber number, std::optional<T>& value) {
    if (in_.tag() == number) this->number(number, value.emplace());
  }
  template <typename Enum>
  void choice(FieldNumber number, Enum& value, Enum last) {
    if (take(number, Wire::varint))
      value = static_cast<Enum>(at_most(in_.get_uint64(), static_cast<std::uint64_t>(last)));
  }
  void real(FieldNumber number, double& value) {
    if (take(number, Wire::fixed64)) value = in_.get_double();
  }
  void real(FieldNumber number, std::optional<double>& value) {
    if (take(number, Wire::fixed64)) value = in_.get_double();
  }
  void hash(FieldNumber number, std::uint64_t& value) {
    if (take(number, Wire::fixed64)) value = in_.get_fixed64();
  }

  void text(FieldNumber number, std::string& text) {
    if (const auto bytes = string(number)) text = as_text(*bytes);
  }
  void bytes(FieldNumber number, std::string& bytes) {
    if (const auto read = string(number)) bytes = *read;
  }
  void texts(FieldNumber number, std::vector<std::string>& texts, std::size_t most) {
    if (const auto bytes = string(number)) one_more(texts, most) = as_text(*bytes);
  }
  void strings(FieldNumber number, std::vector<std::string>& strings, std::size_t most) {
    if (const auto bytes = string(number)) one_more(strings, most) = *bytes;
  }

  template <typename T>
  bool nested(FieldNumber number, T& value) {
    if (!take(number, Wire::length_delimited)) return false;
    read(in_.get_message(), 0, value);
    return true;
  }
  template <typename T>
  void nested(FieldNumber number, std::optional<T>& value) {
    if (in_.tag() == number) nested(number, value ? *value : value.emplace());
  }
  template <typename T>
  void each(FieldNumber number, std::vector<T>& values, std::size_t most) {
    if (in_.tag() == number) nested(number, one_more(values, most));
  }

  void numbers(FieldNumber number, std::vector<std::uint64_t>& numbers, std::size_t most) {
    if (!take(number, Wire::length_delimited)) return;
    Coder coder(Coding::kDelta);
    for (const std::uint64_t word : in_.get_packed_uint64()) one_more(numbers, most) = coder.read(word);
  }
  template <typename Row>
  void rows(FieldNumber number, std::vector<Row>& rows, std::size_t most) {
    if (!take(number, Wire::length_delimited)) return;
    ColumnReader<Row>::read(in_.get_message(), rows);
    if (rows.size() > most) throw Damaged("a list is too long");
  }
  void records(FieldNumber number, std::vector<gt_record>& records, std::size_t most) {
    if (!take(number, Wire::length_delimited)) return;
    const protozero::data_view bytes = in_.get_view();
    const auto block = read_columns({bytes.data(), bytes.size()}, slot_of(target_), generation_of(target_));
    if (!block) throw Damaged("a block of records is damaged");
    if (block->size() > most - std::min(most, records.size())) throw Damaged("a list is too long");
    records.insert(records.end(), block->begin(), block->end());
  }

 private:
  using Wire = protozero::pbf_wire_type;
  FieldReader(protozero::pbf_reader& in, TargetId target) : FieldTaker(in), target_(target) {}

  [[nodiscard]] std::optional<std::string_view> string(FieldNumber number) {
    if (!take(number, Wire::length_delimited)) return std::nullopt;
    const protozero::data_view bytes = in_.get_view();
    if (bytes.size() > kMaxText) throw Damaged("a text is too long");
    return std::string_view(bytes.data(), bytes.size());
  }
  // Text that was made so already is the same. What is cut has an ellipsis of three bytes more at its end.
  [[nodiscard]] static std::string as_text(std::string_view bytes) { return printable(bytes, kMaxText - 3); }
  template <typename T>
  [[nodiscard]] static T& one_more(std::vector<T>& list, std::size_t most) {
    if (list.size() >= most) throw Damaged("a list is too long");
    return list.emplace_back();
  }

  TargetId target_;
};

}  // namespace gorotrace
