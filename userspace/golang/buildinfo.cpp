#include "golang/buildinfo.h"

#include <algorithm>

#include "base/text.h"
#include "golang/code.h"

namespace gorotrace {
namespace {

constexpr std::string_view kMagic = "\xff Go buildinf:";  // debug/buildinfo/buildinfo.go
constexpr std::uint64_t kAlign = 16, kHeaderSize = 32;
constexpr std::uint64_t kMaxVersion = 256, kMaxModinfo = 1u << 22;  // a module in 100 bytes; etcd has 200
constexpr std::uint64_t kUsualInlineStrings = 64 * 1024, kMaxInlineStrings = kMaxVersion + kMaxModinfo + 8;
constexpr std::size_t kModinfoFrame = 16;  // cmd/go puts 16 bytes around it (modload/build.go)

std::optional<std::uint64_t> find_header(const ElfImage& image) {
  const auto is_header = [&](std::uint64_t at) {
    const auto head = image.bytes_at(at, kHeaderSize);
    return as_text(head).starts_with(kMagic);
  };
  if (const auto section = image.section(".go.buildinfo"); section && is_header(section->vaddr))
    return section->vaddr;
  for (const ElfImage::Segment& s : image.segments()) {
    if (!s.writable || s.executable) continue;
    const std::uint64_t skip = (kAlign - s.vaddr % kAlign) % kAlign;
    std::optional<std::uint64_t> found;
    image.each_piece(s.vaddr + skip, s.filesz - std::min(skip, s.filesz), kHeaderSize - 1,
                     [&](std::uint64_t vaddr, Bytes piece) {
                       for (std::uint64_t at = 0; at + kHeaderSize <= piece.size() && !found; at += kAlign) {
                         if (as_text(piece.subspan(at)).starts_with(kMagic)) found = vaddr + at;
                       }
                       return !found;
                     });
    if (found) return found;
  }
  return std::nullopt;
}

// Takes a varint-prefixed string off the front of bytes.
std::optional<std::string> take_string(Bytes& bytes, std::uint64_t max) {
  std::uint64_t length = 0;
  std::size_t at = 0;
  for (unsigned shift = 0;; shift += 7, ++at) {
    if (at >= bytes.size() || shift > 28) return std::nullopt;
    length |= std::uint64_t{bytes[at] & 0x7fu} << shift;
    if ((bytes[at] & 0x80) == 0) break;
  }
  bytes = bytes.subspan(at + 1);
  if (length > max || length > bytes.size()) return std::nullopt;
  std::string out(as_text(bytes.first(length)));
  bytes = bytes.subspan(length);
  return out;
}

std::optional<std::string> string_at(const ElfImage& image, std::uint64_t header, std::uint64_t max) {
  const auto data = image.word_at(header), length = image.word_at(header + 8);
  if (!data || !length || *length == 0 || *length > max) return std::nullopt;
  const auto bytes = image.bytes_at(*data, *length);
  if (bytes.empty()) return std::nullopt;
  return std::string(as_text(bytes));
}

// Lines "path\t<package>" and, with modules, "mod\t<module>\t<version>\t<sum>" behind it.
void read_modinfo(std::string_view info, BuildInfo& out) {
  if (info.size() < 2 * kModinfoFrame) return;
  info = info.substr(kModinfoFrame, info.size() - 2 * kModinfoFrame);
  while (!info.empty()) {
    std::string_view line = info.substr(0, info.find('\n'));
    info.remove_prefix(std::min(info.size(), line.size() + 1));
    if (line.starts_with("path\t")) out.main_package = printable(line.substr(5), 1024);
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
  const auto head = image.bytes_at(*header, kHeaderSize);
  if (head.empty()) return std::nullopt;
  std::optional<std::string> version, modinfo;
  if ((head[15] & kInline) != 0) {
    for (const std::uint64_t size : {kUsualInlineStrings, kMaxInlineStrings}) {
      const auto behind = image.bytes_up_to(*header + kHeaderSize, size);
      Bytes rest = behind;
      version = take_string(rest, kMaxVersion);
      if (version) modinfo = take_string(rest, kMaxModinfo);
      if (modinfo) break;
    }
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
