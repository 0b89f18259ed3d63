#include "report/text_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/plural.h"
#include "base/text.h"
#include "report/frames.h"
#include "report/origin_text.h"

namespace gorotrace {
namespace {

constexpr std::size_t kUserFrames = 3;  // without --stacks
constexpr std::size_t kShownWakers = 3;
constexpr std::size_t kVerbWidth = 17;  // "released by 100% "

std::string waker_name(const TextContext& c, const WakerRow& waker) {
  if (waker.kind != WakerKind::kGoroutine) return runtime_waker_name(waker.kind);
  const Frame* frame = naming_frame(c.symbols.stack(waker.stack));
  if (frame == nullptr) return "a goroutine (stack not recorded)";
  return frame_text(*frame, {c.name_width(), kIndent + kVerbWidth, kIndent + 2}, Style{});
}

// The conditions given: those on functions and creators, which creation sites have, too; those on reasons and
// states, which only waits have.
std::vector<std::string> conditions(const TextContext& c, bool of_sites, bool of_waits) {
  const DumpFilter& filter = c.options.rows.filter;
  std::vector<std::string> out;
  if (of_waits && !filter.reasons.empty()) out.push_back(fmt::format("--where{}reason", kTie));
  if (of_waits && !filter.states.empty()) out.push_back(fmt::format("--where{}state", kTie));
  if (of_sites && !filter.functions.empty()) out.push_back(fmt::format("--where{}function", kTie));
  if (of_sites && !filter.created_by.empty()) out.emplace_back("--created-by");
  return out;
}

}  // namespace

std::string under(const std::string& text) {
  return std::string(kIndent, ' ') + text + "\n";
}

std::string under(const TextContext& c, const std::string& label, std::size_t label_width, const Frame& frame,
                  const Style& style, std::string_view after) {
  return under(label + frame_text(frame, {c.name_width(), kIndent + label_width, kIndent + 4}, style, after));
}

std::string age_text(const std::optional<std::uint64_t>& ns, bool lower_bound) {
  if (!ns) return "-";
  return (lower_bound ? "≥" : "") + format_duration(*ns);
}

std::string duration_text(const std::optional<std::uint64_t>& ns) {
  return ns ? format_duration(*ns) : "-";
}

std::string error_text(const std::optional<SampledTime>& t) {
  if (!t) return "-";
  return t->error_ns == 0 ? "0" : format_duration(t->error_ns);
}

std::size_t shown(std::size_t rows, std::size_t limit) {
  return limit == 0 ? rows : std::min(rows, limit);
}

std::string of_rows(const TextContext& c, std::size_t rows, std::size_t hidden, bool of_sites) {
  const std::size_t n = shown(rows, c.options.limit);
  std::string out = n < rows ? fmt::format("{} of {} rows (--limit 0: all)", n, rows) : plural(rows, "row");
  if (hidden > 0)
    out += fmt::format(", {} not shown ({})", hidden, fmt::join(conditions(c, true, !of_sites), ", "));
  return out;
}

std::string unfiltered(const TextContext& c, bool all) {
  const std::vector<std::string> given = conditions(c, all, true);
  return given.empty() ? "" : fmt::format(" · not filtered by {}", fmt::join(given, ", "));
}

std::string by_column(const TextContext& c, RowSort own, std::initializer_list<RowSort> others) {
  const RowSort asked = c.options.rows.sort;
  return fmt::format("by {}", name_of(std::ranges::find(others, asked) != others.end() ? asked : own));
}

std::string stack_text(const TextContext& c, std::uint64_t id, const std::string& label) {
  const std::vector<Frame>& frames = c.symbols.stack(id);
  if (frames.empty())
    return under(c.style.bold(label) + (label.empty() ? "" : "  ") + "(stack not recorded)");
  std::vector<std::size_t> picked;
  if (c.options.stacks) {
    for (std::size_t i = 0; i < frames.size(); ++i) picked.push_back(i);
  } else {
    picked = telling_frames(frames, kUserFrames);
  }
  std::string out;
  for (const std::size_t i : picked) {
    const bool labelled = out.empty() && !label.empty();
    const std::string head = labelled ? c.style.bold(label) + "  " : out.empty() ? "" : "  ";
    out += under(c, head, labelled ? display_width(label) + 2 : head.size(), frames[i], c.style);
  }
  if (c.symbols.truncated(id)) out += under("  (deeper frames not recorded)");
  return out;
}

std::string wakers_text(const TextContext& c, const std::vector<WakerRow>& wakers, std::uint64_t other,
                        std::string_view verb) {
  std::uint64_t all = other;
  std::vector<std::pair<std::string, std::uint64_t>> merged;
  for (const WakerRow& w : wakers) {
    all += w.count;
    const std::string name = waker_name(c, w);
    const auto it = std::ranges::find(merged, name, &std::pair<std::string, std::uint64_t>::first);
    if (it != merged.end()) {
      it->second += w.count;
    } else {
      merged.emplace_back(name, w.count);
    }
  }
  std::ranges::sort(merged, {}, [](const auto& m) { return std::pair(~m.second, m.first); });
  std::string out;
  for (std::size_t i = 0; i < std::min(merged.size(), kShownWakers) && all > 0; ++i) {
    const double share = 100 * static_cast<double>(merged[i].second) / static_cast<double>(all);
    out += under(fmt::format("{} {:>3}% {}", verb, short_percent(share), merged[i].first));
  }
  return out;
}

std::string creator_text(const TextContext& c, const CreationRow& row, WaysOf whose,
                         const std::string& after) {
  // runtime.rt0_go starts it (runtime/asm_*.s), through a wrapper that has no line.
  if (is_main_goroutine(c.symbols.frames(row.startpc, PcKind::kExact).back()))
    return under("goroutine 1, started by the runtime itself" + after);
  const std::vector<Frame> site = c.symbols.frames(row.gopc, PcKind::kReturnAddress);
  constexpr std::string_view kBy = "created by ";
  return under(c, std::string(kBy), kBy.size(), site.front(), Style{}, after) + origins_text(c, row, whose);
}

}  // namespace gorotrace
