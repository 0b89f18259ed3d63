#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/plural.h"
#include "base/sort_stably.h"
#include "base/text.h"
#include "evidence/object_identity.h"
#include "evidence/waiters.h"
#include "report/text_parts.h"
#include "waits/wait_object.h"

namespace gorotrace {
namespace {

// A request's reply channel, a leaked goroutine's own: however many, they say one thing. A lock that somebody
// waits for now may be one half of a deadlock.
bool waited_on_once(const ObjectRow& row) {
  if (row.kind == ObjectRow::Kind::kSemaphore && row.blocked_now > 0) return false;
  return row.waits == 1 && row.sends <= 1 && row.receives <= 1 && row.closes <= 1 && row.acquires <= 1 &&
         row.releases <= 1;
}

// Channels that are waited for at one place, from eight on as in dump --waiters: a request has one of its
// own, whose address the heap gives to the next, so that one row may be of many.
struct Alike {
  ObjectRow sum;  // under the address of the one that was waited for longest
  std::size_t objects = 1;
};
void add_row(ObjectRow& sum, const ObjectRow& row) {
  for (const auto figure :
       {&ObjectRow::waits, &ObjectRow::selects, &ObjectRow::in_window_ns, &ObjectRow::blocked_now,
        &ObjectRow::sends, &ObjectRow::receives, &ObjectRow::closes, &ObjectRow::would_block})
    sum.*figure += row.*figure;
}
std::vector<Alike> folded(const std::vector<const ObjectRow*>& rows) {
  const auto place = [](const ObjectRow& row) {
    return row.kind == ObjectRow::Kind::kChannel ? row.waiter_stack : 0;
  };
  std::map<std::uint64_t, std::size_t> at_place;
  for (const ObjectRow* row : rows) ++at_place[place(*row)];
  std::map<std::uint64_t, std::size_t> shown_at;
  std::vector<Alike> out;
  for (const ObjectRow* row : rows) {
    const std::uint64_t where = place(*row);
    if (where == 0 || at_place[where] < kFewestAlike) {
      out.push_back({*row});
      continue;
    }
    const auto [at, first] = shown_at.emplace(where, out.size());
    if (first) {
      out.push_back({*row});
    } else {
      add_row(out[at->second].sum, *row);
      ++out[at->second].objects;
    }
  }
  sort_stably(out, std::ranges::greater{}, [](const Alike& alike) { return alike.sum.in_window_ns; });
  return out;
}

std::string count_text(const std::optional<std::uint64_t>& n) {
  return n ? short_count(*n) : "-";
}

// What was done with it, which only the groups chan and sync see.
std::string use_text(bool channel, const ObjectFigures& f) {
  if (channel ? !f.sends && !f.receives && !f.closes : !f.acquires && !f.releases) return "-";
  return channel ? fmt::format("{} send, {} recv, {} close", count_text(f.sends), count_text(f.receives),
                               count_text(f.closes))
                 : fmt::format("{} acq, {} rel", count_text(f.acquires), count_text(f.releases));
}

// The readers and the writers of an RWMutex wait for semaphores of their own.
std::string_view kind_text(std::string_view kind) {
  if (kind == name_of(SyncKind::kRWMutexRead)) return "rwmutex R";
  if (kind == name_of(SyncKind::kRWMutexWrite)) return "rwmutex W";
  return kind;
}

// Waits for a semaphore, which only the sync group books on a mutex or a WaitGroup. A sync.Cond has none: its
// waiters are in a list of their own (runtime/sema.go notifyListWait).
bool is_for_semaphore(std::string_view reason) {
  return reason == "semacquire" || (reason.starts_with("sync.") && reason != "sync.Cond.Wait");
}

std::string missing_text(const TextContext& c, const ObjectCoverage& coverage) {
  const bool mutexes = std::ranges::any_of(c.rows.blocking, [&](const BlockingRow& row) {
    return !row.in_syscall && is_for_semaphore(reason_name(row, c.facts));
  });
  if (!mutexes || coverage.semaphores.operations) return "";
  return wrapped(
      fmt::format("  mutexes and WaitGroups are missing, though goroutines {} for some: --probes "
                  "{},sync {}{}",
                  c.tense("wait", "waited"), c.facts.requested != 0 ? group_list(c.facts.requested) : "block",
                  c.tense("tells which", "would have told which"),
                  c.ended() ? ""
                            : fmt::format(", and without probes gorotrace{0}dump{0}-p{0}{1}{0}--waiters",
                                          kTie, c.facts.target.host_pid)),
      c.width, 4);
}

}  // namespace

std::string objects_text(const TextContext& c) {
  std::vector<const ObjectRow*> rows = object_rows(c.tables);
  const ObjectCoverage coverage = object_coverage(c.facts, c.tables);
  const std::string missing = missing_text(c, coverage);
  if (rows.empty()) return missing.empty() ? "" : "\n" + c.style.bold("CONTENDED OBJECTS") + "\n" + missing;
  std::size_t once = 0;
  std::uint64_t once_ns = 0;
  std::erase_if(rows, [&](const ObjectRow* row) {
    if (!waited_on_once(*row)) return false;
    ++once;
    once_ns += row->in_window_ns;
    return true;
  });
  const TableTrust trust = table_trust(TableKind::kObjects, c.facts, c.tables);
  const std::vector<Alike> alike = folded(rows);
  std::string out = table_title(c, "CONTENDED OBJECTS",
                                "by in_window · " + of_rows(c, alike.size()) + unfiltered(c, true), trust);
  if ((c.facts.requested & group_bit(GT_GROUP_BLOCK)) != 0)
    out += c.style.dim("  waits: a select at one channel; from before the attach as memory proved") + "\n";
  if (!rows.empty())
    out += c.style.dim(fmt::format("{:>9}{:>16}{:>8}{:>7}{:>11}  {}", "object", "address", "blocked", "waits",
                                   "in_window", "use")) +
           "\n";
  for (std::size_t i = 0; i < shown(alike.size(), c.options.limit); ++i) {
    const ObjectRow& row = alike[i].sum;
    const bool channel = row.kind == ObjectRow::Kind::kChannel;
    const ObjectFigures figures = object_figures(row, coverage);
    const ObjectIdentity object = object_identity(row, c.facts, c.symbols);
    std::string cells = pad_left(kind_text(object.kind), 9);
    add_cell(cells, fmt::format("{:#x}", object.address), 16);
    add_cell(cells, count_text(figures.blocked_now), 8);
    add_cell(cells, count_text(figures.waits), 7);
    add_cell(cells, duration_text(figures.in_window_ns), 11);
    const std::string use = use_text(channel, figures);
    out += display_width(cells) + 2 + display_width(use) <= c.width ? cells + "  " + use + "\n"
                                                                    : cells + "\n" + under(use);
    if (alike[i].objects > 1)
      out += under(fmt::format("and {} that look alike, in these figures: waited for at the same place",
                               plural(alike[i].objects - 1, "other channel")));
    if (object.kind == name_of(SyncKind::kRWMutexWrite))
      out += under(object.behind_writer ? "writers behind a writer" : "a writer behind readers");
    if (channel && row.would_block > 0)
      out += under(row.would_block == row.sends + row.receives
                       ? "every operation found it full or empty, as each of an unbuffered channel does"
                       : fmt::format("{} found it full or empty", plural(row.would_block, "operation")));
    if (alike[i].objects == 1) out += wakers_text(c, row.releasers, 0, channel ? "woken by" : "released by");
  }
  if (once > 0) {
    out += fmt::format("  {}{} waited on once{}: {} in_window\n", rows.empty() ? "" : "and ",
                       plural(once, "object"), once == 1 ? "" : " each", format_duration(once_ns));
  }
  out += missing;
  return out;
}

}  // namespace gorotrace
