#include "cli/version.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>

#include "golang/version.h"
#include "version/commit.h"

namespace gorotrace {

std::string version_text() {
  return fmt::format(
      "gorotrace {} (commit {}, libbpf {})\n"
      "targets: Go 1.{} to 1.{}; Linux 5.10 or later with BTF, x86-64 and arm64",
      GOROTRACE_VERSION, kCommit, libbpf_version_string() + 1, kOldestMinor, kNewestMinor);
}

ManualVersion manual_version() {
  return {.version = GOROTRACE_VERSION, .date = GOROTRACE_RELEASED};
}

}  // namespace gorotrace
