#include "cli/open_target.h"

#include <fmt/format.h>

#include "cli/exit_codes.h"
#include "process/discovery.h"

namespace gorotrace {

Result<std::unique_ptr<Target>> open_target(const std::string& text) {
  const auto name = resolve_target(text);
  if (!name) return std::unexpected(name.error());
  auto target = Target::open(*name);
  if (!target) return target;
  tell_others(**target);
  tell_version(**target);
  return target;
}

void tell_others(const Target& target) {
  const pid_t pid = target.process().pid();
  // One that executes a program while its files are looked for seems to have the runtimes of both.
  if (target.process().liveness() == Liveness::kExeced) return;
  for (const std::string& path : target.others())
    tell(fmt::format("process {} has another Go runtime, in {}: -p {}:{} is that", pid, path, pid,
                     path.substr(path.rfind('/') + 1)));
}

void tell_version(const Target& target) {
  const pid_t pid = target.process().pid();
  const GoBinary& go = target.binary();
  if (go.version().newer_than_known())
    tell(fmt::format(
        "process {} was built by {}, which is newer than Go 1.{}, the newest that this gorotrace "
        "was tested with. Where its runtime keeps what is read is known from {}, and held against "
        "its code and its live goroutines; what it means is presumed to be as in Go 1.{}",
        pid, go.version().text, kNewestMinor, go.offsets_source(), kNewestMinor));
}

}  // namespace gorotrace
