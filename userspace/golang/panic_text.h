// What a panic's value says, as the runtime prints it (runtime/error.go printpanicval, 1.18-1.27), without a
// call of the program's code.
#pragma once

#include <string>
#include <string_view>

#include "bpf/shared/abi.h"

namespace gorotrace {

// "": of a value of that type there is no text but what its own Error or String would make. Not printable()
// yet. type: as type_name() gives it; "" of a fatal error.
[[nodiscard]] std::string panic_text(const gt_value& value, std::string_view type);

// panic(nil): the interface as gopanic gets it. What recover() hands out is that up to Go 1.20 (and later
// with GODEBUG=panicnil=1), from 1.21 on a *runtime.PanicNilError which gopanic makes of it
// (runtime/panic.go).
[[nodiscard]] bool is_nil(const gt_value& value);
inline constexpr std::string_view kNilType = "nil";  // of it, for a person; no type of Go has this name

}  // namespace gorotrace
