// JSON written as it comes, for what is said of each goroutine: a tree of values took three times
// the CPU. Pure.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace gorotrace {

class JsonText {
 public:
  void begin(char bracket) {
    separate();
    text_ += bracket;
  }
  void end(char bracket) { text_ += bracket; }
  void key(std::string_view name) {
    value(name);
    text_ += ':';
  }

  void value(std::nullptr_t) { raw("null"); }
  void value(std::same_as<bool> auto yes) { raw(yes ? "true" : "false"); }
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  void value(T number) {
    separate();
    fmt::format_to(std::back_inserter(text_), "{}", number);
  }
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

  // An object of the fields that write(*maybe) adds, or null. maybe: an optional or a pointer.
  template <typename Maybe, typename Write>
  void object_field(std::string_view name, const Maybe& maybe, const Write& write) {
    key(name);
    if (!maybe) return value(nullptr);
    begin('{');
    write(*maybe);
    end('}');
  }

  [[nodiscard]] const std::string& text() const { return text_; }
  void clear() { text_.clear(); }  // keeps its capacity

 private:
  void separate() {
    if (!text_.empty() && text_.back() != '{' && text_.back() != '[' && text_.back() != ':') text_ += ',';
  }

  std::string text_;
};

}  // namespace gorotrace
