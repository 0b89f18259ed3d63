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

}  // namespace gorotrace
