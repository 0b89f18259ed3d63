#include "recording/file_lack_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/byte_size.h"
#include "base/clock.h"
#include "base/plural.h"
#include "base/text.h"

namespace gorotrace {
namespace {

// "from 1.20s to 1.35s"; to a window's begin.
std::string stretches_text(const std::vector<Interval>& stretches, std::uint64_t begin_ns) {
  constexpr std::size_t kMost = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(stretches.size(), kMost); ++i)
    text += fmt::format("{}from {} to {}", i == 0 ? "" : ", ",
                        format_duration(since(stretches[i].from_ns, begin_ns)),
                        format_duration(since(stretches[i].to_ns, begin_ns)));
  if (stretches.size() > kMost)
    text +=
        fmt::format(", and {} until {}", plural(stretches.size() - kMost, "more stretch", "more stretches"),
                    format_duration(since(stretches.back().to_ns, begin_ns)));
  return text;
}

}  // namespace

std::string last_word_text(bool cut, std::optional<std::uint64_t> before_ns) {
  const std::string_view lacks =
      cut ? "the recording was cut off" : "the end of the recording is not in the file";
  if (!before_ns) return fmt::format("{} before the session said what it knew of the target", lacks);
  return fmt::format(
      "{}: what the session knew (cost, counters, groups) is from {} before the end of what the file holds; "
      "events and tables are of all that it holds; what came behind it is in no figure",
      lacks, format_duration(*before_ns));
}

std::string missing_text(const FileLack& lack, std::uint64_t begin_ns) {
  const FileDamage& damage = lack.damage;
  std::string text = fmt::format(
      "{} of the file could not be read ({})", plural(damage.within(), "chunk"),
      damage.bytes_within() == 0 ? "none of their bytes is in it" : format_bytes(damage.bytes_within()));
  if (!lack.missing.empty())
    text += fmt::format(": the window lacks what happened {}", stretches_text(lack.missing, begin_ns));
  return text + "; what was in them counts as lost";
}

std::string beginning_text(const MissingBeginning& beginning) {
  return fmt::format("the beginning of the recording is not in the file: the window begins {}{}",
                     beginning.ns ? format_duration(*beginning.ns) + " into it" : "where it can be read",
                     beginning.lost == 0
                         ? ""
                         : fmt::format("; {} from before {} lost and in no figure but that of the file",
                                       plural(beginning.lost, "event"), beginning.lost == 1 ? "is" : "are"));
}

}  // namespace gorotrace
