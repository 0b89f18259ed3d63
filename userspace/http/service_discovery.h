// The targets that are watched as Prometheus's HTTP service discovery lists them
// (https://prometheus.io/docs/prometheus/latest/http_sd/), and profilers that read the same. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/agent_target.h"
#include "base/json_writer.h"

namespace gorotrace {

// Profiles that /targets/ID/debug/pprof/ has and that are read without a probe: scrapers ask for these alone.
// A trace is a person's to ask for.
inline constexpr std::string_view kProfilesThereAre[] = {"goroutine", "goroutinecreate", "threadcreate"};

// server: HOST:PORT by which whoever asks reaches this server; node: this machine's name.
// An entry for each target: __metrics_path__, __profile_path_prefix__, instance, job, service_name,
// namespace, pod, container, and for each profile __meta_gorotrace_profile_NAME with its path.
void service_discovery_json(JsonWriter& out, std::span<const AgentTarget> targets, std::string_view server,
                            std::string_view node);

// A Host header that may stand in such an answer: letters, digits, and ".-_[]:" alone.
[[nodiscard]] bool plain_host(std::string_view host);

}  // namespace gorotrace
