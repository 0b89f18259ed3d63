// The names of an enum's values: one table beside the enum, which text, JSON and the parsing of options
// share.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gorotrace {

template <typename Enum>
struct EnumName {
  Enum value;
  const char* name;
};

// Specialised beside each enum that has names:
//   template <>
//   inline constexpr auto kEnumNames<Engine> = enum_names<Engine>({{Engine::kProbes, "probes"}, ...});
template <typename Enum>
inline constexpr std::nullptr_t kEnumNames = nullptr;

// No two values have one name, and no value two. A table that breaks this does not compile.
template <typename Enum, std::size_t N>
[[nodiscard]] consteval std::array<EnumName<Enum>, N> enum_names(const EnumName<Enum> (&names)[N]) {
  for (std::size_t i = 0; i < N; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (names[i].value == names[j].value || std::string_view(names[i].name) == names[j].name)
        throw "a value or a name stands twice in a table of names";
    }
  }
  return std::to_array(names);
}

// "???" of a value that has none, one that was read from somewhere and is no enumerator: as the runtime
// prints a status that it does not know.
template <typename Enum>
[[nodiscard]] constexpr const char* name_of(Enum value) {
  for (const EnumName<Enum>& known : kEnumNames<Enum>) {
    if (known.value == value) return known.name;
  }
  return "???";
}

template <typename Enum>
[[nodiscard]] constexpr std::optional<Enum> value_named(std::string_view name) {
  for (const EnumName<Enum>& known : kEnumNames<Enum>) {
    if (name == known.name) return known.value;
  }
  return std::nullopt;
}

// All of them, in the order of the table: "a,b,c".
template <typename Enum>
[[nodiscard]] std::string all_names(std::string_view between) {
  std::string out;
  for (const EnumName<Enum>& known : kEnumNames<Enum>) {
    if (!out.empty()) out += between;
    out += known.name;
  }
  return out;
}

}  // namespace gorotrace
