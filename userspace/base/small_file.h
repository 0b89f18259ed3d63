// A file of an administrator's: a configuration, a token, a certificate, a key. It is read again and again,
// so it must be one that can be: what waits for a writer (a FIFO) would be waited for.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace gorotrace {

// kUsage: larger than `most` bytes, or no regular file.
[[nodiscard]] Result<std::string> read_small_file(const std::string& path, std::size_t most);

}  // namespace gorotrace
