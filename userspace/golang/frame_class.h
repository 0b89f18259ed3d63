// Whose code a function is, by its name.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace gorotrace {

enum class FrameClass : std::uint8_t { kRuntime, kStandard, kUser };
// By package path: runtime and its internals; the standard library; everything else.
[[nodiscard]] FrameClass classify(std::string_view function);

// First path elements of the standard library's packages.
[[nodiscard]] std::span<const std::string_view> standard_packages();

// Known to be the program's own: a name without a package is an assembler's, C's, or none ("?0x401000").
[[nodiscard]] inline bool is_user_code(std::string_view function) {
  return classify(function) == FrameClass::kUser && function.find('.') != std::string_view::npos;
}

// The part before generic arguments and receivers, where a '/' can only belong to the package path.
[[nodiscard]] std::string_view before_arguments(std::string_view function);

}  // namespace gorotrace
