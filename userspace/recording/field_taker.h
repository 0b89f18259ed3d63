// Which field of a message is read.
#pragma once

#include <concepts>
#include <cstdint>
#include <protozero/pbf_reader.hpp>
#include <type_traits>
#include <utility>

#include "recording/columns.h"
#include "recording/message.h"

namespace gorotrace {

// Throws Damaged when it is of another type.
class FieldTaker {
 public:
  explicit FieldTaker(protozero::pbf_reader& in) : in_(in) {}
  // Nobody took it: a later version's, which is skipped.
  void skip_unless_taken() {
    if (!taken_) in_.skip();
  }

 protected:
  [[nodiscard]] bool take(FieldNumber number, protozero::pbf_wire_type type) {
    if (taken_ || in_.tag() != number) return false;
    if (!in_.has_wire_type(type)) throw Damaged("a field is of another type");
    return taken_ = true;
  }
  protozero::pbf_reader& in_;

 private:
  bool taken_ = false;
};

// A number that was read, as a member's: an integer, or an enum whose values are checked elsewhere.
template <typename T, std::integral Read>
[[nodiscard]] T in_range(Read value) {
  using Number =
      typename std::conditional_t<std::is_enum_v<T>, std::underlying_type<T>, std::type_identity<T>>::type;
  if (!std::in_range<Number>(value)) throw Damaged("a number is out of its range");
  return static_cast<T>(value);
}
[[nodiscard]] inline std::uint64_t at_most(std::uint64_t value, std::uint64_t most) {
  if (value > most) throw Damaged("a number is out of its range");
  return value;
}

}  // namespace gorotrace
