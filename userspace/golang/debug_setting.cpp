// runtime.dbgvars (runtime/runtime1.go): one record for each setting of GODEBUG that the runtime reads.
#include <optional>
#include <string_view>

#include "golang/constant_text.h"
#include "golang/globals.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMaxHits = 64;

// dbgVar since 1.21: { name string; value *int32; atomic *atomic.Int32; def int32; ... }, the record of a
// setting that may change while the program runs having an `atomic` and no `value`.
constexpr std::uint64_t kLength = 8, kValue = 16, kAtomic = 24;

std::uint64_t changing_setting(const ElfImage& image, std::uint64_t text, std::size_t length) {
  for (const std::uint64_t record : image.words_equal(text, kMaxHits)) {
    const auto atomic = image.word_at(record + kAtomic);
    if (image.word_at(record + kLength) == std::optional<std::uint64_t>(length) &&
        image.word_at(record + kValue) == std::optional<std::uint64_t>(0) && atomic &&
        image.in_writable_segment(*atomic))
      return *atomic;
  }
  return 0;
}

}  // namespace

std::uint64_t find_debug_setting(const ElfImage& image, std::string_view name) {
  std::uint64_t found = 0;
  each_constant_text(image, name, kMaxHits, [&](std::uint64_t at) {
    found = changing_setting(image, at, name.size());
    return found == 0;
  });
  return found;
}

}  // namespace gorotrace
