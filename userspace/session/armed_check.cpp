#include "session/armed_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace gorotrace {

Status check_armed(const Process& process, const Plan& plan, std::uint64_t load_bias, GroupMask groups) {
  std::size_t sites = 0, missing = 0;
  const Site* first = nullptr;
  for (const Site& site : plan.sites) {
    if ((site.groups & groups) == 0) continue;
    ++sites;
    std::vector<std::uint8_t> live(site.instruction.size());
    if (!process.read(site.vaddr + load_bias, live))
      return std::unexpected(process.explain(
          {ErrorKind::kFailed, fmt::format("{}+{:#x}: the process's text cannot be read after the attach",
                                           site.function, site.offset)}));
    if (!std::ranges::equal(live, site.instruction)) continue;
    if (missing++ == 0) first = &site;
  }
  if (missing == 0) return {};
  return std::unexpected(process.explain(
      {ErrorKind::kKernel,
       fmt::format(
           "the kernel attached the probes of process {}, but {} of {} sites hold no breakpoint ({}+{:#x} "
           "is the first)",
           process.pid(), missing, sites, first->function, first->offset)}));
}

}  // namespace gorotrace
