// The values of one goroutine label (pprof.Do, pprof.SetGoroutineLabels), by numbers that rows can carry.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/seeded_hash.h"

namespace gorotrace {

// What is known of a goroutine's label.
enum class LabelKnown : std::uint8_t {
  kValue,
  kMissing,  // it has no label with this key
  kNotRead,  // it has labels, or may have, and nobody read them in time
  kOther,    // its value is not among the first LabelValues::kMax
};
template <>
inline constexpr auto kEnumNames<LabelKnown> = enum_names<LabelKnown>({
    {LabelKnown::kValue, "value"},
    {LabelKnown::kMissing, "none"},
    {LabelKnown::kNotRead, "not_read"},
    {LabelKnown::kOther, "other"},
});

// Of a value: its seeded hash, so that whoever reads labels of a process comes to the same one. 0: nobody
// asked for labels.
using LabelId = std::uint64_t;
inline constexpr LabelId kNoLabelAsked = 0, kLabelNone = 1, kLabelNotRead = 2, kLabelOther = 3;

[[nodiscard]] constexpr LabelKnown label_known(LabelId id) {
  return id == kLabelNone                             ? LabelKnown::kMissing
         : id == kLabelNotRead || id == kNoLabelAsked ? LabelKnown::kNotRead
         : id == kLabelOther                          ? LabelKnown::kOther
                                                      : LabelKnown::kValue;
}

struct LabelValue {
  LabelId id = kLabelNone;
  std::string text;
  bool operator==(const LabelValue&) const = default;
};

// Gives each value that is met its number. A label may hold anything (a request's id): only the first kMax
// are told apart. Not thread-safe.
class LabelValues {
 public:
  static constexpr std::size_t kMax = 1024;

  [[nodiscard]] LabelId id(std::string_view value);
  // Those met first since the last call.
  [[nodiscard]] std::vector<LabelValue> take_new();

 private:
  SeededHash hash_;
  SeededSet<LabelId> known_;
  std::vector<LabelValue> new_;
};

}  // namespace gorotrace
