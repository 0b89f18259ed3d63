// The one writer of JSON: text as it comes, in pieces to a sink. A tree of values took ten times the memory
// of its text and three times the CPU. One thread at a time.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/text_sink.h"

namespace gorotrace {

class JsonWriter {
 public:
  explicit JsonWriter(TextSink sink) : sink_(std::move(sink)) {}
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  void value(std::nullptr_t) { raw("null"); }
  void value(std::same_as<bool> auto yes) { raw(yes ? "true" : "false"); }
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  void value(T number) {
    separate();
    fmt::format_to(std::back_inserter(text_), "{}", number);
  }
  void value(double number);  // null when it is no number: JSON has no infinity
  // Text that is not valid UTF-8 is replaced, never refused.
  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  template <typename T>
  void value(const std::optional<T>& maybe) {
    maybe ? value(*maybe) : value(nullptr);
  }
  // An address, as text: a JSON number holds no 64 bits.
  void hex(std::uint64_t number) {
    separate();
    fmt::format_to(std::back_inserter(text_), "\"{:#x}\"", number);
  }
  void raw(std::string_view json) {  // written as JSON elsewhere
    separate();
    text_ += json;
  }

  // write() adds the fields.
  template <typename Write>
  void object(const Write& write) {
    nested('{', write, '}');
  }
  // write() adds the elements.
  template <typename Write>
  void array(const Write& write) {
    nested('[', write, ']');
  }
  // each(element) adds a value.
  template <typename Range, typename Each>
  void array(const Range& range, const Each& each) {
    array([&] {
      for (const auto& element : range) each(element);
    });
  }

  void key(std::string_view name) {
    value(name);
    text_ += ':';
    first_ = true;
  }
  template <typename T>
  void field(std::string_view name, const T& of_it) {
    key(name);
    value(of_it);
  }
  void hex_field(std::string_view name, std::uint64_t number) {
    key(name);
    hex(number);
  }
  // "" is null.
  void name_field(std::string_view name, std::string_view text) {
    key(name);
    text.empty() ? value(nullptr) : value(text);
  }
  template <typename Write>
  void object_field(std::string_view name, const Write& write) {
    key(name);
    object(write);
  }
  // An object of the fields that write(*maybe) adds, or null. maybe: an optional or a pointer.
  template <typename Maybe, typename Write>
  void object_field(std::string_view name, const Maybe& maybe, const Write& write) {
    key(name);
    if (!maybe) return value(nullptr);
    object([&] { write(*maybe); });
  }
  template <typename Write>
  void array_field(std::string_view name, const Write& write) {
    key(name);
    array(write);
  }
  template <typename Range, typename Each>
  void array_field(std::string_view name, const Range& range, const Each& each) {
    key(name);
    array(range, each);
  }

  // The next value or field begins a line: of a long list each element can be found by line.
  void break_line() { break_line_ = true; }
  // Ends a whole text with a newline and hands on all that was not yet.
  void end_line();

 private:
  static constexpr std::size_t kPiece = std::size_t{64} << 10;

  void separate() {
    if (!first_) text_ += ',';
    first_ = false;
    if (break_line_) text_ += '\n';
    break_line_ = false;
    if (text_.size() >= kPiece) hand_on();
  }
  template <typename Write>
  void nested(char begin, const Write& write, char end) {
    separate();
    text_ += begin;
    first_ = true;
    write();
    text_ += end;
    first_ = false;
  }
  void hand_on();

  TextSink sink_;
  std::string text_;   // not yet handed on
  bool first_ = true;  // of its object or array, or behind a key: no comma before it
  bool break_line_ = false;
};

// What `write(writer)` writes, on one line without its end.
template <typename Write>
[[nodiscard]] std::string json_text(const Write& write) {
  std::string text;
  JsonWriter out([&text](std::string_view piece) { text += piece; });
  write(out);
  out.end_line();
  text.pop_back();
  return text;
}

}  // namespace gorotrace
