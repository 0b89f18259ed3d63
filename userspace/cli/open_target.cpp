#include "cli/open_target.h"

#include <fmt/format.h>

#include "cli/exit_codes.h"
#include "process/discovery.h"

namespace gorotrace {

Result<std::unique_ptr<Target>> open_target(const std::string& text) {
  const auto name = resolve_target(text);
  if (!name) return std::unexpected(name.error());
  auto target = Target::open(*name);
  if (target) tell_others(**target);
  return target;
}

void tell_others(const Target& target) {
  const pid_t pid = target.process().pid();
  for (const std::string& path : target.others())
    tell(fmt::format("process {} has another Go runtime, in {}: -p {}:{} is that", pid, path, pid,
                     path.substr(path.rfind('/') + 1)));
}

}  // namespace gorotrace
