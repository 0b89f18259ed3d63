#include "html/html_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/plural.h"
#include "evidence/trust.h"
#include "html/series_json.h"
#include "report/process_end.h"
#include "report/stat_json.h"

namespace gorotrace {
namespace {

// [upper bound in ns, count] of each bucket.
void buckets_json(JsonWriter& out, const Histogram& h) {
  out.array(h.by_powers_of_two(), [&](const Histogram::Bucket& b) {
    out.array([&] {
      out.value(b.upper_ns);
      out.value(b.count);
    });
  });
}

class Target {
 public:
  Target(JsonWriter& out, const HtmlTarget& target, const HtmlLimits& limits, StackDictionary& stacks)
      : out_(out),
        target_(target),
        limits_(limits),
        stacks_(stacks),
        rows_(stat_rows(target.facts, target.tables, target.symbols, target.rows)),
        objects_(object_rows(target.tables)),
        panics_(panic_rows(target.tables.panics)) {}

  void write(std::optional<std::int64_t> realtime_at_0_ns) {
    out_.field("program", target_.facts.target.program());
    out_.field("begin_utc_ms",
               realtime_at_0_ns ? std::optional(begin_utc_ms(*realtime_at_0_ns)) : std::nullopt);
    summary();
    out_.object_field("rows", [&] {
      out_.object_field("blocking", [&] { blocking_left_out(); });
      out_.object_field("creation", [&] { creation_left_out(); });
      out_.object_field("objects", [&] { objects_left_out(); });
      out_.object_field("panics", [&] { panics_left_out(); });
    });
    waits_by_reason();
    out_.array_field("row_waits", shown(rows_.blocking), [&](const BlockingRow& row) {
      Histogram both = row.waits;
      both.merge(row.long_waits);
      buckets_json(out_, both);
    });
    out_.object_field("series", [&] { series_fields(out_, target_.series, target_.facts.begin_ns); });
    spans_field("pauses", target_.tables.pauses.spans);
    spans_field("collections", target_.tables.pauses.marking);
  }

 private:
  [[nodiscard]] double begin_utc_ms(std::int64_t realtime_at_0_ns) const {
    return (static_cast<double>(realtime_at_0_ns) + static_cast<double>(target_.facts.begin_ns)) / 1e6;
  }

  // [from, to, reason] of each, in ns of the window: the last of them.
  void spans_field(std::string_view name, const std::vector<PauseSpan>& spans) {
    const std::uint64_t begin_ns = target_.facts.begin_ns;
    out_.array_field(name, spans, [&](const PauseSpan& span) {
      out_.array([&] {
        out_.value(since(span.from_ns, begin_ns));
        out_.value(since(span.to_ns, begin_ns));
        out_.value(stw_reason_name(span.reason));
      });
    });
  }

  template <typename Row>
  [[nodiscard]] std::span<const Row> shown(const std::vector<Row>& rows) const {
    return std::span(rows).first(std::min(rows.size(), limits_.rows));
  }
  template <typename Row>
  [[nodiscard]] std::span<const Row> left_out(const std::vector<Row>& rows) const {
    return std::span(rows).subspan(shown(rows).size());
  }
  template <typename Row, typename Figure>
  void sum_field(std::string_view name, const std::vector<Row>& rows, const Figure& figure) {
    const auto others = left_out(rows);
    out_.field(name, std::accumulate(others.begin(), others.end(), std::uint64_t{0},
                                     [&](std::uint64_t sum, const Row& row) { return sum + figure(row); }));
  }

  void summary() {
    StatFacts facts = target_.facts;
    if (const std::size_t all = facts.notices.size(); all > limits_.notices) {
      facts.notices.resize(limits_.notices);
      facts.notices.push_back(fmt::format("and {} more", plural(all - limits_.notices, "notice")));
    }
    StatJsonOptions options;
    options.rows = target_.rows;
    options.most_rows = limits_.rows;
    options.most_in_row = limits_.in_row;
    options.rows_say_coverage = false;
    options.stack = [this](JsonWriter& to, const std::vector<Frame>& frames) {
      to.value(stacks_.number(frames));
    };
    StackNumbers names;
    out_.key("summary");
    stat_summary_json(out_, facts, target_.tables, target_.symbols, names, options);
  }

  void blocking_left_out() {
    out_.field("all", rows_.blocking.size());
    sum_field("in_window_ns", rows_.blocking, [](const BlockingRow& r) { return r.in_window_ns; });
    sum_field("count", rows_.blocking, [](const BlockingRow& r) { return r.waits.count(); });
    sum_field("blocked_now", rows_.blocking, [](const BlockingRow& r) { return r.blocked_now; });
  }
  void creation_left_out() {
    out_.field("all", rows_.creation.size());
    sum_field("live", rows_.creation, [](const CreationRow* r) { return r->live; });
    sum_field("created", rows_.creation, [](const CreationRow* r) { return r->created; });
    sum_field("exited", rows_.creation, [](const CreationRow* r) { return r->exited; });
  }
  void objects_left_out() {
    out_.field("all", objects_.size());
    sum_field("waits", objects_, [](const ObjectRow* r) { return r->waits; });
    sum_field("in_window_ns", objects_, [](const ObjectRow* r) { return r->in_window_ns; });
    sum_field("blocked_now", objects_, [](const ObjectRow* r) { return r->blocked_now; });
  }
  void panics_left_out() {
    out_.field("all", panics_.size());
    sum_field("count", panics_, [](const PanicRow* r) { return r->count; });
  }

  // Of all rows, those that are not shown among them.
  void waits_by_reason() {
    struct Waits {
      Histogram seen, by_sampling;
    };
    std::map<std::pair<bool, std::string>, Waits> by_reason;
    for (const BlockingRow& row : rows_.blocking) {
      Waits& of = by_reason[{row.in_syscall, reason_name(row, target_.facts)}];
      of.seen.merge(row.waits);
      of.by_sampling.merge(row.long_waits);
    }
    out_.array_field("waits", by_reason, [&](const auto& entry) {
      out_.object([&] {
        out_.field("reason", entry.first.second);
        out_.key("seen");
        buckets_json(out_, entry.second.seen);
        out_.key("by_sampling");
        buckets_json(out_, entry.second.by_sampling);
      });
    });
  }

  JsonWriter& out_;
  const HtmlTarget& target_;
  const HtmlLimits& limits_;
  StackDictionary& stacks_;
  const StatRows rows_;
  const std::vector<const ObjectRow*> objects_;
  const std::vector<const PanicRow*> panics_;
};

}  // namespace

HtmlLimits limits_of_one_in(std::size_t targets) {
  HtmlLimits limits;
  if (targets > 1) limits.rows = std::max<std::size_t>(limits.rows / targets, 10);
  return limits;
}

void html_target_json(JsonWriter& out, const HtmlTarget& target, std::optional<std::int64_t> realtime_at_0_ns,
                      const HtmlLimits& limits, StackDictionary& stacks) {
  out.object([&] { Target(out, target, limits, stacks).write(realtime_at_0_ns); });
}

}  // namespace gorotrace
