#include "evidence/population_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/number.h"
#include "base/text.h"
#include "evidence/quality.h"
#include "golang/frame_class.h"

namespace gorotrace {
namespace {

using nlohmann::json;

// Text from a file that anyone may have written; numbers out of range become 0.
std::string text_of(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? printable(it->get_ref<const std::string&>()) : "";
}

std::uint64_t number_of(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number_unsigned() ? it->get<std::uint64_t>() : 0;
}

// "0x7ffd5a3c1f80"; anything else is 0.
std::uint64_t address_of(const json& object, const char* key) {
  const std::string text = text_of(object, key);
  if (!text.starts_with("0x")) return 0;
  return whole_number<std::uint64_t>(std::string_view(text).substr(2), 16).value_or(0);
}

// Nothing where the file is of before they were written.
std::optional<std::vector<std::string>> conditions_of(const json& dump) {
  const auto it = dump.find("conditions");
  if (it == dump.end() || !it->is_array()) return std::nullopt;
  std::vector<std::string> out;
  for (const json& condition : *it) {
    if (condition.is_string()) out.push_back(printable(condition.get_ref<const std::string&>()));
  }
  std::ranges::sort(out);
  return out;
}

Frame place_of(const json& object) {
  const std::uint64_t line = number_of(object, "line");
  return place(text_of(object, "function"), text_of(object, "file"),
               static_cast<int>(std::min<std::uint64_t>(line, INT32_MAX)));
}

DumpSubject subject_of(const json& dump) {
  DumpSubject out;
  if (const auto it = dump.find("target"); it != dump.end() && it->is_object()) {
    out.target = {
        .pid = static_cast<pid_t>(std::min<std::uint64_t>(number_of(*it, "pid"), INT32_MAX)),
        .host_pid = static_cast<pid_t>(std::min<std::uint64_t>(number_of(*it, "host_pid"), INT32_MAX)),
        .exe = text_of(*it, "exe"),
        .file = text_of(*it, "runtime_file"),
        .go_version = text_of(*it, "go_version"),
        .main_module = text_of(*it, "main_module"),
        .main_version = text_of(*it, "main_version")};
  }
  if (const auto it = dump.find("identity"); it != dump.end() && it->is_object()) {
    out.identity = {.boot_id = text_of(*it, "boot_id"),
                    .start_ticks = number_of(*it, "start_ticks"),
                    .start_stack = address_of(*it, "start_stack"),
                    .main_package = text_of(*it, "main_package")};
  }
  return out;
}

// By name; nothing when they are not what dump_json() writes.
using StacksByName = std::map<std::string, std::vector<Frame>, std::less<>>;
std::optional<StacksByName> stacks_of(const json& dump) {
  StacksByName out;
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

// The go statements behind a goroutine, as far as they are what dump_json() writes.
std::vector<ChainLink> chain_of(const json& goroutine, const StacksByName& creators) {
  std::vector<ChainLink> out;
  const auto chain = goroutine.find("creation_chain");
  if (chain == goroutine.end() || !chain->is_array()) return out;
  for (const json& said : *chain) {
    if (!said.is_object() || out.size() == KnownCreations::kMaxLinks) break;
    ChainLink& link = out.emplace_back();
    const auto stack = creators.find(text_of(said, "stack"));
    if (stack != creators.end()) link.stack = stack->second;
    if (const auto site = said.find("site"); site != said.end() && site->is_array()) {
      for (const json& frame : *site) {
        if (frame.is_object()) link.site.push_back(place_of(frame));
      }
    }
    if (const std::string start = text_of(said, "function"); !start.empty()) link.start = place(start, "", 0);
  }
  return out;
}

StacksByName creator_stacks_of(const json& dump) {
  StacksByName out;
  const auto stacks = dump.find("creator_stacks");
  if (stacks == dump.end() || !stacks->is_object()) return out;
  for (const auto& [name, frames] : stacks->items()) {
    if (!frames.is_array()) continue;
    for (const json& frame : frames) {
      if (frame.is_object()) out[name].push_back(place_of(frame));
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
  out.subject = subject_of(dump);
  out.unix_ns = number_of(dump, "at_unix_ns");
  out.exact = text_of(dump, "quality") == name_of(Quality::kExact);
  out.conditions = conditions_of(dump);
  const auto stacks = stacks_of(dump);
  if (!stacks) return refuse("a stack in it is not a list of frames");
  const StacksByName creators = creator_stacks_of(dump);
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
      ++out.stacks[{no_stack(text_of(g, "stack_missing"))}];
    }
    std::vector<Frame> places{place(text_of(g, "start_function"), "", 0)};
    if (const auto made = g.find("created_by"); made != g.end() && made->is_object())
      places.push_back(place_of(*made));
    if (places.size() > 1 && !is_user_code(places[1].function))
      ++out.ways[places][way_from_user_code(chain_of(g, creators))];
    ++out.sites[std::move(places)];
  }
  return out;
}

}  // namespace gorotrace
