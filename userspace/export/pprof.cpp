#include "export/pprof.h"

#include <fmt/format.h>

#include <map>
#include <protozero/pbf_builder.hpp>
#include <utility>

#include "base/seeded_hash.h"
#include "evidence/dump_groups.h"
#include "export/gzip.h"
#include "report/dump_text.h"
#include "report/frames.h"

namespace gorotrace {
namespace {

// Field numbers of proto/profile.proto.
enum class Profile : protozero::pbf_tag_type {
  kSampleType = 1,
  kSample = 2,
  kMapping = 3,
  kLocation = 4,
  kFunction = 5,
  kString = 6,
  kTimeNanos = 9,
  kPeriodType = 11,
  kPeriod = 12,
  kComment = 13
};
enum class ValueType : protozero::pbf_tag_type { kType = 1, kUnit = 2 };
enum class Sample : protozero::pbf_tag_type { kLocation = 1, kValue = 2, kLabel = 3 };
enum class Label : protozero::pbf_tag_type { kKey = 1, kString = 2 };
enum class MappingTag : protozero::pbf_tag_type {
  kId = 1,
  kStart = 2,
  kLimit = 3,
  kOffset = 4,
  kFile = 5,
  kBuildId = 6,
  kHasFunctions = 7
};
enum class Location : protozero::pbf_tag_type { kId = 1, kMapping = 2, kAddress = 3, kLine = 4 };
enum class Line : protozero::pbf_tag_type { kFunction = 1, kLine = 2 };
enum class Function : protozero::pbf_tag_type {
  kId = 1,
  kName = 2,
  kSystemName = 3,
  kFile = 4,
  kStartLine = 5
};

class Builder {
 public:
  explicit Builder(const std::vector<ExecutableMapping>& mappings)
      : mappings_(mappings), symbolized_(mappings.size()), profile_(data_) {
    string("");  // the table's first string is empty
  }

  std::string build(const DumpView& view, const Selection& selection) {
    value_type(Profile::kSampleType);
    value_type(Profile::kPeriodType);
    profile_.add_int64(Profile::kPeriod, 1);
    profile_.add_int64(Profile::kTimeNanos, static_cast<std::int64_t>(view.dump().unix_ns));
    for (const StackGroup& group : group_by_stack(view, selection)) sample(view, group);
    for (std::size_t i = 0; i < mappings_.size(); ++i) mapping(i);
    for (const std::string& note : dump_notes(view, selection))
      profile_.add_int64(Profile::kComment, string("gorotrace: " + note));
    for (const std::string* s : strings_) profile_.add_string(Profile::kString, *s);
    return std::move(data_);
  }

 private:
  std::int64_t string(const std::string& text) {
    const auto [it, fresh] = index_.try_emplace(text, static_cast<std::int64_t>(strings_.size()));
    if (fresh) strings_.push_back(&it->first);
    return it->second;
  }

  void value_type(Profile tag) {
    const std::int64_t type = string("goroutine"), unit = string("count");
    protozero::pbf_builder<ValueType> out(profile_, tag);
    out.add_int64(ValueType::kType, type);
    out.add_int64(ValueType::kUnit, unit);
  }

  void sample(const DumpView& view, const StackGroup& group) {
    const GoroutineSnapshot& g = *group.example;
    std::vector<std::uint64_t> locations;
    if (const std::string_view why = missing_stack(g); !why.empty()) {
      locations.push_back(pseudo_location(fmt::format("[stack unavailable: {}]", why)));
      if (const std::string& start = view.start_function(g); !start.empty())
        locations.push_back(pseudo_location(start));
    }
    for (const auto& frames : profile_calls(view.stack(g))) {
      if (frames.front()->function != "runtime.goexit")
        locations.push_back(location(frames, view.load_bias()));
    }
    std::vector<std::pair<std::int64_t, std::int64_t>> labels;
    for (const auto& [key, value] : view.labels(g)) labels.emplace_back(string(key), string(value));

    protozero::pbf_builder<Sample> out(profile_, Profile::kSample);
    const std::int64_t count = static_cast<std::int64_t>(group.count);
    out.add_packed_uint64(Sample::kLocation, locations.begin(), locations.end());
    out.add_packed_int64(Sample::kValue, &count, &count + 1);
    for (const auto& [key, value] : labels) {
      protozero::pbf_builder<Label> label(out, Sample::kLabel);
      label.add_int64(Label::kKey, key);
      label.add_int64(Label::kString, value);
    }
  }

