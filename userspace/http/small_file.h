// A file of an administrator's: a token, a certificate, a key.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace gorotrace {

// kUsage: larger than `most` bytes.
[[nodiscard]] Result<std::string> read_small_file(const std::string& path, std::size_t most);

}  // namespace gorotrace
