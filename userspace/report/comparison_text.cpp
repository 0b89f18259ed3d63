#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/plural.h"
#include "base/sort_stably.h"
#include "base/text.h"
#include "report/columns.h"
#include "report/comparison_report.h"
#include "report/frames.h"
#include "report/text_parts.h"
#include "report/wrapping.h"

namespace gorotrace {
namespace {

// Less is noise between two windows of one program.
constexpr double kSlower = 1.1;

std::string pair_of(const std::string& before, const std::string& after) {
  return fmt::format("{} -> {}", before, after);
}

template <typename Side, typename Get>
std::string both(const std::optional<Side>& before, const std::optional<Side>& after, const Get& get) {
  const auto text = [&](const std::optional<Side>& side) { return side ? get(*side) : std::string("-"); };
  return pair_of(text(before), text(after));
}

std::string time_text(const std::optional<std::uint64_t>& ns) {
  return ns ? format_duration(*ns) : "-";
}

class Text {
 public:
  explicit Text(const ComparisonOptions& options) : options_(options), style_{options.colour} {}

  void line(const std::string& text, std::size_t indent = kIndent) {
    out_ += wrapped(text, options_.width, indent);
  }
  // The title, then the rows, as many as are wanted.
  template <typename Row, typename Write>
  void table(const std::string& title, const std::string& note, const std::vector<const Row*>& rows,
             const std::string& none, const Write& write) {
    const std::size_t limit = options_.limit == 0 ? rows.size() : std::min(options_.limit, rows.size());
    out_ += "\n";
    line(style_.bold(title) + "  " + note + fmt::format(" · {} of {}", limit, rows.size()));
    if (rows.empty()) line("  " + none);
    for (std::size_t i = 0; i < limit; ++i) write(*rows[i]);
  }
  void waits(const ComparedWaits& w) {
    using Side = ComparedWaits::Side;
    const std::string where = w.functions.empty() ? "a stack that is not known" : place(w);
    line(fmt::format("  {}  {}", style_.bold(w.reason), where));
    line(fmt::format("{:8}blocked {}, waits/s {}, mean {}, p99 {}", "",
                     both(w.before, w.after, [](const Side& s) { return fmt::format("{:.2f}", s.blocked); }),
                     both(w.before, w.after, [](const Side& s) { return short_rate(s.per_s); }),
                     both(w.before, w.after, [](const Side& s) { return time_text(s.mean_ns); }),
                     both(w.before, w.after, [](const Side& s) { return time_text(s.p99_ns); })),
         10);
  }
  void site(const ComparedSite& s) {
    using Side = ComparedSite::Side;
    line(fmt::format("  {}{}", style_.bold(s.start), s.by.empty() ? "" : "  created by " + s.by));
    line(fmt::format("{:8}live {}, created/s {}, exited/s {}", "",
                     both(s.before, s.after, [](const Side& x) { return std::to_string(x.live); }),
                     both(s.before, s.after, [](const Side& x) { return short_rate(x.created_per_s); }),
                     both(s.before, s.after, [](const Side& x) { return short_rate(x.exited_per_s); })),
         10);
  }
  void panics(const ComparedPanics& p) {
    using Side = ComparedPanics::Side;
    const std::string value = p.type.empty() ? "a value that could not be read" : printable(p.type, 256);
    line(fmt::format("  {}  {}", style_.bold(value),
                     p.functions.empty() ? "a stack that is not known" : place(p)));
    line(fmt::format("{:8}panics {}, per second {}; {}", "",
                     both(p.before, p.after, [](const Side& s) { return std::to_string(s.count); }),
                     both(p.before, p.after, [](const Side& s) { return short_rate(s.per_s); }),
                     !p.recovered             ? "recovered by nobody"
                     : p.recovered_in.empty() ? "recovered where nothing is known of"
                                              : "recovered in " + p.recovered_in),
         10);
  }
  void pauses(const ComparedPauses& p) {
    using Side = ComparedPauses::Side;
    line("  " + style_.bold(p.reason.empty() ? "collections, marking" : p.reason));
    line(fmt::format(
             "{:8}{} of the time, per second {}, mean {}, p99 {}, max {}", "",
             both(p.before, p.after, [](const Side& s) { return short_percent(100 * s.share) + " %"; }),
             both(p.before, p.after, [](const Side& s) { return short_rate(s.per_s); }),
             both(p.before, p.after, [](const Side& s) { return time_text(s.mean_ns); }),
             both(p.before, p.after, [](const Side& s) { return time_text(s.p99_ns); }),
             both(p.before, p.after, [](const Side& s) { return time_text(s.max_ns); })),
         10);
  }
  [[nodiscard]] std::string take() { return std::move(out_); }
  [[nodiscard]] const Style& style() const { return style_; }

