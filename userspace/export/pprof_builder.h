// Writes a profile in pprof's format (github.com/google/pprof proto/profile.proto), with what runtime/pprof
// (proto.go) writes: executable mappings, functions under their full names, a location for each address with
// all that was inlined there. Pure, one owner.
#pragma once

#include <cstdint>
#include <map>
#include <protozero/pbf_builder.hpp>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/seeded_hash.h"
#include "evidence/mapping.h"
#include "golang/pclntab.h"

namespace gorotrace {

struct PprofType {
  std::string_view type, unit;
};
// Of goroutine profiles.
inline constexpr PprofType kGoroutineCount{"goroutine", "count"};
using PprofLabels = std::vector<std::pair<std::string, std::string>>;

class PprofBuilder {
 public:
  // The period is 1 of its type. mappings outlive this object, and so do the frames that locations are of.
  PprofBuilder(std::span<const PprofType> samples, const PprofType& period,
               const std::vector<ExecutableMapping>& mappings);

  // Ids of locations, from 1 on. address: the process's own, of the call; frames: all that was inlined there,
  // innermost first, at least one.
  [[nodiscard]] std::uint64_t location(std::uint64_t address, const std::vector<const Frame*>& frames);
  // A frame without an address.
  [[nodiscard]] std::uint64_t pseudo_location(const std::string& name);
  // locations: leaf first; values: one for each type.
  void sample(const std::vector<std::uint64_t>& locations, std::span<const std::int64_t> values,
              const PprofLabels& labels = {});
  // The one that is shown when nobody asks for another; without: the last.
  void show_first(const PprofType& type);
  void comment(const std::string& text);  // stands behind "gorotrace: "

  // Gzipped; duration_ns 0: of a moment. Nothing is added any more.
  [[nodiscard]] Result<std::string> finish(std::int64_t unix_ns, std::int64_t duration_ns);

 private:
  // Field numbers of proto/profile.proto.
  enum class Profile : protozero::pbf_tag_type {
    kSampleType = 1,
    kSample = 2,
    kMapping = 3,
    kLocation = 4,
    kFunction = 5,
    kString = 6,
    kTimeNanos = 9,
    kDurationNanos = 10,
    kPeriodType = 11,
    kPeriod = 12,
    kComment = 13,
    kDefaultSampleType = 14
  };
  [[nodiscard]] std::int64_t string(std::string_view text);
  [[nodiscard]] std::uint64_t function(const std::string& name, const std::string& file, int start_line);
  void value_type(Profile tag, const PprofType& type);
  void mapping(std::size_t index);

  const std::vector<ExecutableMapping>& mappings_;
  std::vector<bool> symbolized_;  // whether a location lies in it
  std::string data_;
  protozero::pbf_builder<Profile> profile_;
  SeededMap<std::string, std::int64_t> index_;
  std::vector<const std::string*> strings_;
  std::map<std::tuple<std::uint64_t, const Frame*, std::size_t>, std::uint64_t> locations_;
  SeededMap<std::string, std::uint64_t> pseudo_, functions_;
  std::uint64_t last_location_ = 0;
};

}  // namespace gorotrace
