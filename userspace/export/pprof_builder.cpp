#include "export/pprof_builder.h"

#include "export/gzip.h"
#include "report/frames.h"

namespace gorotrace {
namespace {

// Field numbers of proto/profile.proto.
enum class ValueTypeTag : protozero::pbf_tag_type { kType = 1, kUnit = 2 };
enum class SampleTag : protozero::pbf_tag_type { kLocation = 1, kValue = 2, kLabel = 3 };
enum class LabelTag : protozero::pbf_tag_type { kKey = 1, kString = 2 };
enum class MappingTag : protozero::pbf_tag_type {
  kId = 1,
  kStart = 2,
  kLimit = 3,
  kOffset = 4,
  kFile = 5,
  kBuildId = 6,
  kHasFunctions = 7
};
enum class LocationTag : protozero::pbf_tag_type { kId = 1, kMapping = 2, kAddress = 3, kLine = 4 };
enum class LineTag : protozero::pbf_tag_type { kFunction = 1, kLine = 2 };
enum class FunctionTag : protozero::pbf_tag_type {
  kId = 1,
  kName = 2,
  kSystemName = 3,
  kFile = 4,
  kStartLine = 5
};

void add_line(protozero::pbf_builder<LocationTag>& location, std::uint64_t function, int number) {
  protozero::pbf_builder<LineTag> out(location, LocationTag::kLine);
  out.add_uint64(LineTag::kFunction, function);
  out.add_int64(LineTag::kLine, number);
}

}  // namespace

PprofBuilder::PprofBuilder(std::span<const PprofType> samples, const PprofType& period,
                           const std::vector<ExecutableMapping>& mappings)
    : mappings_(mappings), symbolized_(mappings.size()), profile_(data_) {
  (void)string("");  // the table's first string is empty
  for (const PprofType& type : samples) value_type(Profile::kSampleType, type);
  value_type(Profile::kPeriodType, period);
  profile_.add_int64(Profile::kPeriod, 1);
}

std::int64_t PprofBuilder::string(std::string_view text) {
  const auto [it, fresh] = index_.try_emplace(std::string(text), static_cast<std::int64_t>(strings_.size()));
  if (fresh) strings_.push_back(&it->first);
  return it->second;
}

void PprofBuilder::value_type(Profile tag, const PprofType& of) {
  const std::int64_t type = string(of.type), unit = string(of.unit);
  protozero::pbf_builder<ValueTypeTag> out(profile_, tag);
  out.add_int64(ValueTypeTag::kType, type);
  out.add_int64(ValueTypeTag::kUnit, unit);
}

void PprofBuilder::sample(const std::vector<std::uint64_t>& locations, std::span<const std::int64_t> values,
                          const PprofLabels& labels) {
  std::vector<std::pair<std::int64_t, std::int64_t>> strings;
  for (const auto& [key, value] : labels) {
    const std::int64_t key_at = string(key);
    strings.emplace_back(key_at, string(value));
  }
  protozero::pbf_builder<SampleTag> out(profile_, Profile::kSample);
  out.add_packed_uint64(SampleTag::kLocation, locations.begin(), locations.end());
  out.add_packed_int64(SampleTag::kValue, values.begin(), values.end());
  for (const auto& [key, value] : strings) {
    protozero::pbf_builder<LabelTag> label(out, SampleTag::kLabel);
    label.add_int64(LabelTag::kKey, key);
    label.add_int64(LabelTag::kString, value);
  }
}

void PprofBuilder::show_first(const PprofType& type) {
  profile_.add_int64(Profile::kDefaultSampleType, string(type.type));
}

void PprofBuilder::comment(const std::string& text) {
  profile_.add_int64(Profile::kComment, string("gorotrace: " + text));
}

// One location for all that was inlined at a pc, as runtime/pprof's pcDeck folds them together.
std::uint64_t PprofBuilder::location(std::uint64_t address, const std::vector<const Frame*>& frames) {
  const auto [it, fresh] =
      locations_.try_emplace(std::tuple{address, frames.front(), frames.size()}, last_location_ + 1);
  if (!fresh) return it->second;
  ++last_location_;
  std::vector<std::pair<std::uint64_t, int>> lines;
  for (const Frame* f : frames)
    lines.emplace_back(function(symbol_name(*f), f->file, f->start_line), f->line);
  protozero::pbf_builder<LocationTag> out(profile_, Profile::kLocation);
  out.add_uint64(LocationTag::kId, it->second);
  for (std::size_t i = 0; i < mappings_.size(); ++i) {
    if (address < mappings_[i].start || address >= mappings_[i].end) continue;
    out.add_uint64(LocationTag::kMapping, i + 1);
    symbolized_[i] = true;
    break;
  }
  out.add_uint64(LocationTag::kAddress, address);
  for (const auto& [id, number] : lines) add_line(out, id, number);
  return it->second;
}

std::uint64_t PprofBuilder::pseudo_location(const std::string& name) {
  const auto [it, fresh] = pseudo_.try_emplace(name, 0);
  if (!fresh) return it->second;
  it->second = ++last_location_;
  const std::uint64_t id = function(name, "", 0);
  protozero::pbf_builder<LocationTag> out(profile_, Profile::kLocation);
  out.add_uint64(LocationTag::kId, it->second);
  add_line(out, id, 0);
  return it->second;
}

std::uint64_t PprofBuilder::function(const std::string& name, const std::string& file, int start_line) {
  const auto [it, fresh] = functions_.try_emplace(name, functions_.size() + 1);
  if (!fresh) return it->second;
  const std::int64_t name_at = string(name), file_at = string(file);
  protozero::pbf_builder<FunctionTag> out(profile_, Profile::kFunction);
  out.add_uint64(FunctionTag::kId, it->second);
  out.add_int64(FunctionTag::kName, name_at);
  out.add_int64(FunctionTag::kSystemName, name_at);
  out.add_int64(FunctionTag::kFile, file_at);
  out.add_int64(FunctionTag::kStartLine, start_line);
  return it->second;
}

void PprofBuilder::mapping(std::size_t index) {
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

Result<std::string> PprofBuilder::finish(std::int64_t unix_ns, std::int64_t duration_ns) {
  profile_.add_int64(Profile::kTimeNanos, unix_ns);
  if (duration_ns != 0) profile_.add_int64(Profile::kDurationNanos, duration_ns);
  for (std::size_t i = 0; i < mappings_.size(); ++i) mapping(i);
  for (const std::string* s : strings_) profile_.add_string(Profile::kString, *s);
  return gzip(data_);
}

}  // namespace gorotrace
