// Are the probed bytes of a live process those of its file? Pure: the caller reads the memory.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "elf/image.h"
#include "probe/plan.h"

namespace gorotrace {

enum class SiteBytes {
  kUntouched,
  kShared,  // another tracer's breakpoint stands at the site: we may attach too, and say so
};

// in_memory: site.instruction.size() bytes read at the site. kUnsupported when they are neither the file's
// nor the file's under a breakpoint: the process runs other code than the file shows.
[[nodiscard]] Result<SiteBytes> verify_site_bytes(Arch arch, const Site& site, Bytes in_memory);

}  // namespace gorotrace
