#include "http/targets_json.h"

#include "report/facts_json.h"

namespace gorotrace {
namespace {

void container_field(JsonWriter& out, const ContainerName& container) {
  out.object_field("container", [&] {
    out.name_field("id", container.id);
    out.name_field("name", container.container);
    out.name_field("pod", container.pod);
    out.name_field("pod_uid", container.pod_uid);
    out.name_field("namespace", container.name_space);
  });
}

void target_json(JsonWriter& out, const AgentTarget& t) {
  out.object([&] {
    out.field("id", t.id);
    out.field("host_pid", t.pid);
    out.field("start_time_ticks", t.start_time_ticks);
    out.field("state", name_of(t.state));
    out.name_field("reason", t.reason);
    out.field("exe", t.executable);
    out.field("runtime_file", t.runtime_file());
    out.name_field("go_version", t.go_version);
    out.name_field("main_module", t.module);
    out.name_field("main_version", t.module_version);
    out.name_field("user", t.user);
    out.name_field("cgroup", t.cgroup);
    container_field(out, t.container);
    out.field("since_ns", t.since_ns);
    out.field("read_ns", t.read_ns != 0 ? std::optional(t.read_ns) : std::nullopt);
    out.field("goroutines", t.goroutines);
    out.field("created", t.created);
    out.field("exited", t.exited);
    out.field("syscalls", t.syscalls);
    out.field("readings", t.readings);
    out.field("read_errors", t.read_errors);
    out.field("cost_cpu_ns", t.cost_cpu_ns);
    out.field("blocked", t.blocked);
    groups_field(out, "probes", t.probes);
    groups_field(out, "probes_on", t.probes_on);
    out.field("charged_ns", t.charged_ns);
    out.field("events_lost", t.events_lost);
    out.field("sampled_ns", t.sampled_ns != 0 ? std::optional(t.sampled_ns) : std::nullopt);
  });
}

}  // namespace

void targets_json(JsonWriter& out, const TargetList& list) {
  out.object([&] {
    out.field("type", "targets");
    out.field("time_ns", list.time_ns);
    out.field("unix_ns", list.unix_ns);
    out.field("ready", list.ready);
    out.array_field("notices", list.notices, [&](const std::string& notice) { out.value(notice); });
    out.array_field("targets", list.targets, [&](const AgentTarget& target) {
      out.break_line();
      target_json(out, target);
    });
  });
}

}  // namespace gorotrace
