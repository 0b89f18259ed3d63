#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/plural.h"
#include "base/text.h"
#include "report/process_end.h"
#include "report/text_parts.h"

namespace gorotrace {

std::string process_end_text(const TextContext& c) {
  if (!c.tables.panics.end) return "";
  const ProcessEnd& end = *c.tables.panics.end;
  std::string line = "ended: " + what_ended(end, c.symbols);
  if (end.interrupted == SignalCameTo::kNoGoroutine) {
    line += ", on a thread that ran no goroutine";
  } else if (end.goid != 0) {
    const bool interrupted = end.interrupted == SignalCameTo::kGoroutine;
    line += fmt::format("{} goroutine {}", interrupted ? ", which interrupted" : " in", end.goid);
  }
  line += fmt::format(", {} into the window", format_duration(since(end.at_ns, c.facts.begin_ns)));
  if (const std::string status = status_text(end); !status.empty()) line += "; " + status;
  if (end.other_panics > 0)
    line += fmt::format("; the goroutine had {} under way before", plural(end.other_panics, "panic"));
  if (end.by == EndedBy::kKernel)
    line += "; the kernel tells of no goroutine";
  else if (is_deadlock(end))
    line += "; no goroutine did it: the runtime finds it on the thread that went idle last";
  else if (end.by == EndedBy::kFatal && end.goid == 0)
    line += "; on a thread's own stack: whether it ran for a goroutine is not known";
  else if (end.by == EndedBy::kSignal && end.goid == 0 && end.interrupted == SignalCameTo::kNotKnown)
    line += "; which goroutine ran there is not known";
  else if (end.goid != 0 && end.stack == 0)
    line += "; where the goroutine was is not known";
  const bool as_asked = end.by == EndedBy::kExitCall && end.exit_status == 0;
  std::string out = as_asked ? wrapped(line, c.width, 2) : c.style.warn(wrapped("! " + line, c.width, 2));
  if (end.stack != 0) out += stack_text(c, end.stack, "");
  return out;
}

std::string panics_text(const TextContext& c) {
  const Panics& panics = c.tables.panics;
  const TableTrust trust = table_trust(TableKind::kPanics, c.facts, c.tables);
  if (panics.rows.empty() && panics.thrown == 0) return "";
  const std::vector<const PanicRow*> rows = panic_rows(panics);
  std::string out = table_title(c, "PANICS",
                                fmt::format("{} thrown, {} recovered · {}{}", panics.thrown, panics.recovered,
                                            of_rows(c, rows.size()), unfiltered(c, true)),
                                trust);
  if (rows.empty()) return out;
  out +=
      c.style.dim(fmt::format("{:>7}{:>10}  {}", "count", "last", "value, thrown at, recovered in")) + "\n";
  for (std::size_t i = 0; i < shown(rows.size(), c.options.limit); ++i) {
    const PanicRow& row = *rows[i];
    const std::string count = pad_left(short_count(row.count), 7);
    std::string cells = count;
    add_cell(cells, format_duration(since(row.last_ns, c.facts.begin_ns)), 10);
    std::string value = value_text(row.last);
    if (value.empty()) value = "a value that could not be read";
    out += c.style.bold(count) +
           wrapped(cells.substr(count.size()) + "  " + value, c.name_width() - count.size(), kIndent);
    out += stack_text(c, row.stack, "");
    const std::vector<Frame>& place = c.symbols.stack(row.place);
    if (row.place == 0) {
      out += under("recovered by nobody: its goroutine ended (runtime.Goexit)");
    } else if (place.empty()) {
      out += under("recovered where nothing is known of");
    } else {
      out += under(c, "recovered in ", 13, place.back(), c.style);
    }
  }
  return out;
}

}  // namespace gorotrace
