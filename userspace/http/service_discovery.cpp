#include "http/service_discovery.h"

#include <fmt/format.h>

#include <algorithm>

namespace gorotrace {
namespace {

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

// As its users know it: the executable's name says less of a program that was built by its module's. That of
// what a library is loaded into (python3) says nothing of it.
std::string_view name_of_program(const AgentTarget& target) {
  const std::string_view executable = last_part(target.runtime_file());
  return executable.empty() ? last_part(target.module) : executable;
}

}  // namespace

bool plain_host(std::string_view host) {
  return !host.empty() && host.size() <= 255 && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".-_[]:").find(c) != std::string_view::npos;
  });
}

void service_discovery_json(JsonWriter& out, std::span<const AgentTarget> targets, std::string_view server,
                            std::string_view node) {
  out.array([&] {
    for (const AgentTarget& target : targets) {
      if (target.state != WatchState::kWatched) continue;
      const std::string path = "/targets/" + target.id;
      const std::string_view name = name_of_program(target);
      out.break_line();
      out.object([&] {
        out.array_field("targets", [&] { out.value(server); });
        out.object_field("labels", [&] {
          out.field("__metrics_path__", path + "/metrics");
          out.field("__profile_path_prefix__", path);
          for (const std::string_view profile : kProfilesThereAre)
            out.field(fmt::format("__meta_gorotrace_profile_{}", profile),
                      fmt::format("{}/debug/pprof/{}", path, profile));
          // Of two libraries of a process the names may be equal: what tells them apart ends their ids.
          const std::string_view which =
              target.library.empty() ? "" : std::string_view(target.id).substr(target.id.rfind('-'));
          out.field("instance", fmt::format("{}/{}:{}{}", node, name, target.pid, which));
          out.field("job", name);
          out.field("service_name", name);
          // A label without a value is none to Prometheus.
          const auto label = [&out](std::string_view key, std::string_view value) {
            if (!value.empty()) out.field(key, value);
          };
          label("namespace", target.container.name_space);
          label("pod", target.container.pod);
          label("container", target.container.shown());
        });
      });
    }
  });
}

}  // namespace gorotrace
