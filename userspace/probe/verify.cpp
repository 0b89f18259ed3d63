#include "probe/verify.h"

#include <fmt/format.h>

#include <algorithm>

namespace gorotrace {

Result<SiteBytes> verify_site_bytes(Arch arch, const Site& site, Bytes in_memory) {
  const Bytes in_file(site.instruction);
  if (in_file.empty() || in_memory.size() != in_file.size()) {
    return fail(ErrorKind::kFailed,
                fmt::format("{}+{:#x}: read {} of {} bytes of the probed instruction", site.function,
                            site.offset, in_memory.size(), in_file.size()));
  }
  if (std::equal(in_file.begin(), in_file.end(), in_memory.begin())) return SiteBytes::kUntouched;
  if (arch == Arch::kAmd64) {  // int3 replaces the first byte only
    if (in_memory[0] == 0xcc && std::equal(in_file.begin() + 1, in_file.end(), in_memory.begin() + 1)) {
      return SiteBytes::kShared;
    }
  } else if (const auto word = load<std::uint32_t>(in_memory, 0);
             word && (*word & 0xffe0001f) == 0xd4200000) {  // brk #imm16
    return SiteBytes::kShared;
  }
  return fail(ErrorKind::kUnsupported,
              fmt::format("{}+{:#x}: the process has {:02x} where its file has {:02x}: not the file's code",
                          site.function, site.offset, fmt::join(in_memory, " "), fmt::join(in_file, " ")));
}

}  // namespace gorotrace
