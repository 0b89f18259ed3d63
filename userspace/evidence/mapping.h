// What is known of an executable mapping of a process, as a profile names it.
#pragma once

#include <cstdint>
#include <string>

namespace gorotrace {

struct ExecutableMapping {
  std::uint64_t start = 0, end = 0, file_offset = 0;
  std::string file, build_id;  // printable(); build_id hex, "" when there is none
  bool operator==(const ExecutableMapping&) const = default;
};

}  // namespace gorotrace
