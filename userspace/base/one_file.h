// Whether two names or descriptors are of one file.
#pragma once

#include <sys/stat.h>

namespace gorotrace {

[[nodiscard]] inline bool is_one_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace gorotrace
