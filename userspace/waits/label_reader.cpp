#include "waits/label_reader.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/utf8.h"
#include "golang/binary.h"

namespace gorotrace {
namespace {

// More, or longer, is refused: no label set of a person has it, and one of a hostile process may.
constexpr std::uint64_t kMaxLabels = 1024, kMaxText = 64 * 1024, kShownText = 1024;

// runtime/map.go up to 1.23: a bucket is 8 tophash bytes, 8 keys, 8 elements, the overflow bucket.
constexpr std::size_t kCells = 8, kString = 16;
constexpr std::size_t kKeysAt = kCells, kValuesAt = kKeysAt + kCells * kString;
constexpr std::size_t kOverflowAt = kValuesAt + kCells * kString, kBucket = kOverflowAt + 8;
constexpr std::uint8_t kMinTopHash = 5;  // below: empty, or moved to the new buckets
constexpr std::uint8_t kMaxB = 8;        // 2^8 buckets hold 1664 labels

// Valid UTF-8, cut as printable() does. Control characters stay: JSON can say them, and two values that
// differ in nothing else are two.
std::string kept_text(std::string_view raw) {
  std::string out;
  while (!raw.empty()) {
    const std::size_t length = utf8_length(raw);
    const std::string_view piece = length == 0 ? kReplacementCharacter : raw.substr(0, length);
    if (out.size() + piece.size() > kShownText) return out + "…";
    out += piece;
    raw.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

}  // namespace

LabelLayout LabelLayout::of(const GoBinary& binary) {
  return {.offsets = binary.offsets(), .in_map = binary.version().compare_minor(1, 24) < 0};
}

std::optional<Labels> LabelReader::read(std::uint64_t pointer) {
  labels_.clear();
  if (!(layout_.in_map ? map(pointer) : list(pointer))) return std::nullopt;
  std::sort(labels_.begin(), labels_.end());
  return std::move(labels_);
}

// 1.24+: struct { list []label }, label = { key, value string }; label.Set in internal/runtime/pprof/label
// since 1.26.
bool LabelReader::list(std::uint64_t pointer) {
  const auto data = memory_.value<std::uint64_t>(pointer), length = memory_.value<std::uint64_t>(pointer + 8);
  if (!data || !length || *length > kMaxLabels) return false;
  list_.resize(*length * 2 * kString);
  if (!list_.empty() && !memory_.read(*data, list_)) return false;
  for (std::size_t i = 0; i < *length; ++i) {
    if (!add(list_, i * 2 * kString, i * 2 * kString + kString)) return false;
  }
  return true;
}

// Up to 1.23: map[string]string.
bool LabelReader::map(std::uint64_t pointer) {
  const RuntimeOffsets& o = layout_.offsets;
  if (o.hmap_count == kAbsent || o.hmap_B == kAbsent || o.hmap_buckets == kAbsent ||
      o.hmap_oldbuckets == kAbsent)
    return false;
  const auto hmap = memory_.value<std::uint64_t>(pointer);
  if (!hmap) return false;
  if (*hmap == 0) return true;
  const auto count = memory_.value<std::uint64_t>(*hmap + o.hmap_count);
  const auto b = memory_.value<std::uint8_t>(*hmap + o.hmap_B);
  const auto now = memory_.value<std::uint64_t>(*hmap + o.hmap_buckets);
  const auto old = memory_.value<std::uint64_t>(*hmap + o.hmap_oldbuckets);
  if (!count || *count > kMaxLabels || !b || *b > kMaxB || !now || !old) return false;
  budget_ = 2 * kMaxLabels;
  if (*now != 0 && !buckets(*now, 1ull << *b)) return false;
  // Half as many, or as many when the map only got tidied up: those that were moved are marked, and what
  // lies behind half of them belongs to others, unless it is marked so.
  if (*old != 0 && !buckets(*old, *b == 0 ? 1 : 1ull << (*b - 1))) return false;
  return labels_.size() == *count;
}

bool LabelReader::buckets(std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    for (std::uint64_t at = first + i * kBucket; at != 0;) {
      std::array<std::uint8_t, kBucket> bytes;
      if (budget_ == 0 || buckets_left_ == 0 || !memory_.read(at, bytes)) return false;
      --budget_;
      --buckets_left_;
      for (std::size_t cell = 0; cell < kCells; ++cell) {
        if (bytes[cell] < kMinTopHash) continue;
        if (labels_.size() == kMaxLabels || !add(bytes, kKeysAt + cell * kString, kValuesAt + cell * kString))
          return false;
      }
      at = load<std::uint64_t>(bytes, kOverflowAt).value_or(0);
    }
  }
  return true;
}

bool LabelReader::add(Bytes bytes, std::size_t key_at, std::size_t value_at) {
  if (labels_left_ == 0) return false;
  --labels_left_;
  auto key = text(bytes, key_at);
  auto value = text(bytes, value_at);
  if (!key || !value) return false;
  labels_.emplace_back(std::move(*key), std::move(*value));
  return true;
}

std::optional<std::string> LabelReader::text(Bytes bytes, std::size_t at) {
  const auto data = load<std::uint64_t>(bytes, at), length = load<std::uint64_t>(bytes, at + 8);
  if (!data || !length || *length > kMaxText || *length > text_left_) return std::nullopt;
  text_left_ -= *length;
  std::vector<std::uint8_t> raw(*length);
  if (!raw.empty() && !memory_.read(*data, raw)) return std::nullopt;
  return kept_text({reinterpret_cast<const char*>(raw.data()), raw.size()});
}

}  // namespace gorotrace
