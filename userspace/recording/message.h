// The messages of a capture file: an envelope that says whose item it is, and of what kind, around the item's
// fields. An item that is larger than one message is several, its parts, which are read as if their fields
// stood in one. Protocol buffers; README.md, "Messages", has them all. Pure, not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <protozero/exception.hpp>
#include <protozero/types.hpp>
#include <string>
#include <string_view>

#include "model/target_id.h"

namespace gorotrace {

inline constexpr std::size_t kMaxMessage = 1u << 20;
// A part that holds this much is full: it is larger by one field at most, which is a text, a few of them, or
// a block of rows (columns.h), of 0.6 MB where its numbers are the widest.
inline constexpr std::size_t kFullPart = 256u << 10;

// Fields of the envelope; those from kFirstKind on hold an item of that kind.
enum class Envelope : protozero::pbf_tag_type {
  kTarget = 1,
  kAtNs = 2,
  kMayBeSkipped = 3,  // by who does not know the kind
  kPart = 4,          // how many parts of the item came before
  kMore = 5,          // another part follows
};
enum class Kind : protozero::pbf_tag_type {
  kAdvanced = 16,
  kTargetBegun = 17,
  kRecords = 18,
  kStackDefined = 19,
  kFunctionDescribed = 20,
  kSnapshot = 21,
  kSeenObjects = 22,
  kCountersRead = 23,
  kGroupChanged = 24,
  kCostCharged = 25,
  kLoss = 26,
  kSampleClasses = 27,
  kSampleTick = 28,
  kSamplesLost = 29,
  kSamplingEnded = 30,
  kTargetEnded = 31,
  kTargetGone = 32,
  kFramesNamed = 33,
  kFactsTold = 34,
  kClockPair = 35,
  kCheckpointTold = 36,
  kMappingsTold = 37,  // may be skipped: since 1.1
  kWindowKept = 38,
  kValueDefined = 39,
};
inline constexpr auto kFirstKind = static_cast<protozero::pbf_tag_type>(Kind::kAdvanced);

// Travels inside of Decoder::take() alone, like those of protozero.
class Damaged : public protozero::exception {
 public:
  explicit Damaged(const char* what) : what_(what) {}
  [[nodiscard]] const char* what() const noexcept override { return what_; }

 private:
  const char* what_;
};

struct ItemOfMessage {
  TargetId target = 0;
  std::uint64_t at_ns = 0;
  bool may_be_skipped = false;
  std::uint64_t part = 0;
  bool more = false;
  Kind kind = Kind::kAdvanced;  // or one that is not known
  std::string_view fields;
};
// Throws what protozero throws.
[[nodiscard]] ItemOfMessage read_message(std::string_view message);

// The messages of one item. Its fields are put into fields(); next() is called between two of them.
class Parts {
 public:
  Parts(TargetId target, std::uint64_t at_ns, Kind kind,
        const std::function<void(std::string_view message)>& out)
      : head_{.target = target,
              .at_ns = at_ns,
              .may_be_skipped = kind == Kind::kMappingsTold,
              .kind = kind,
              .fields = {}},
        out_(out) {}

  [[nodiscard]] std::string& fields() { return fields_; }
  [[nodiscard]] bool full() const { return fields_.size() >= kFullPart; }
  // What there is goes out; another part follows.
  void next() { hand_out(true); }
  void finish() { hand_out(false); }

 private:
  void hand_out(bool more);

  ItemOfMessage head_;
  const std::function<void(std::string_view message)>& out_;
  std::string fields_;
};

}  // namespace gorotrace
