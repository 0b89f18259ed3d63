#include <fmt/format.h>

#include <algorithm>

#include "base/plural.h"
#include "base/text.h"
#include "report/columns.h"
#include "report/dump_text.h"
#include "report/frames.h"
#include "report/wait_text.h"
#include "report/waiters_report.h"
#include "report/wrapping.h"
#include "waits/wait_names.h"

namespace gorotrace {
namespace {

constexpr std::size_t kStacks = 3;
constexpr std::size_t kObjectIndent = 9;
constexpr std::size_t kIndent = 19;  // of a line under an object

// Where the waiters of a row stand, most first. Stacks that differ in frames which a line does not show are
// one line.
struct Line {
  std::string text;
  std::uint64_t count = 0;
};
std::vector<Line> stack_lines(const DumpView& view, const WaitedOn& row, std::size_t width,
                              const Style& style) {
  std::vector<Line> out;
  for (const WaitedOn::Stack& stack : row.stacks) {
    std::vector<Frame> frames;
    for (const Call& call : view.stack(*stack.example))
      frames.insert(frames.end(), call.frames->begin(), call.frames->end());
    const Frame* frame = naming_frame(frames);
    const std::string text = frame == nullptr ? std::string(missing_stack(*stack.example))
                                              : frame_text(*frame, {width, kIndent, kIndent + 2}, style);
    const auto same = std::ranges::find(out, text, &Line::text);
    if (same == out.end()) {
      out.push_back({text, stack.count});
    } else {
      same->count += stack.count;
    }
  }
  std::ranges::sort(out, [](const Line& a, const Line& b) {
    return a.count != b.count ? a.count > b.count : a.text < b.text;
  });
  return out;
}

std::string object_text(const WaitedOn& row) {
  if (row.alike == 1) return wait_text(*row.object);
  std::string out = fmt::format("on {} objects that look alike, the one with the most: {}", row.alike,
                                wait_text(*row.object));
  if (row.oldest_ns)
    out += fmt::format("; the longest wait, {} or more: {:#x}", format_duration(*row.oldest_ns),
                       wait_address(*row.oldest));
  return out;
}

// Those who wait and stand in no row.
std::string others_text(const Waiters& waiters) {
  std::string out;
  for (const auto& [state, count] : waiters.on_nothing)
    out += fmt::format("{:>7}  {}: waits for no object\n", count, state);
  const auto add = [&](std::size_t count, const char* why) {
    if (count > 0) out += fmt::format("{:>7}  not established: {}\n", count, why);
  };
  add(waiters.moved, "moved while they were read");
  add(waiters.not_found, "nothing in memory names the object");
  return out.empty() ? out : "\n" + out;
}

}  // namespace

std::string waiters_text(const DumpView& view, const Selection& selection, const Waiters& waiters,
                         const WaitersOptions& options) {
  std::string out;
  for (const std::string& note : dump_notes(view, selection)) out += wrapped(note, options.width, 2);
  const std::size_t n =
      options.limit == 0 ? waiters.objects.size() : std::min(waiters.objects.size(), options.limit);
  const Style style{options.colour};
  out += fmt::format("\nWAITERS  OBJECT  {} of {} · snapshot\n", n, waiters.objects.size());
  for (std::size_t i = 0; i < n; ++i) {
    const WaitedOn& row = waiters.objects[i];
    std::string object = fmt::format("{:>7}  {}", row.waiters, object_text(row));
    if (row.proven != row.waiters)
      object += fmt::format("  ({} proven, {} likely)", row.proven, row.waiters - row.proven);
    out += wrapped(object, options.width, kObjectIndent);
    const std::vector<Line> lines = stack_lines(view, row, options.width, style);
    for (std::size_t k = 0; k < std::min(lines.size(), kStacks); ++k)
      out += fmt::format("{:>16}x  {}\n", lines[k].count, lines[k].text);
    if (lines.size() > kStacks)
      out += fmt::format("{:>{}}{}\n", "", kIndent, plural(lines.size() - kStacks, "other place"));
  }
  out += others_text(waiters);
  return out;
}

}  // namespace gorotrace
