#include "golang/buildinfo.h"

#include <algorithm>

#include "base/text.h"
#include "golang/code.h"

namespace gorotrace {
namespace {

constexpr std::string_view kMagic = "\xff Go buildinf:";  // debug/buildinfo/buildinfo.go
constexpr std::uint64_t kAlign = 16, kHeaderSize = 32;
constexpr std::uint64_t kMaxVersion = 256, kMaxModinfo = 1u << 24;
constexpr std::size_t kModinfoFrame = 16;  // cmd/go puts 16 bytes around it (modload/build.go)

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<std::uint64_t> find_header(const ElfImage& image) {
  const auto is_header = [&](std::uint64_t at) {
    return text_of(image.bytes_at(at, kHeaderSize)).starts_with(kMagic);
  };
  if (const auto section = image.section(".go.buildinfo"); section && is_header(section->vaddr))
    return section->vaddr;
  for (const ElfImage::Segment& s : image.segments()) {
    if (!s.writable || s.executable) continue;
    for (std::uint64_t at = (kAlign - s.vaddr % kAlign) % kAlign; at < s.filesz; at += kAlign) {
      if (is_header(s.vaddr + at)) return s.vaddr + at;
    }
  }
  return std::nullopt;
}

// Takes a varint-prefixed string off the front of bytes.
std::optional<std::string_view> take_string(Bytes& bytes, std::uint64_t max) {
  std::uint64_t length = 0;
  std::size_t at = 0;
  for (unsigned shift = 0;; shift += 7, ++at) {
    if (at >= bytes.size() || shift > 28) return std::nullopt;
    length |= std::uint64_t{bytes[at] & 0x7fu} << shift;
    if ((bytes[at] & 0x80) == 0) break;
  }
  bytes = bytes.subspan(at + 1);
  if (length > max || length > bytes.size()) return std::nullopt;
  const std::string_view out = text_of(bytes.first(length));
  bytes = bytes.subspan(length);
  return out;
}

std::optional<std::string_view> string_at(const ElfImage& image, std::uint64_t header, std::uint64_t max) {
  const auto data = image.word_at(header), length = image.word_at(header + 8);
  if (!data || !length || *length == 0 || *length > max) return std::nullopt;
  const Bytes bytes = image.bytes_at(*data, *length);
  if (bytes.empty()) return std::nullopt;
  return text_of(bytes);
}

// Lines "mod\t<module>\t<version>\t<sum>" and, without modules, "path\t<package>".
void read_modinfo(std::string_view info, BuildInfo& out) {
  if (info.size() < 2 * kModinfoFrame) return;
  info = info.substr(kModinfoFrame, info.size() - 2 * kModinfoFrame);
  while (!info.empty()) {
    std::string_view line = info.substr(0, info.find('\n'));
    info.remove_prefix(std::min(info.size(), line.size() + 1));
    if (!line.starts_with("mod\t")) continue;
    line.remove_prefix(4);
    const std::string_view module = line.substr(0, line.find('\t'));
    line.remove_prefix(std::min(line.size(), module.size() + 1));
    out.main_module = printable(module, 1024);
    out.main_version = printable(line.substr(0, line.find('\t')), 256);
    return;
  }
}

}  // namespace

std::optional<BuildInfo> read_buildinfo(const ElfImage& image) {
  const auto header = find_header(image);
  if (!header) return std::nullopt;
  BuildInfo info;
  constexpr std::uint8_t kInline = 2;
  const Bytes head = image.bytes_at(*header, kHeaderSize);
  std::optional<std::string_view> version, modinfo;
  if ((head[15] & kInline) != 0) {
    Bytes rest = image.bytes_from(*header + kHeaderSize);
    version = take_string(rest, kMaxVersion);
    if (version) modinfo = take_string(rest, kMaxModinfo);
  } else {
    // Pointers to the string headers of runtime.buildVersion and runtime.modinfo.
    if (const auto at = image.word_at(*header + 16)) version = string_at(image, *at, kMaxVersion);
    if (const auto at = image.word_at(*header + 24)) modinfo = string_at(image, *at, kMaxModinfo);
  }
  if (version) info.version = GoVersion::parse(*version);
  if (modinfo) read_modinfo(*modinfo, info);
  return info;
}

std::optional<GoVersion> version_from_code(const ElfImage& image, const Pclntab& pclntab) {
  const auto schedinit = pclntab.function_named("runtime.schedinit");
  if (!schedinit) return std::nullopt;
  // schedinit replaces an empty buildVersion by "unknown" (runtime/proc.go), so it looks at its length.
  for (const DataRef& ref : data_refs(image, *schedinit)) {
    for (const std::uint64_t back : {0u, 8u}) {
      const auto text = string_at(image, ref.address - back, kMaxVersion);
      if (!text) continue;
      if (auto version = GoVersion::parse(*text)) return version;
    }
  }
  return std::nullopt;
}

}  // namespace gorotrace
