#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/plural.h"
#include "base/seeded_hash.h"
#include "base/sort_stably.h"
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
constexpr std::size_t kHolders = 3;   // named; the others are counted
constexpr std::size_t kNumbered = 4;  // a line of so many goroutines has their numbers
constexpr std::size_t kObjectIndent = 9;
constexpr std::size_t kLineIndent = 19;  // of a line under an object

std::vector<Frame> frames_of(const DumpView& view, const GoroutineSnapshot& g) {
  std::vector<Frame> out;
  for (const Call& call : view.stack(g)) out.insert(out.end(), call.frames->begin(), call.frames->end());
  return out;
}

// Where the waiters of a row stand, most first. Stacks that differ in frames which a line does not show are
// one line.
struct PlaceLine {
  std::optional<Frame> frame;
  std::string without;  // why there is none
  std::vector<std::uint64_t> goids;
};
std::vector<PlaceLine> place_lines(const DumpView& view, const WaitedOn& row) {
  std::map<std::string, PlaceLine> lines;
  for (const WaitedOn::Stack& stack : row.stacks) {
    const std::vector<Frame> frames = frames_of(view, stack.example());
    const Frame* frame = naming_frame(frames);
    PlaceLine line;
    if (frame != nullptr) line.frame = *frame;
    if (frame == nullptr) line.without = missing_stack(stack.example());
    PlaceLine& same =
        lines.try_emplace(frame != nullptr ? frame_text(*frame, {kNoWidth}, Style{}) : line.without, line)
            .first->second;
    for (const WaitedOn::Waiter& w : stack.waiters) same.goids.push_back(w.goroutine->goid);
  }
  std::vector<PlaceLine> out;
  for (auto& [text, line] : lines) out.push_back(std::move(line));
  sort_stably(out, std::ranges::greater{}, [](const PlaceLine& line) { return line.goids.size(); });
  return out;
}

std::string line_text(PlaceLine line, std::size_t width, const Style& style) {
  std::string who;
  if (line.goids.size() <= kNumbered) {
    std::ranges::sort(line.goids);
    who = fmt::format("  goroutine{} {}", line.goids.size() == 1 ? "" : "s", fmt::join(line.goids, ", "));
  }
  return fmt::format("{:>16}x  {}\n", line.goids.size(),
                     line.frame ? frame_text(*line.frame, {width, kLineIndent, kLineIndent + 2}, style, who)
                                : line.without + who);
}

// Names goroutines by where they stand.
class Holders {
 public:
  explicit Holders(const DumpView& view) : view_(view) {
    for (const GoroutineSnapshot& g : view.goroutines()) by_goid_.try_emplace(g.goid, &g);
  }

  // "  likely held by goroutine 8 in main.transfer transfer.go:31 or goroutine 35 in ...", and behind those
  // with a deferred call ", less likely by goroutine 1 in main.main".
  [[nodiscard]] std::string text(const WaitObject& object) const {
    const auto* wait = std::get_if<SemaphoreWait>(&object.what);
    if (wait == nullptr) return "";
    if (wait->likely_holders.empty()) return without(*wait);
    const std::size_t n = std::min(wait->likely_holders.size(), kHolders);
    std::string out;
    for (std::size_t i = 0; i < n; ++i) {
      const bool less = i > 0 && i == wait->deferred_holders;
      out += (i == 0 ? "  likely held by "
              : less ? ", less likely by "
                     : " or ") +
             name(wait->likely_holders[i]);
    }
    if (wait->holder_candidates > n)
      out += fmt::format(" or {}", plural(wait->holder_candidates - n, "other"));
    return out;
  }

 private:
  // Why none is named.
  static const char* without(const SemaphoreWait& wait) {
    switch (is_lock(wait.kind) ? wait.holder_search : HolderSearchEnd::kNotLookedFor) {
      case HolderSearchEnd::kDone:
        return is_held(wait) ? "  no likely holder found" : "  held by nobody then";
      case HolderSearchEnd::kChangedHands:
        return "  likely holder not established: the lock changed hands while it was read";
      case HolderSearchEnd::kCutShort:
        return "  likely holder not established: the search took too long";
      case HolderSearchEnd::kNotLookedFor:
        break;
    }
    return "";
  }
  [[nodiscard]] std::string name(std::uint64_t goid) const {
    const std::string number = fmt::format("goroutine{}{}", kTie, goid);
    const auto found = by_goid_.find(goid);
    if (found == by_goid_.end()) return number;
    const std::vector<Frame> frames = frames_of(view_, *found->second);
    const Frame* frame = naming_frame(frames);
    if (frame == nullptr) return fmt::format("{} ({})", number, missing_stack(*found->second));
    const std::string where = location(*frame);
    return fmt::format("{} in {}{}{}", number, frame->function, where.empty() ? "" : " ", where);
  }

  const DumpView& view_;
  SeededMap<std::uint64_t, const GoroutineSnapshot*> by_goid_;
};

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
  out += fmt::format("\nWAITERS  OBJECT  {} of {}{} · snapshot\n", n, waiters.objects.size(),
                     n < waiters.objects.size() ? " (--limit 0: all)" : "");
  const auto shown = std::span(waiters.objects).first(n);
  if (std::ranges::any_of(shown, [](const WaitedOn& row) { return row.in_select > 0; }))
    out += wrapped("  a goroutine in a select waits on each of its channels: it stands in the row of each",
                   options.width, 2);
  const Holders holders(view);
  for (std::size_t i = 0; i < n; ++i) {
    const WaitedOn& row = shown[i];
    std::string object = fmt::format("{:>7}  {}", row.waiters, object_text(row));
    object += holders.text(*row.object);
    if (row.in_select > 0)
      object +=
          row.in_select == row.waiters ? "  in a select" : fmt::format("  {} in a select", row.in_select);
    if (row.proven != row.waiters)
      object += fmt::format("  ({} proven, {} likely)", row.proven, row.waiters - row.proven);
    out += wrapped(object, options.width, kObjectIndent);
    const std::vector<PlaceLine> lines = place_lines(view, row);
    for (std::size_t k = 0; k < std::min(lines.size(), kStacks); ++k)
      out += line_text(lines[k], options.width, style);
    if (lines.size() > kStacks)
      out += fmt::format("{:>{}}{}\n", "", kLineIndent, plural(lines.size() - kStacks, "other place"));
  }
  out += others_text(waiters);
  return out;
}

}  // namespace gorotrace
