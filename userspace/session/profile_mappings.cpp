#include "session/profile_mappings.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/text.h"

namespace gorotrace {
namespace {

// The hex digits of NT_GNU_BUILD_ID, "" when there is none (gABI "Note Section"; Go links one in since 1.24).
constexpr std::uint64_t kMaxNote = 4096;
std::string build_id(const ElfImage& image) {
  const auto section = image.section(".note.gnu.build-id");
  if (!section) return "";
  const auto note = image.bytes_at(section->vaddr, std::min<std::uint64_t>(section->size, kMaxNote));
  const auto name_size = load<std::uint32_t>(note, 0), size = load<std::uint32_t>(note, 4);
  if (!name_size || !size || *name_size != 4 || *size > 64) return "";
  std::string out;
  for (const std::uint8_t byte : slice(note, 16, *size)) out += fmt::format("{:02x}", byte);
  return out;
}

}  // namespace

Result<std::vector<ExecutableMapping>> profile_mappings(const Target& target) {
  auto mappings = target.process().mappings();
  if (!mappings) return std::unexpected(mappings.error());
  std::vector<ExecutableMapping> out;
  const std::uint64_t text = target.binary().pclntab().text() + target.load_bias();
  for (const Mapping& m : *mappings) {
    if (!m.executable) continue;
    const bool own = text >= m.start && text < m.end;
    out.push_back(
        {m.start, m.end, m.file_offset, printable(m.path), own ? build_id(target.binary().image()) : ""});
  }
  return out;
}

}  // namespace gorotrace
