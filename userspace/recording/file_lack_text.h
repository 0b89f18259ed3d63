// What a capture file lacks, as its tables' notices say it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "recording/file_lack.h"

namespace gorotrace {

// before_ns: so long before the end of what the file holds the session told what it knew last; nullopt:
// never.
[[nodiscard]] std::string last_word_text(bool cut, std::optional<std::uint64_t> before_ns);
// Chunks between others that are missing. begin_ns: of the window.
[[nodiscard]] std::string missing_text(const FileLack& lack, std::uint64_t begin_ns);
[[nodiscard]] std::string beginning_text(const MissingBeginning& beginning);

}  // namespace gorotrace
