#include "report/text_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "report/frames.h"
#include "report/origin_text.h"

namespace gorotrace {
namespace {

constexpr std::size_t kUserFrames = 3;  // without --stacks
constexpr std::size_t kShownWakers = 3;

std::string waker_name(const TextContext& c, const WakerRow& waker) {
  switch (waker.kind) {
    case WakerKind::kTimer:
      return "a timer";
    case WakerKind::kNetpoll:
      return "the network poller";
    case WakerKind::kGc:
      return "the garbage collector";
    case WakerKind::kRuntime:
      return "the runtime";
    case WakerKind::kGoroutine:
      break;
  }
  const Frame* frame = naming_frame(c.symbols.stack(waker.stack));
  if (frame == nullptr) return "a goroutine (stack not recorded)";
  return frame_text(*frame, c.width - kIndent - 14, Style{});
}

}  // namespace

std::string under(const std::string& text) {
  return std::string(kIndent, ' ') + text + "\n";
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

std::string of_rows(const TextContext& c, std::size_t rows) {
  const std::size_t n = shown(rows, c.options.limit);
  return n < rows ? fmt::format("{} of {} rows (--limit)", n, rows)
                  : fmt::format("{} row{}", rows, rows == 1 ? "" : "s");
}

std::string stack_text(const TextContext& c, std::uint64_t id, const std::string& label) {
  const std::vector<Frame>& frames = c.symbols.stack(id);
  const std::size_t room = c.width - kIndent;
  if (frames.empty())
    return under(c.style.bold(label) + (label.empty() ? "" : "  ") + "(stack not recorded)");
  std::vector<std::size_t> picked;
  if (c.options.stacks) {
    for (std::size_t i = 0; i < frames.size(); ++i) picked.push_back(i);
  } else {
    picked = telling_frames(frames, kUserFrames);
  }
  std::string out;
  std::size_t taken = label.empty() ? 0 : display_width(label) + 2;
  for (const std::size_t i : picked) {
    const std::string head = taken > 0 ? c.style.bold(label) + "  " : out.empty() ? "" : "  ";
    if (taken == 0 && !out.empty()) taken = 2;
    out += under(head + frame_text(frames[i], room - taken, c.style));
    taken = 0;
  }
  if (c.options.stacks && c.symbols.truncated(id)) out += under("  (deeper frames not recorded)");
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

std::string creator_text(const TextContext& c, const CreationRow& row, const std::string& after) {
  // runtime.rt0_go starts it (runtime/asm_*.s), through a wrapper that has no line.
  if (is_main_goroutine(c.symbols.frames(row.startpc, PcKind::kExact).back()))
    return under("goroutine 1, started by the runtime itself" + after);
  const std::vector<Frame> site = c.symbols.frames(row.gopc, PcKind::kReturnAddress);
  return under("created by " + frame_text(site.front(), c.width - kIndent - 11 - after.size(), Style{}) +
               after) +
         origins_text(c, row);
}

}  // namespace gorotrace
