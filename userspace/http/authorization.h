// The token that a request must bring (RFC 6750): where it is read from, and how it is compared.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gorotrace {

// The token of "Bearer TOKEN"; the scheme's name in any case. nullopt: another scheme, or what follows is no
// token (RFC 6750 b64token). Pure.
[[nodiscard]] std::optional<std::string_view> bearer_token(std::string_view header);

// How long it takes tells of `given` its length alone, and nothing of `expected` but whether that is as long.
// Pure.
[[nodiscard]] bool equal_in_constant_time(std::string_view given, std::string_view expected);

// The content of a file of at most 4 KiB, blanks around it left out. kUsage: it is no token, or has less than
// 16 characters, which can be guessed.
[[nodiscard]] Result<std::string> read_token_file(const std::string& path);

}  // namespace gorotrace
