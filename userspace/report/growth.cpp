#include "report/growth.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "base/text.h"
#include "report/quality.h"

namespace gorotrace {
namespace {

using nlohmann::json;

Frame place(std::string function, std::string file, int line) {
  Frame f;
  f.function = std::move(function);
  f.file = std::move(file);
  f.line = line;
  return f;
}

// Text from a file that anyone may have written; numbers out of range become 0.
std::string text_of(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? printable(it->get_ref<const std::string&>()) : "";
}

std::uint64_t number_of(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number_unsigned() ? it->get<std::uint64_t>() : 0;
}

Frame place_of(const json& object) {
  const std::uint64_t line = number_of(object, "line");
  return place(text_of(object, "function"), text_of(object, "file"),
               static_cast<int>(std::min<std::uint64_t>(line, INT32_MAX)));
}

// By name; nothing when they are not what dump_json() writes.
using NamedStacks = std::map<std::string, std::vector<Frame>, std::less<>>;
std::optional<NamedStacks> stacks_of(const json& dump) {
  NamedStacks out;
  for (const auto& [name, stack] : dump["stacks"].items()) {
    std::vector<Frame>& frames = out[name];
    if (!stack.is_object() || !stack.contains("frames") || !stack["frames"].is_array()) return std::nullopt;
    for (const json& frame : stack["frames"]) {
      if (!frame.is_object()) return std::nullopt;
      frames.push_back(place_of(frame));
    }
  }
  return out;
}

// A dump has eight levels. The parser did not end within 20 s over 5 million open brackets.
bool too_deep(std::string_view text) {
  constexpr int kDeepest = 64;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') ++i;
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if ((c == '[' || c == '{') && ++depth > kDeepest) return true;
    if (c == ']' || c == '}') --depth;
  }
  return false;
}

}  // namespace

bool PlaceLess::operator()(const std::vector<Frame>& a, const std::vector<Frame>& b) const {
  return std::ranges::lexicographical_compare(a, b, [](const Frame& x, const Frame& y) {
    return std::tie(x.function, x.line, x.file) < std::tie(y.function, y.line, y.file);
  });
}

Population population(const DumpView& view, const Selection& selection) {
  Population out;
  const Dump& dump = view.dump();
  const SnapshotCounts& c = dump.snapshot.counts;
  out.program = dump.target.exe + " " + dump.target.main_module;
  out.unix_ns = dump.unix_ns;
  out.goroutines = selection.goroutines.size();
  out.exact = c.not_reached + c.implausible + c.unreadable + c.unproven == 0;
  // Counted by what is cheap to compare first, named after.
  std::map<std::uint32_t, std::pair<std::uint64_t, const GoroutineSnapshot*>> stacks;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::pair<std::uint64_t, const GoroutineSnapshot*>> sites;
  for (const GoroutineSnapshot* g : selection.goroutines) {
    if (const std::string_view why = missing_stack(*g); !why.empty()) {
      ++out.stacks[{place(fmt::format("[stack unavailable: {}]", why), "", 0)}];
    } else {
      auto& [count, example] = stacks[g->stack];
      ++count;
      example = g;
    }
    auto& [count, example] = sites[{g->gopc, g->startpc}];
    ++count;
    example = g;
  }
  for (const auto& [index, counted] : stacks) {
    std::vector<Frame> frames;
    for (const Call& call : view.stack(*counted.second)) {
      for (const Frame& f : *call.frames) frames.push_back(place(f.function, f.file, f.line));
    }
    out.stacks[std::move(frames)] += counted.first;
  }
  for (const auto& [key, counted] : sites) {
    const CreationSite site = view.creation(*counted.second);
    std::vector<Frame> places{place(view.start_function(*counted.second), "", 0)};
    if (!site.function.empty()) places.push_back(place(site.function, site.file, site.line));
    out.sites[std::move(places)] += counted.first;
  }
  return out;
}

Result<Population> population_from_json(std::string_view text, const std::string& source) {
  const auto refuse = [&](const char* why) {
    return fail(ErrorKind::kUsage, fmt::format("{}: {}", source, why));
  };
  const json dump = too_deep(text) ? json() : json::parse(text, nullptr, false);
  if (!dump.is_object() || text_of(dump, "type") != "dump" || !dump.contains("goroutines") ||
      !dump["goroutines"].is_array() || !dump.contains("stacks") || !dump["stacks"].is_object())
    return refuse("not a file that gorotrace dump --format json has written");
  Population out;
  if (dump.contains("not_shown") && number_of(dump["not_shown"], "limit") > 0)
    return refuse("made with --limit: goroutines are missing from it");
  if (dump.contains("target"))
    out.program = text_of(dump["target"], "exe") + " " + text_of(dump["target"], "main_module");
  out.unix_ns = number_of(dump, "at_unix_ns");
  out.exact = text_of(dump, "quality") == name_of(Quality::kExact);
  const auto stacks = stacks_of(dump);
  if (!stacks) return refuse("a stack in it is not a list of frames");
  for (const json& g : dump["goroutines"]) {
    if (!g.is_object()) return refuse("a goroutine in it is not an object");
    ++out.goroutines;
    const auto name = g.find("stack");
    if (name != g.end() && !name->is_null()) {
      const auto stack =
          name->is_string() ? stacks->find(name->get_ref<const std::string&>()) : stacks->end();
      if (stack == stacks->end()) return refuse("a goroutine names a stack that is not in it");
      ++out.stacks[stack->second];
    } else {
      ++out.stacks[{place(fmt::format("[stack unavailable: {}]", text_of(g, "stack_missing")), "", 0)}];
    }
    std::vector<Frame> places{place(text_of(g, "start_function"), "", 0)};
    if (const auto made = g.find("created_by"); made != g.end() && made->is_object())
      places.push_back(place_of(*made));
    ++out.sites[std::move(places)];
  }
  return out;
}

void GrowthTracker::follow(Tracks& tracks, const PlaceCounts& counts, bool first_look) {
  for (auto& [places, track] : tracks) {
    const auto it = counts.find(places);
    const std::uint64_t now = it == counts.end() ? 0 : it->second;
    track.never_shrank = track.never_shrank && now >= track.last;
    track.last = now;
  }
  for (const auto& [places, count] : counts)
    tracks.try_emplace(places, Track{first_look ? count : 0, count, true});
}

void GrowthTracker::add(const Population& look) {
  const bool first_look = so_far_.looks++ == 0;
  if (first_look) {
    so_far_.from_unix_ns = look.unix_ns;
    so_far_.first = look.goroutines;
  }
  so_far_.to_unix_ns = look.unix_ns;
  so_far_.last = look.goroutines;
  so_far_.exact = so_far_.exact && look.exact;
  follow(stacks_, look.stacks, first_look);
  follow(sites_, look.sites, first_look);
}

std::size_t GrowthTracker::collect(const Tracks& tracks, std::vector<Grown>& grown) {
  std::size_t shrunk = 0;
  for (const auto& [places, track] : tracks) {
    if (track.last > track.first) grown.push_back({places, track.first, track.last, track.never_shrank});
    if (track.last < track.first) ++shrunk;
  }
  std::ranges::sort(grown, [](const Grown& a, const Grown& b) {
    const std::uint64_t more = a.last - a.first, less = b.last - b.first;
    return more != less ? more > less : PlaceLess{}(a.places, b.places);
  });
  return shrunk;
}

Growth GrowthTracker::result() const {
  Growth out = so_far_;
  out.stacks_shrunk = collect(stacks_, out.stacks);
  out.sites_shrunk = collect(sites_, out.sites);
  return out;
}

}  // namespace gorotrace
