#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "golang/constant_text.h"
#include "golang/globals.h"

namespace gorotrace {
namespace {

constexpr std::string_view kFirst = "GC assist marking";
constexpr std::size_t kMaxHeaders = 64, kMaxLength = 64;

// Values of runtime.waitReason (runtime/runtime2.go) per minor version.
std::size_t reason_count(const GoVersion& version) {
  constexpr std::size_t kCounts[] = {27, 27, 32, 32, 37, 38, 44, 47, 47, 47};  // 1.18 ... 1.27
  const auto i = static_cast<std::size_t>(std::max(version.minor - kOldestMinor, 0));
  return kCounts[std::min(i, std::size(kCounts) - 1)];
}

std::vector<std::string> read_array(const ElfImage& image, std::uint64_t base, std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) {
    const auto data = image.word_at(base + i * 16), length = image.word_at(base + i * 16 + 8);
    if (!data || !length || *length > kMaxLength || (*length == 0 && i != 0)) break;
    const auto text = image.bytes_at(*data, *length);
    if (text.size() != *length) break;
    out.push_back(printable({reinterpret_cast<const char*>(text.data()), text.size()}));
  }
  return out;
}

// The array, if `text` is that of its element 1.
std::vector<std::string> array_of(const ElfImage& image, std::uint64_t text, std::size_t count) {
  for (const std::uint64_t header : image.words_equal(text, kMaxHeaders)) {
    // Element 0 is the empty string, element 1 this one.
    if (image.word_at(header + 8) != std::optional<std::uint64_t>(kFirst.size()) || header < 16 ||
        image.word_at(header - 8) != std::optional<std::uint64_t>(0))
      continue;
    auto reasons = read_array(image, header - 16, count);
    if (reasons.size() > 2 && reasons[2] == "IO wait") return reasons;
  }
  return {};
}

}  // namespace

std::vector<std::string> find_wait_reasons(const ElfImage& image, const GoVersion& version) {
  std::vector<std::string> found;
  each_constant_text(image, kFirst, kMaxHeaders, [&](std::uint64_t at) {
    found = array_of(image, at, reason_count(version));
    return found.empty();
  });
  return found;
}

}  // namespace gorotrace
