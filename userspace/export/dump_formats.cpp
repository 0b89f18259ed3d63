#include "export/dump_formats.h"

#include "base/json_writer.h"
#include "evidence/waiters.h"
#include "export/folded.h"
#include "report/dump_json.h"
#include "report/dump_text.h"
#include "report/waiters_report.h"

namespace gorotrace {

Status write_dump(DumpFormat format, const DumpView& view, const Selection& selection,
                  const DumpFormatOptions& options,
                  const std::function<Result<std::vector<ExecutableMapping>>()>& mappings,
                  const TextSink& sink) {
  switch (format) {
    case DumpFormat::kText:
      dump_text(view, selection, options.limit, sink, options.width);
      break;
    case DumpFormat::kGroup:
      dump_group_text(view, selection, options.limit, sink, options.width);
      break;
    case DumpFormat::kWaiters:
      sink(waiters_text(view, selection, waiters(view, selection),
                        {.limit = options.limit, .width = options.width, .colour = options.colour}));
      break;
    case DumpFormat::kJson: {
      JsonWriter json(sink);
      dump_json(json, view, selection, options.limit);
      json.end_line();
      break;
    }
    case DumpFormat::kFolded:
      folded_stacks(view, selection, sink);
      break;
    case DumpFormat::kPprof: {
      const auto found = mappings();
      if (!found) return std::unexpected(found.error());
      const auto profile = pprof_profile(view, selection, *found);
      if (!profile) return std::unexpected(profile.error());
      sink(*profile);
      break;
    }
  }
  return {};
}

}  // namespace gorotrace
