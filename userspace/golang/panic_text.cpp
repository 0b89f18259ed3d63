#include "golang/panic_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace gorotrace {
namespace {

// internal/abi/type.go
enum : unsigned { kBool = 1, kInt = 2, kInt64 = 6, kUint = 7, kUintptr = 12, kFloat32 = 13, kFloat64 = 14 };

// Their first field is the text that their Error returns (errors/errors.go, fmt/errors.go, runtime/error.go).
bool begins_with_its_text(std::string_view type) {
  constexpr std::array<std::string_view, 4> kTypes{"*errors.errorString", "*fmt.wrapError", "*fmt.wrapErrors",
                                                   "runtime.errorAddressString"};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

// Their Error puts this in front.
bool is_runtime_error(std::string_view type) {
  return type == "runtime.errorString" || type == "runtime.errorAddressString";
}

std::string number(const gt_value& value) {
  const gt_u64 word = value.words[0];
  if (value.kind == kBool) return (word & 0xff) != 0 ? "true" : "false";
  if (value.kind == kFloat64) return fmt::format("{}", std::bit_cast<double>(word));
  if (value.kind == kFloat32)
    return fmt::format("{}", std::bit_cast<float>(static_cast<std::uint32_t>(word)));
  // int, int8, int16, int32, int64, and the same of uint, then uintptr.
  const bool has_sign = value.kind <= kInt64;
  const unsigned which = value.kind - (has_sign ? kInt : kUint);
  const unsigned unused = which == 0 || which >= 4 ? 0 : 64 - (8u << (which - 1));
  if (has_sign) return fmt::format("{}", static_cast<std::int64_t>(word << unused) >> unused);
  return fmt::format("{}", word << unused >> unused);
}

// runtime/error.go boundsError: x int64, y int, signed bool, code uint8.
std::string out_of_bounds(const gt_value& value) {
  constexpr std::array<std::string_view, 9> kSays{
      "index out of range [{0}] with length {1}",
      "slice bounds out of range [:{0}] with length {1}",
      "slice bounds out of range [:{0}] with capacity {1}",
      "slice bounds out of range [{0}:{1}]",
      "slice bounds out of range [::{0}] with length {1}",
      "slice bounds out of range [::{0}] with capacity {1}",
      "slice bounds out of range [:{0}:{1}]",
      "slice bounds out of range [{0}:{1}:]",
      "cannot convert slice with length {0} to array or pointer to array with length {1}"};
  constexpr std::array<std::string_view, 8> kSaysOfNegative{
      "index out of range [{0}]",          "slice bounds out of range [:{0}]",
      "slice bounds out of range [:{0}]",  "slice bounds out of range [{0}:]",
      "slice bounds out of range [::{0}]", "slice bounds out of range [::{0}]",
      "slice bounds out of range [:{0}:]", "slice bounds out of range [{0}::]"};
  const auto x = static_cast<std::int64_t>(value.words[0]), y = static_cast<std::int64_t>(value.words[1]);
  const bool has_sign = (value.words[2] & 0xff) != 0;
  const std::size_t code = value.words[2] >> 8 & 0xff;
  if (has_sign && x < 0 && code < kSaysOfNegative.size())
    return "runtime error: " + fmt::format(fmt::runtime(kSaysOfNegative[code]), x);
  if (code >= kSays.size()) return "";
  const std::string shown = has_sign ? fmt::format("{}", x) : fmt::format("{}", value.words[0]);
  return "runtime error: " + fmt::format(fmt::runtime(kSays[code]), shown, y);
}

}  // namespace

// A fatal error has no type either, but is a text.
bool is_nil(const gt_value& value) {
  return value.type == 0 && value.kind == 0;
}

std::string panic_text(const gt_value& value, std::string_view type) {
  const auto length = std::min<std::size_t>(value.length, GT_VALUE_TEXT);
  const std::string text(value.text, value.text + length);
  if (type == "runtime.boundsError") return length == 0 ? out_of_bounds(value) : "";
  if (value.kind == GT_KIND_STRING || begins_with_its_text(type))
    return is_runtime_error(type) && length > 0 ? "runtime error: " + text : text;
  if (value.kind >= kBool && value.kind <= kFloat64) return number(value);
  return "";
}

}  // namespace gorotrace
