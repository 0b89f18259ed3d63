#include "cli/part_arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <tuple>

#include "base/text.h"
#include "cli/export_trace.h"
#include "cli/option_values.h"
#include "export/capture_formats.h"

namespace gorotrace {
namespace {

// What `export` has under the same name.
bool is_format(const std::string& text) {
  return value_named<CaptureFormat>(text) || value_named<TraceFormat>(text) ||
         value_named<StreamFormat>(text);
}

}  // namespace

void add_part_options(CLI::App& command, PartArguments& arguments) {
  command.add_option("--from", arguments.from, "only from this time after the begin of the recording (3s)")
      ->type_name("TIME");
  command
      .add_option(arguments.to_option, arguments.to,
                  "only up to this time after the begin of the recording (1m30s)")
      ->type_name("TIME");
}

Result<PartWanted> part_wanted(const PartArguments& arguments) {
  PartWanted part;
  for (const auto& [text, option, into] : {std::tuple(&arguments.from, std::string("--from"), &part.from_ns),
                                           std::tuple(&arguments.to, arguments.to_option, &part.to_ns)}) {
    if (text->empty()) continue;
    const auto time = parse_duration(*text);
    if (!time && is_format(*text))
      return fail(
          ErrorKind::kUsage,
          fmt::format("{} takes a time (8s); a format is for gorotrace export --to {} FILE", option, *text));
    if (!time) return wrap(time.error(), option);
    *into = static_cast<std::uint64_t>(time->count());
  }
  if (part.to_ns && part.from_ns.value_or(0) >= *part.to_ns)
    return fail(ErrorKind::kUsage, part.from_ns ? "--from must lie before " + arguments.to_option
                                                : arguments.to_option + " must lie behind 0s");
  return part;
}

}  // namespace gorotrace
