// Another process of this test's own file, which runs into sites when it is told to. It is a fork, so what
// lies in the memory of this process lies in its memory, too.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/unique_fd.h"

namespace gorotrace::testing {

class Sibling {
 public:
  Sibling();
  ~Sibling();  // ends it
  Sibling(const Sibling&) = delete;
  Sibling& operator=(const Sibling&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  // Done when it returns. `g`: address of a runtime.g, in arg0.
  void hit(std::size_t site, std::uint32_t times, std::uint64_t g);
  // It executes this file anew: the same process, another image, whose memory has no goroutine.
  void exec();

 private:
  void send(std::uint32_t site, std::uint32_t times, std::uint64_t g);

  pid_t pid_;
  UniqueFd to_, from_;
};

}  // namespace gorotrace::testing
