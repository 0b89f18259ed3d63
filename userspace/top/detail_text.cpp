#include "top/detail_text.h"

#include <fmt/format.h>

#include "base/plural.h"
#include "base/text.h"
#include "golang/frame_class.h"
#include "report/columns.h"

namespace gorotrace {
namespace {

constexpr std::size_t kFrameIndent = 2, kPlaceIndent = 6;

void add_stack(std::vector<IndentedText>& out, const TopStack& stack) {
  for (const TopFrame& frame : stack) {
    const FrameClass whose = classify(frame.function);
    const Ink ink = whose == FrameClass::kUser      ? Ink::kStrong
                    : whose == FrameClass::kRuntime ? Ink::kFaint
                                                    : Ink::kPlain;
    out.push_back({frame.function, ink, kFrameIndent});
    if (!frame.file.empty())
      out.push_back({fmt::format("{}:{}", frame.file, frame.line), Ink::kFaint, kPlaceIndent});
  }
}

std::string oldest_text(const std::optional<std::uint64_t>& ns, bool lower_bound) {
  if (lower_bound && ns == 0) return "";  // it was not seen before
  return ns ? fmt::format(", the oldest for {}{}", lower_bound ? "≥" : "", format_duration(*ns)) : "";
}

}  // namespace

std::vector<IndentedText> wait_text(const TopWait& wait, std::uint64_t window_ns) {
  std::vector<IndentedText> out;
  out.push_back({wait.reason, Ink::kStrong});
  out.push_back({fmt::format("{} now{}", plural(wait.blocked, "goroutine"),
                             oldest_text(wait.oldest_ns, wait.oldest_is_lower_bound))});
  const std::string error = wait.error_ns ? " ± " + format_duration(*wait.error_ns) : "";
  out.push_back({fmt::format("waited {}{} in {}", format_duration(wait.in_window_ns), error,
                             format_duration(window_ns))});
  out.push_back({});
  add_stack(out, wait.stack);
  if (wait.stack.empty()) out.push_back({"its stack was not recorded", Ink::kFaint, kFrameIndent});
  if (wait.truncated) out.push_back({"(deeper frames were not recorded)", Ink::kFaint, kFrameIndent});
  return out;
}

std::vector<IndentedText> site_text(const TopSite& site) {
  std::vector<IndentedText> out;
  out.push_back({site.function, Ink::kStrong});
  out.push_back({fmt::format("{} now{}", plural(site.live, "goroutine"),
                             oldest_text(site.oldest_ns, site.oldest_is_lower_bound))});
  out.push_back({});
  out.push_back({site.site.empty() ? "started by the runtime itself" : "go statement", Ink::kHeading});
  add_stack(out, site.site);
  for (const TopSite::Origin& origin : site.origins) {
    if (origin.chain.size() < 2) continue;  // the statement itself, again
    out.push_back({});
    out.push_back({fmt::format("way to {} of them", short_count(origin.live)), Ink::kHeading});
    for (std::size_t i = 1; i < origin.chain.size(); ++i) {
      out.push_back({"in a goroutine that was started by", Ink::kFaint, kFrameIndent});
      add_stack(out, origin.chain[i].site);
    }
  }
  return out;
}

std::vector<IndentedText> help_text() {
  constexpr std::size_t kText = 2, kMeaning = 14;
  std::vector<IndentedText> out;
  const auto head = [&](const char* text) { out.push_back({text, Ink::kStrong}); };
  const auto line = [&](const char* text) { out.push_back({text, Ink::kPlain, kText, kMeaning}); };
  head("Keys");
  line("↑ ↓ PgUp PgDn Home End (k j g G)   move");
  line("Enter →       open the row: process, then stack; of a reason, its waits");
  line("Esc ← q       back; q on the first page quits");
  line("Q Ctrl-C      quit");
  line("Tab 1 2 3     hot spots, creation sites, goroutines by state");
  line("< >           sort by the column to the left, to the right");
  line("r             reverse the order");
  line("/             show only rows with this text; Esc while typing: all rows");
  line("space p       pause and go on");
  line("Ctrl-L        draw everything anew");
  line("h ?           this page, and back");
  out.push_back({});
  head("Processes");
  line("GOROUTINES    as runtime.NumGoroutine, when they were read last");
  line("GROWTH        goroutines more than up to a minute ago");
  line("BLOCKED       goroutines that wait, where the agent samples the process; - until it first has");
  line(
      "STATE         watched; starting: being looked at; excluded: by a rule; opted out: GOROTRACE=off; "
      "refused, not read: the reason stands behind the program (it holds up who reads its memory)");
  line("COST%         CPU time of the agent for it, of one CPU; the process itself pays none");
  out.push_back({});
  head("One process, by sampling its goroutines: nothing is attached to it");
  line("BLOCKED NOW   goroutines that wait there, on average since the screen before");
  line(
      "ON AVG        goroutines that were there at once, on average of the last seconds; ± is one "
      "standard error");
  line("%             of all goroutine time");
  line("OLDEST        how long the oldest has waited or lived, as far as it was watched: ≥");
  line("LONGEST       the longest wait since sampling began that was seen to end: ≈");
  line("CREATED       goroutines made there that were seen, in the last seconds; - not known");
  return out;
}

}  // namespace gorotrace
