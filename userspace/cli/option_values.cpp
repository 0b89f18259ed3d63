#include "cli/option_values.h"

#include <fmt/format.h>

#include <bit>
#include <string_view>

#include "base/byte_size.h"
#include "base/number.h"
#include "base/text.h"

namespace gorotrace {

Result<std::uint64_t> parse_slice(const std::string& text) {
  constexpr std::uint64_t kLeast = 1000, kMost = 1'000'000'000;
  std::string_view digits = text;
  std::uint64_t unit = 1;
  if (text.ends_with('k')) unit = 1000;
  if (text.ends_with('M')) unit = 1'000'000;
  if (unit != 1) digits.remove_suffix(1);
  const auto count = whole_number<std::uint64_t>(digits);
  if (count && *count <= kMost / unit && (*count == 0 || *count * unit >= kLeast)) return *count * unit;
  return fail(ErrorKind::kUsage,
              fmt::format("--slice: \"{}\" is not a number of events; give one of 1000 or more, such as 1M, "
                          "or 0 for all of them in one file",
                          printable(text, 64)));
}

Result<std::uint32_t> parse_ring_size(const std::string& text) {
  const auto bytes = parse_bytes(text);
  if (!bytes || *bytes < 4096 || *bytes > (1u << 30) || !std::has_single_bit(*bytes)) {
    return fail(
        ErrorKind::kUsage,
        fmt::format("\"{}\" is not a ring size; give a power of two from 4k to 1024m", printable(text, 64)));
  }
  return static_cast<std::uint32_t>(*bytes);
}

Result<double> parse_cpu_share(const std::string& text) {
  if (text == "none") return 0.0;
  const std::string_view number = text;
  const auto percent =
      number.ends_with('%') ? whole_number<double>(number.substr(0, number.size() - 1)) : std::nullopt;
  if (!percent || !(*percent > 0) || *percent > 100) {
    return fail(
        ErrorKind::kUsage,
        fmt::format("\"{}\" is neither a share of one CPU above 0 and up to 100 (\"5%\") nor \"none\"",
                    printable(text, 64)));
  }
  return *percent / 100;
}

Result<RowOptions> parse_row_options(const std::vector<std::string>& where,
                                     const std::vector<std::string>& created_by, const std::string& by,
                                     const std::string& sort) {
  RowOptions rows;
  for (const std::string& condition : where) {
    if (auto added = rows.filter.add(condition); !added)
      return fail(added.error().kind,
                  fmt::format("--where: {}; give reason=WAIT REASON, state={}|{} or function=PART OF A NAME",
                              added.error().message, name_of(GStatus::kWaiting), name_of(GStatus::kSyscall)));
  }
  if (!rows.filter.goids.empty())
    return fail(ErrorKind::kUsage,
                "--where goid=: not in stat, whose rows are of many goroutines; give goid= to dump");
  if (!rows.filter.labels.empty())
    return fail(ErrorKind::kUsage,
                "--where label=: not in stat, which folds rows by a label (--by label:KEY); give reason=, "
                "state=waiting, state=syscall or function= here, and label= to dump");
  for (const GStatus state : rows.filter.states) {
    if (state != GStatus::kWaiting && state != GStatus::kSyscall)
      return fail(ErrorKind::kUsage,
                  fmt::format("--where state={}: rows of stat are of goroutines that wait; "
                              "give state=waiting or state=syscall",
                              name_of(state)));
  }
  rows.filter.created_by = created_by;
  constexpr std::string_view kLabel = "label:";
  if (by.starts_with(kLabel)) {
    rows.by = FoldBy::kLabel;
    rows.label_key = by.substr(kLabel.size());
    if (rows.label_key.empty())
      return fail(ErrorKind::kUsage,
                  "--by label: without a key; give --by label:KEY, the key of pprof.Labels");
  } else if (!by.empty()) {
    const auto known = value_named<FoldBy>(by);
    if (!known)
      return fail(ErrorKind::kUsage, fmt::format("--by: \"{}\" is not known; give one of {}",
                                                 printable(by, 64), all_names<FoldBy>(", ")));
    rows.by = *known;
  }
  if (!sort.empty()) {
    const auto known = value_named<RowSort>(sort);
    if (!known)
      return fail(ErrorKind::kUsage, fmt::format("--sort: \"{}\" is not a column; give one of {}",
                                                 printable(sort, 64), all_names<RowSort>(", ")));
    rows.sort = *known;
  }
  return rows;
}

std::string refuse_count(const std::string& text) {
  if (whole_number<std::size_t>(text)) return "";
  return fmt::format("\"{}\" is not a number of rows; 0 shows all", printable(text));
}

}  // namespace gorotrace
