#include "report/dump_text.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "base/plural.h"
#include "base/text.h"
#include "evidence/dump_groups.h"
#include "report/columns.h"
#include "report/goroutine_header.h"
#include "report/stack_record.h"
#include "report/wrapping.h"

namespace gorotrace {
namespace {

constexpr std::string_view kNote = "# gorotrace: ";

std::string note_lines(const std::string& note, std::size_t width) {
  const std::string line = fmt::format("{}{}", kNote, note);
  if (width == kNoWidth) return line + "\n";
  constexpr std::size_t kIndent = 4;
  std::string lines = wrapped(line, width, kIndent);
  for (std::size_t at = 0; (at = lines.find('\n', at)) + 1 < lines.size();) lines[++at] = '#';
  return lines;
}

void write_notes(const DumpView& view, const Selection& selection, const TextSink& sink, std::size_t width) {
  for (const std::string& note : dump_notes(view, selection)) sink(note_lines(note, width));
}

// How many of n to show; says what is left out.
std::size_t limited(std::size_t n, std::size_t limit, const char* what, const TextSink& sink) {
  if (limit == 0 || n <= limit) return n;
  sink(fmt::format("{}{} not shown (--limit 0: all)\n", kNote, plural(n - limit, what)));
  return limit;
}

void append_offset(std::string& out, std::uint64_t offset) {
  if (offset > 0) out += fmt::format(" +{:#x}", offset);
  out += '\n';
}

std::string place(const std::string& file, int line) {
  return fmt::format("\t{}:{}", file.empty() ? "?" : file, line);
}

void append_frame(std::string& out, const Frame& frame, std::uint64_t offset) {
  out += traceback_name(frame) + "(...)\n" + place(frame.file, frame.line);
  append_offset(out, offset);
}

void append_frames(std::string& out, std::span<const Call> stack, const GoVersion& version) {
  for (const auto& [frame, offset] : traceback_frames(stack, version)) append_frame(out, *frame, offset);
}

// runtime/traceback.go printcreatedby1; creator 0: it does not say who.
void append_creator(std::string& out, const CreationSite& site, std::uint64_t creator) {
  if (!site.shown) return;
  out += "created by " + site.function;
  if (creator != 0) out += fmt::format(" in goroutine {}", creator);
  out += "\n" + place(site.file, site.line);
  append_offset(out, site.offset);
}

// runtime/traceback.go printAncestorTraceback: at the pcs as they are, which for the most part are a call's
// return address and so name the line behind it.
void append_ancestors(std::string& out, const DumpView& view, const GoroutineSnapshot& g) {
  const GoVersion& version = view.dump().version;
  for (const Ancestor& ancestor : view.ancestors(g)) {
    out += fmt::format("[originating from goroutine {}]:\n", ancestor.goid);
    bool first = true;
    for (const std::uint64_t pc : *ancestor.pcs) {
      const std::vector<Frame>& frames = view.frames_at(pc);
      const std::uint64_t entry = frames.back().entry + view.load_bias();
      if (shown_alone(frames.back(), first, version))
        append_frame(out, frames.front(), pc > entry ? pc - entry : 0);
      first = false;
    }
    if (ancestor.pcs->size() == max_ancestor_frames(version)) out += "...additional frames elided...\n";
    if (ancestor.goid != 1) append_creator(out, view.creation(ancestor.gopc), 0);
  }
}

// The same of goroutines whose creation was watched: from the library's go statements back to the program's
// code.
void append_chain(std::string& out, const DumpView& view, const GoroutineSnapshot& g) {
  const std::vector<ChainLink> chain = view.chain(g);
  for (std::size_t i = 0; i < chain.size() && !chain[i].stack.empty(); ++i) {
    out += fmt::format("[originating from goroutine {}]:\n", chain[i].creator);
    for (const Frame& frame : chain[i].stack) {
      if (shown_alone(frame, false, view.dump().version)) append_frame(out, frame, 0);
    }
  }
}

// What was watched before the look, what that cost and lost, and of how many waits it tells.
void add_watch_notes(const StatFacts& facts, const Selection& selection, std::vector<std::string>& out) {
  const auto percent = [](double of, double all) { return short_percent(all > 0 ? 100 * of / all : 0); };
  std::string how = fmt::format("observed for {}", format_duration(facts.end_ns - facts.begin_ns));
  if (facts.requested != 0) {
    how += fmt::format(" by probes: {} events received, {} lost, {} % of the process's CPU (estimated)",
                       facts.events.received, facts.events.dropped_total(),
                       percent(facts.cost.charged_ns, static_cast<double>(facts.cost.target_cpu_ns)));
  }
  if (facts.sampling && facts.sampling->looks > 0) {
    const SamplingFacts& c = *facts.sampling;
    how += fmt::format("{} by sampling: {} of every goroutine, one in {}, {} % of one CPU of gorotrace",
                       facts.requested != 0 ? ", and" : "", plural(c.looks, "sample"),
                       format_duration(c.time_ns / c.looks),
                       percent(static_cast<double>(c.cpu_ns), static_cast<double>(c.time_ns)));
  }
  out.push_back(how);
  if (const std::uint64_t missing = facts.events.on_their_way(); missing > 0)
    out.push_back(fmt::format("{} events had not arrived: what probes saw is not told", missing));
  for (const Detachment& d : facts.detached)
    out.push_back(fmt::format("probes {} detached: {}", name_of(d.group), printable(d.reason, 256)));
  for (const std::string& notice : facts.notices) out.push_back(printable(notice, 1024));

  const KnownWaitCounts& n = selection.known_waits;
  std::string bounds;
  for (const auto& [count, by] :
       {std::pair{n.probes, "probes"}, {n.sampling, "sampling"}, {n.collections, "garbage collections"}}) {
    if (count > 0) bounds += fmt::format("{}{} {}", bounds.empty() ? "" : ", ", by, count);
  }
  const std::size_t at_least = n.known() - n.parks;
  // One way alone needs no count of its own.
  const bool one_way = bounds.find(',') == std::string::npos;
  if (one_way) bounds = bounds.substr(0, bounds.rfind(' '));
  out.push_back(fmt::format("Wait time known for {} of {}: {} exact (park seen), {}{}.", n.known(),
                            plural(n.waiting, "waiting goroutine"), n.parks, plural(at_least, "lower bound"),
                            at_least > 0 ? " (" + bounds + ")" : ""));
  if (n.moved > 0) out.back() += fmt::format(" {} more moved meanwhile.", n.moved);
}

}  // namespace

std::vector<std::string> dump_notes(const DumpView& view, const Selection& selection) {
  const SnapshotCounts& c = view.dump().snapshot.counts;
  std::vector<std::string> out;
  out.push_back(
      fmt::format("{} of process {} read in {} ms; stacks proven {}, of them after a retry {}; unproven {}; "
                  "none: {} running, {} moved, {} without a saved frame",
                  plural(c.alive, "goroutine"), view.dump().target.host_pid,
                  (c.end_ns - c.begin_ns + 500'000) / 1'000'000, c.stacks - c.unproven, c.retried, c.unproven,
                  c.running, c.unvalidated, c.no_base));
  if (const std::string& held = view.dump().held; !held.empty())
    out.push_back(fmt::format("the process was {}: what it was doing is what it did when that began",
                              printable(held, 512)));
  if (c.end_outside > 0)
    out.push_back(
        fmt::format("{} at code that is not the program's own (of C, or made at run time)",
                    c.end_outside == 1 ? "1 stack ends" : fmt::format("{} stacks end", c.end_outside)));
  if (c.implausible > 0)
    out.push_back(fmt::format("INCOMPLETE: {} more goroutines are claimed than the process has memory for",
                              c.implausible));
  if (c.not_reached + c.unreadable > 0)
    out.push_back(fmt::format("INCOMPLETE: {} goroutines not reached in time, {} not readable", c.not_reached,
                              c.unreadable));
  if (const auto& facts = view.dump().watched) add_watch_notes(*facts, selection, out);
  if (const auto n = view.dump().waits.labels_unreadable; n > 0)
    out.push_back(fmt::format(
        "labels of {} goroutines make no sense, or are longer than 64 kB, and are shown as none", n));
  if (selection.system_hidden > 0)
    out.push_back(fmt::format("{} of the runtime itself not shown (--system shows them)",
                              plural(selection.system_hidden, "goroutine")));
  if (selection.unmatched > 0)
    out.push_back(
        fmt::format("{} not shown by the conditions given", plural(selection.unmatched, "goroutine")));
  if (selection.unknown_wait > 0)
    out.push_back(fmt::format("{} not shown, of unknown wait time{}",
                              plural(selection.unknown_wait, "waiting goroutine"),
                              view.dump().watched ? "" : "; --observe 5s measures it for that long"));
  if (selection.unknown_creator > 0)
    out.push_back(
        fmt::format("the creators of {} are not known (made before gorotrace looked), so they are "
                    "not shown; --observe 10s --probes lifecycle learns those of goroutines made "
                    "meanwhile",
                    plural(selection.unknown_creator, "goroutine")));
  return out;
}

void dump_text(const DumpView& view, const Selection& selection, std::size_t limit, const TextSink& sink,
               std::size_t width, Notes notes) {
  if (notes == Notes::kWritten) write_notes(view, selection, sink, width);
  const Dump& dump = view.dump();
  const std::size_t n = limited(selection.goroutines.size(), limit, "more goroutine", sink);
  for (std::size_t i = 0; i < n; ++i) {
    const GoroutineSnapshot* g = selection.goroutines[i];
    std::string out = i == 0 ? "" : "\n";
    out += goroutine_header(*g, view.shown_wait_ns(*g), dump.version, dump.wait_reasons,
                            dump.labels_in_tracebacks ? &view.labels(*g) : nullptr) +
           "\n";
    if (const std::string_view why = missing_stack(*g); !why.empty()) {
      // The runtime's own line, which parsers know; what follows it is ours.
      out += "\tgoroutine running on other thread; stack unavailable";
      if (why != "running") out += fmt::format(": {}", why);
      out += "\n";
    } else {
      const std::vector<Call> stack = view.stack(*g);
      const std::span<const Call> calls(stack);
      if (const StackSet::Gap gap = view.gap(*g); gap.calls > 0 && gap.at < calls.size()) {
        append_frames(out, calls.first(gap.at), dump.version);
        out += fmt::format("...{} frames elided...\n", gap.calls);
        append_frames(out, calls.subspan(gap.at), dump.version);
      } else {
        append_frames(out, calls, dump.version);
        if (g->truncated) out += "...additional frames elided...\n";
      }
    }
    append_creator(out, view.creation(*g), g->parent_goid);
    // The runtime has none of one that runs.
    if (missing_stack(*g).empty()) append_ancestors(out, view, *g);
    if (view.ancestors(*g).empty() && !dump.creations.creations.empty()) append_chain(out, view, *g);
    sink(out);
  }
}

void dump_group_text(const DumpView& view, const Selection& selection, std::size_t limit,
                     const TextSink& sink, std::size_t width, Notes notes) {
  if (notes == Notes::kWritten) write_notes(view, selection, sink, width);
  std::vector<StackGroup> groups = group_by_stack(view, selection);
  groups.resize(limited(groups.size(), limit, "more group", sink));
  sink(fmt::format("goroutine profile: total {}\n", selection.goroutines.size()));
  for (const StackGroup& group : groups) {
    const std::vector<Call> stack = view.stack(*group.example);
    const std::vector<const Frame*> frames = profile_frames(stack);
    std::string out = fmt::format("{} {}\n", group.count, profile_key(frames, view.load_bias()));
    if (!group.labels.empty()) out += fmt::format("# labels: {}\n", group.labels);
    if (const std::string_view why = missing_stack(*group.example); !why.empty()) {
      out += fmt::format("{}no stack: {}\n\n", kNote, why);
    } else {
      out += stack_record(frames, view.load_bias(), view.dump().version);
    }
    sink(out);
  }
}

}  // namespace gorotrace
