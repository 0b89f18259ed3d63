// What the linker wrote about the build (debug/buildinfo), and the version when it wrote nothing.
#pragma once

#include <optional>
#include <string>

#include "elf/image.h"
#include "golang/pclntab.h"
#include "golang/version.h"

namespace gorotrace {

struct BuildInfo {
  std::optional<GoVersion> version;
  // Sanitised; "" when unknown. A package of files named one by one is "command-line-arguments".
  std::string main_package, main_module, main_version;
};

// From .go.buildinfo, its inline form (1.18+) or its pointer form; nullopt when the binary has none.
[[nodiscard]] std::optional<BuildInfo> read_buildinfo(const ElfImage& image);

// runtime.buildVersion as runtime.schedinit refers to it: for linkers and packers that drop the build info.
[[nodiscard]] std::optional<GoVersion> version_from_code(const ElfImage& image, const Pclntab& pclntab);

}  // namespace gorotrace
