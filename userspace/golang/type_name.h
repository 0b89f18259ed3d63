// What a type is called (internal/abi/type.go Type.Str, Go 1.18-1.27), from the binary's own bytes.
#pragma once

#include <cstdint>
#include <string>

#include "elf/image.h"

namespace gorotrace {

// As %T prints it, "*errors.errorString"; not printable() yet, kMaxTypeName bytes at most. "": the address is
// no type of this image, or its name cannot be read. types: moduledata.types. Link-time addresses.
inline constexpr std::size_t kMaxTypeName = 256;
[[nodiscard]] std::string type_name(const ElfImage& image, std::uint64_t types, std::uint64_t type);

}  // namespace gorotrace
