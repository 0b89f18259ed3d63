#include "evidence/dump_select.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "base/seeded_hash.h"
#include "golang/frame_class.h"

namespace gorotrace {
namespace {

// Answers per distinct stack and creation site are kept: many goroutines share them.
class Matcher {
 public:
  Matcher(const DumpView& view, const DumpFilter& filter) : view_(view), filter_(filter) {}

  bool matches(const GoroutineSnapshot& g) {
    if (!filter_.reasons.empty() &&
        std::ranges::find(filter_.reasons, view_.state(g)) == filter_.reasons.end())
      return false;
    if (!filter_.states.empty() && std::ranges::find(filter_.states, g.status) == filter_.states.end())
      return false;
    if (!filter_.functions.empty() && !stack_matches(g)) return false;
    if (!filter_.goids.empty() && std::ranges::find(filter_.goids, g.goid) == filter_.goids.end())
      return false;
    return filter_.labels.empty() || std::ranges::any_of(view_.labels(g), [&](const auto& label) {
             return std::ranges::find(filter_.labels, label) != filter_.labels.end();
           });
  }
  // Nothing when a library's go statement made it, and for whom is not known.
  std::optional<bool> created(const GoroutineSnapshot& g) {
    if (filter_.created_by.empty()) return true;
    if (g.goid == 1) return false;
    const auto named = [&](std::string_view function) { return contains_any(function, filter_.created_by); };
    const auto [it, fresh] = by_gopc_.try_emplace(g.gopc);
    Site& site = it->second;
    if (fresh) {
      const std::string function = view_.creation(g).function;
      site = {named(function), !function.empty() && !is_user_code(function)};
    }
    if (site.named) return true;
    const std::vector<Frame>& way = view_.way(g);
    if (std::ranges::any_of(way, named, &Frame::function)) return true;
    if (site.of_library && (way.empty() || !is_user_code(way.back().function))) return std::nullopt;
    return false;
  }

 private:
  struct Site {
    bool named = false, of_library = false;
  };
  bool stack_matches(const GoroutineSnapshot& g) {
    const auto [it, fresh] = by_stack_.try_emplace(g.stack, false);
    if (fresh) {
      for (const Call& call : view_.stack(g)) {
        for (const Frame& frame : *call.frames) it->second |= contains_any(frame.function, filter_.functions);
      }
    }
    return it->second;
  }

  const DumpView& view_;
  const DumpFilter& filter_;
  SeededMap<std::uint32_t, bool> by_stack_;
  SeededMap<std::uint64_t, Site> by_gopc_;
};

void count(KnownWaitCounts& counts, const KnownWait& known) {
  ++counts.waiting;
  if (known.exact) {
    ++counts.parks;
    return;
  }
  counts.probes += known.source == WaitSource::kProbes ? 1 : 0;
  counts.sampling += known.source == WaitSource::kSampling ? 1 : 0;
  counts.collections += known.source == WaitSource::kCollections ? 1 : 0;
  counts.moved += !known.known() && known.moved_ns != 0 ? 1 : 0;
}

}  // namespace

Selection select(const DumpView& view, const DumpFilter& filter) {
  Selection out;
  out.conditions = filter.conditions();
  Matcher matcher(view, filter);
  SeededMap<std::uint64_t, bool> runtimes;  // by startpc
  for (const GoroutineSnapshot& g : view.goroutines()) {
    if (!filter.system) {
      const auto [it, fresh] = runtimes.try_emplace(g.startpc, false);
      if (fresh) it->second = is_system_goroutine(view.start_function(g));
      // Some of these change sides.
      if (it->second && view.system(g)) {
        ++out.system_hidden;
        continue;
      }
    }
    if (is_waiting(g)) count(out.known_waits, view.known_wait(g));
    const std::optional<bool> created = matcher.matches(g) ? matcher.created(g) : false;
    if (!created) {
      ++out.unknown_creator;
      continue;
    }
    if (!*created) {
      ++out.unmatched;
      continue;
    }
    if (filter.min_wait_ns) {
      const auto waited = view.waiting_at_least_ns(g);
      if (!waited && is_waiting(g) && !view.moved_within(g, *filter.min_wait_ns)) {
        ++out.unknown_wait;
        continue;
      }
      if (!waited || *waited < *filter.min_wait_ns) {
        ++out.unmatched;
        continue;
      }
    }
    out.goroutines.push_back(&g);
  }
  std::ranges::sort(out.goroutines, {}, &GoroutineSnapshot::index);
  return out;
}

}  // namespace gorotrace