 private:
  // Where it waits or panics, and the program's own function that led there.
  template <typename Row>
  [[nodiscard]] static std::string place(const Row& w) {
    std::string out = w.functions.front() + (w.at.empty() ? "" : "  " + w.at);
    const auto own = std::ranges::find_if(w.functions, is_user_code);
    if (own != w.functions.end() && own != w.functions.begin()) out += "  from " + *own;
    return out;
  }

  const ComparisonOptions& options_;
  Style style_;
  std::string out_;
};

std::string head_of(const char* which, const ComparedWindow& window) {
  const TargetFacts& target = window.facts.target;
  return fmt::format(
      "{}: {} (PID {}{}{}), window {}, {} live, {} created", which, target.program(), target.host_pid,
      target.go_version.empty() ? "" : ", ", target.go_version,
      format_duration(window.facts.end_ns - std::min(window.facts.begin_ns, window.facts.end_ns)),
      window.tables.live, window.tables.created);
}

// Goroutines that the waits of the later window would have had less in the mean, had each been as short as
// before.
double slower_by(const ComparedWaits& w) {
  if (!w.before || !w.after || !w.before->mean_ns || !w.after->mean_ns) return 0;
  const double before = static_cast<double>(*w.before->mean_ns),
               after = static_cast<double>(*w.after->mean_ns);
  return after > kSlower * before ? (after - before) / 1e9 * w.after->per_s : 0;
}

template <typename Row, typename Wanted>
std::vector<const Row*> those(const std::vector<Row>& rows, const Wanted& wanted) {
  std::vector<const Row*> out;
  for (const Row& row : rows) {
    if (wanted(row)) out.push_back(&row);
  }
  return out;
}

}  // namespace

std::string comparison_text(const ComparedWindow& before, const ComparedWindow& after,
                            const ComparisonOptions& options) {
  const Comparison c = compare(before, after);
  Text text(options);
  text.line(head_of("before", before));
  text.line(head_of("after ", after));
  text.table(
      "WHAT GREW", "creation sites with more goroutines at the end, by how many more",
      those(c.sites,
            [](const ComparedSite& s) { return s.after && s.after->live > (s.before ? s.before->live : 0); }),
      "no creation site has more goroutines", [&](const ComparedSite& s) { text.site(s); });
  auto slower = those(c.waits, [](const ComparedWaits& w) { return slower_by(w) > 0; });
  sort_stably(slower, std::greater(), [](const ComparedWaits* w) { return slower_by(*w); });
  text.table("WHAT GOT SLOWER", "mean wait up by more than 10 %, by goroutines that this keeps waiting",
             slower, "no mean wait that is in both is longer",
             [&](const ComparedWaits& w) { text.waits(w); });
  text.table("WHAT IS NEW", "places where goroutines waited in the later one alone",
             those(c.waits, [](const ComparedWaits& w) { return !w.before; }), "no such place",
             [&](const ComparedWaits& w) { text.waits(w); });
  text.table("WHAT IS GONE", "places where goroutines waited in the earlier one alone",
             those(c.waits, [](const ComparedWaits& w) { return !w.after; }), "no such place",
             [&](const ComparedWaits& w) { text.waits(w); });
  const auto any = [](const auto&) { return true; };
  if (!c.panics.empty())
    text.table("PANICS", "that were recovered or ended their goroutine, by how much their rate changed",
               those(c.panics, any), "none", [&](const ComparedPanics& p) { text.panics(p); });
  if (!c.pauses.empty())
    text.table("GC AND STOP-THE-WORLD", "by how much their part of the time changed", those(c.pauses, any),
               "none", [&](const ComparedPauses& p) { text.pauses(p); });
  return text.take();
}

}  // namespace gorotrace
