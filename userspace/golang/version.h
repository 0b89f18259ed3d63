// A Go toolchain version as runtime.Version() prints it: "go1.26.8", "go1.27rc1", "devel go1.28-abcdef ...".
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace gorotrace {

inline constexpr int kOldestMinor = 18;  // go1.18: register ABI on both architectures, generics-era pclntab
inline constexpr int kNewestMinor = 27;  // the newest the offset table was generated and tested for

struct GoVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;     // 0 when absent
  std::string text;  // as found in the binary, sanitised
  // "go1.26.8" and nothing else: no development version, no beta, no vendor's suffix, no experiments
  // ("X:..."), each of which may lay structs out in another way.
  bool release = false;

  [[nodiscard]] static std::optional<GoVersion> parse(std::string_view text);
  // Only (major, minor) decide layout questions; see golang/offsets.h for what drifts between patches.
  [[nodiscard]] std::strong_ordering compare_minor(int other_major, int other_minor) const;
  // A minor version that the offset table does not have yet.
  [[nodiscard]] bool newer_than_known() const { return compare_minor(1, kNewestMinor) > 0; }
  [[nodiscard]] bool at_least(int minor_version) const { return major == 1 && minor >= minor_version; }
};

}  // namespace gorotrace