  // One location for all that was inlined at a pc, as runtime/pprof's pcDeck folds them together.
  std::uint64_t location(const std::vector<const Frame*>& frames, std::uint64_t load_bias) {
    const auto [it, fresh] =
        locations_.try_emplace(std::pair{frames.front(), frames.size()}, ++last_location_);
    if (!fresh) {
      --last_location_;
      return it->second;
    }
    std::vector<std::pair<std::uint64_t, int>> lines;
    for (const Frame* f : frames)
      lines.emplace_back(function(symbol_name(*f), f->file, f->start_line), f->line);
    protozero::pbf_builder<Location> out(profile_, Profile::kLocation);
    out.add_uint64(Location::kId, it->second);
    const std::uint64_t address = frames.front()->pc + load_bias;
    for (std::size_t i = 0; i < mappings_.size(); ++i) {
      if (address >= mappings_[i].start && address < mappings_[i].end) {
        out.add_uint64(Location::kMapping, i + 1);
        symbolized_[i] = true;
        break;
      }
    }
    out.add_uint64(Location::kAddress, address);
    for (const auto& [id, number] : lines) line(out, id, number);
    return it->second;
  }

  // A frame without an address.
  std::uint64_t pseudo_location(const std::string& name) {
    const auto [it, fresh] = pseudo_.try_emplace(name, 0);
    if (!fresh) return it->second;
    it->second = ++last_location_;
    const std::uint64_t id = function(name, "", 0);
    protozero::pbf_builder<Location> out(profile_, Profile::kLocation);
    out.add_uint64(Location::kId, it->second);
    line(out, id, 0);
    return it->second;
  }

  static void line(protozero::pbf_builder<Location>& location, std::uint64_t function, int number) {
    protozero::pbf_builder<Line> out(location, Location::kLine);
    out.add_uint64(Line::kFunction, function);
    out.add_int64(Line::kLine, number);
  }

  std::uint64_t function(const std::string& name, const std::string& file, int start_line) {
    const auto [it, fresh] = functions_.try_emplace(name, functions_.size() + 1);
    if (!fresh) return it->second;
    const std::int64_t name_at = string(name), file_at = string(file);
    protozero::pbf_builder<Function> out(profile_, Profile::kFunction);
    out.add_uint64(Function::kId, it->second);
    out.add_int64(Function::kName, name_at);
    out.add_int64(Function::kSystemName, name_at);
    out.add_int64(Function::kFile, file_at);
    out.add_int64(Function::kStartLine, start_line);
    return it->second;
  }

  void mapping(std::size_t index) {
    const ExecutableMapping& m = mappings_[index];
    const std::int64_t file = string(m.file), build_id = string(m.build_id);
    protozero::pbf_builder<MappingTag> out(profile_, Profile::kMapping);
    out.add_uint64(MappingTag::kId, index + 1);
    out.add_uint64(MappingTag::kStart, m.start);
    out.add_uint64(MappingTag::kLimit, m.end);
    out.add_uint64(MappingTag::kOffset, m.file_offset);
    out.add_int64(MappingTag::kFile, file);
    out.add_int64(MappingTag::kBuildId, build_id);
    if (symbolized_[index]) out.add_bool(MappingTag::kHasFunctions, true);
  }

  const std::vector<ExecutableMapping>& mappings_;
  std::vector<bool> symbolized_;  // whether a location lies in it
  std::string data_;
  protozero::pbf_builder<Profile> profile_;
  SeededMap<std::string, std::int64_t> index_;
  std::vector<const std::string*> strings_;
  std::map<std::pair<const Frame*, std::size_t>, std::uint64_t> locations_;
  SeededMap<std::string, std::uint64_t> pseudo_, functions_;
  std::uint64_t last_location_ = 0;
};

}  // namespace

Result<std::string> pprof_profile(const DumpView& view, const Selection& selection,
                                  const std::vector<ExecutableMapping>& mappings) {
  return gzip(Builder(mappings).build(view, selection));
}

}  // namespace gorotrace
