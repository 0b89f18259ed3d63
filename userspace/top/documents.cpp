#include "top/documents.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "base/text.h"

namespace gorotrace {
namespace {

using nlohmann::json;

// What is read of a document. The rest is passed over before it takes memory: a tree of values takes ten
// times that of its text.
const std::unordered_set<std::string>& wanted_fields() {
  static const std::unordered_set<std::string> fields{
      "type",          "time_ns",   "ready",       "notices",
      "targets",       "id",        "host_pid",    "state",
      "reason",        "exe",       "go_version",  "main_module",
      "user",          "cgroup",    "container",   "name",
      "pod",           "namespace", "goroutines",  "blocked",
      "read_ns",       "target",    "cost_cpu_ns", "ended_by",
      "window_ns",     "live",      "created",     "goroutine_seconds",
      "exited",        "running",   "runnable",    "running_or_runnable",
      "waiting",       "syscall",   "unknown",     "live_integral",
      "blocking",      "stack",     "function",    "standard_error",
      "file",          "line",      "truncated",   "oldest_is_lower_bound",
      "blocked_now",   "oldest_ns", "sampled",     "ns",
      "error_ns",      "max_ns",    "long_waits",  "in_window_ns",
      "creation",      "site",      "origins",     "other_stacks",
      "live_at_start", "chain",     "begin_ns",    "runtime_file"};
  return fields;
}

Result<json> parse(std::string_view text, std::string_view type) {
  const auto keep = [](int, json::parse_event_t event, const json& value) {
    return event != json::parse_event_t::key || wanted_fields().contains(value.get_ref<const std::string&>());
  };
  json document = json::parse(text.begin(), text.end(), keep, false);
  if (document.is_discarded() || !document.is_object())
    return fail(ErrorKind::kFailed, "the answer is no JSON object");
  const auto said = document.find("type");
  if (said == document.end() || !said->is_string() || said->get_ref<const std::string&>() != type)
    return fail(ErrorKind::kFailed, "the answer is none of the kind \"" + std::string(type) + "\"");
  return document;
}

const json* member(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

std::string text_of(const json& object, const char* key) {
  const json* value = member(object, key);
  return value != nullptr && value->is_string() ? printable(value->get_ref<const std::string&>()) : "";
}

std::optional<std::uint64_t> maybe_number(const json& object, const char* key) {
  const json* value = member(object, key);
  if (value == nullptr || !value->is_number_unsigned()) return std::nullopt;
  return value->get<std::uint64_t>();
}

std::uint64_t number_of(const json& object, const char* key) {
  return maybe_number(object, key).value_or(0);
}

std::optional<double> maybe_seconds(const json& object, const char* key) {
  const json* value = member(object, key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double seconds = value->get<double>();
  return std::isfinite(seconds) && seconds >= 0 ? std::optional(seconds) : std::nullopt;
}

bool is_true(const json& object, const char* key) {
  const json* value = member(object, key);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

template <typename Each>
void each_of(const json& object, const char* key, const Each& each) {
  const json* values = member(object, key);
  if (values == nullptr || !values->is_array()) return;
  for (const json& value : *values) each(value);
}

std::vector<std::string> texts_of(const json& object, const char* key) {
  std::vector<std::string> out;
  each_of(object, key, [&](const json& value) {
    if (value.is_string()) out.push_back(printable(value.get_ref<const std::string&>()));
  });
  return out;
}

TopStack stack_of(const json& object, const char* key) {
  TopStack out;
  each_of(object, key, [&](const json& frame) {
    out.push_back({text_of(frame, "function"), text_of(frame, "file"), number_of(frame, "line")});
  });
  return out;
}

// It becomes part of a path.
bool is_target_id(std::string_view id) {
  const std::size_t hyphen = id.find('-');
  if (hyphen == std::string_view::npos || id.size() > 64) return false;
  const auto all_of = [](std::string_view part, std::string_view digits) {
    return !part.empty() && part.find_first_not_of(digits) == std::string_view::npos;
  };
  constexpr std::string_view kHex = "0123456789abcdef", kDecimal = kHex.substr(0, 10);
  const std::string_view start = id.substr(hyphen + 1);
  const std::size_t second = start.find('-');
  return all_of(id.substr(0, hyphen), kDecimal) && all_of(start.substr(0, second), kDecimal) &&
         (second == std::string_view::npos || all_of(start.substr(second + 1), kHex));
}

TopProcess process_of(const json& target) {
  TopProcess out;
  out.id = text_of(target, "id");
  out.pid = number_of(target, "host_pid");
  out.state = text_of(target, "state");
  out.reason = text_of(target, "reason");
  out.exe = text_of(target, "exe");
  out.runtime_file = text_of(target, "runtime_file");
  out.go_version = text_of(target, "go_version");
  out.module = text_of(target, "main_module");
  out.user = text_of(target, "user");
  out.cgroup = text_of(target, "cgroup");
  if (const json* container = member(target, "container")) {
    constexpr std::size_t kShortId = 12;
    out.container = text_of(*container, "name");
    if (out.container.empty()) out.container = printable(text_of(*container, "id").substr(0, kShortId));
    out.pod = text_of(*container, "pod");
    out.name_space = text_of(*container, "namespace");
  }
  out.goroutines = maybe_number(target, "goroutines");
  out.blocked = maybe_number(target, "blocked");
  out.read_ns = maybe_number(target, "read_ns");
  out.cost_cpu_ns = number_of(target, "cost_cpu_ns");
  return out;
}

TopWait wait_of(const json& row) {
  TopWait out;
  out.reason = text_of(row, "reason");
  out.stack = stack_of(row, "stack");
  out.truncated = is_true(row, "truncated");
  out.blocked = number_of(row, "blocked_now");
  out.in_window_ns = number_of(row, "in_window_ns");
  out.other_stacks = number_of(row, "other_stacks");
  out.oldest_ns = maybe_number(row, "oldest_ns");
  out.oldest_is_lower_bound = is_true(row, "oldest_is_lower_bound");
  out.longest_ns = maybe_number(row, "max_ns");
  if (const json* sampled = member(row, "sampled")) {
    out.error_ns = maybe_number(*sampled, "error_ns");
    const json* waits = member(*sampled, "long_waits");
    const auto longest = waits != nullptr ? maybe_number(*waits, "max_ns") : std::nullopt;
    out.longest_ns = std::max(out.longest_ns, longest);
  }
  return out;
}

TopSite site_of(const json& row) {
  TopSite out;
  out.function = text_of(row, "function");
  out.site = stack_of(row, "site");
  out.live = number_of(row, "live");
  out.created = maybe_number(row, "created");
  out.exited = maybe_number(row, "exited");
  out.oldest_ns = maybe_number(row, "oldest_ns");
  out.oldest_is_lower_bound = is_true(row, "oldest_is_lower_bound");
  if (const json* sampled = member(row, "sampled")) {
    out.lived_ns = maybe_number(*sampled, "ns");
    out.error_ns = maybe_number(*sampled, "error_ns");
  }
  each_of(row, "origins", [&](const json& origin) {
    TopSite::Origin& way = out.origins.emplace_back();
    way.live = number_of(origin, "live");
    each_of(origin, "chain", [&](const json& link) {
      TopSite& from = way.chain.emplace_back();
      from.function = text_of(link, "function");
      from.site = stack_of(link, "site");
    });
  });
  return out;
}

void read_states(const json& times, TopStat& out) {
  const json* errors = member(times, "standard_error");
  for (const char* name : {"running", "runnable", "running_or_runnable", "waiting", "syscall", "unknown"}) {
    const auto seconds = maybe_seconds(times, name);
    if (!seconds) continue;
    out.states.push_back({name, *seconds, errors != nullptr ? maybe_seconds(*errors, name) : std::nullopt});
  }
  out.live_integral_s = maybe_seconds(times, "live_integral").value_or(0);
}

}  // namespace

Result<TopNode> parse_node(std::string_view text) {
  const auto document = parse(text, "targets");
  if (!document) return std::unexpected(document.error());
  TopNode out;
  out.time_ns = number_of(*document, "time_ns");
  out.ready = is_true(*document, "ready");
  out.notices = texts_of(*document, "notices");
  each_of(*document, "targets", [&](const json& target) {
    TopProcess process = process_of(target);
    if (is_target_id(process.id)) out.processes.push_back(std::move(process));
  });
  return out;
}

Result<TopStat> parse_stat(std::string_view text) {
  const auto document = parse(text, "summary");
  if (!document) return std::unexpected(document.error());
  TopStat out;
  if (const json* target = member(*document, "target")) {
    out.pid = number_of(*target, "host_pid");
    out.exe = text_of(*target, "exe");
    out.runtime_file = text_of(*target, "runtime_file");
    out.go_version = text_of(*target, "go_version");
    out.module = text_of(*target, "main_module");
  }
  out.ended_by = text_of(*document, "ended_by");
  out.begin_ns = number_of(*document, "begin_ns");
  out.window_ns = number_of(*document, "window_ns");
  if (const json* counts = member(*document, "goroutines")) {
    out.live = maybe_number(*counts, "live");
    out.live_at_start = maybe_number(*counts, "live_at_start");
    out.created = maybe_number(*counts, "created");
    out.exited = maybe_number(*counts, "exited");
  }
  if (const json* times = member(*document, "goroutine_seconds")) read_states(*times, out);
  each_of(*document, "blocking", [&](const json& row) { out.waits.push_back(wait_of(row)); });
  each_of(*document, "creation", [&](const json& row) { out.sites.push_back(site_of(row)); });
  out.notices = texts_of(*document, "notices");
  return out;
}

}  // namespace gorotrace
