// What must hold whatever the input says: a fuzzer that only waits for crashes finds half of the faults.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "base/utf8.h"

namespace gorotrace::fuzz {

inline void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// What has passed printable() is not changed by it again.
inline void check_printable(std::string_view text, const char* what) {
  check(printable(text, text.size()) == text, what);
}

// As labels are kept: printed, they pass printable() first.
inline void check_utf8(std::string_view text, const char* what) {
  while (!text.empty()) {
    const std::size_t size = utf8_length(text);
    check(size != 0, what);
    text.remove_prefix(size);
  }
}

}  // namespace gorotrace::fuzz
