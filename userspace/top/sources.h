// The three sources of the screen (top/top_source.h).
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "agent/config.h"
#include "base/result.h"
#include "session/target.h"
#include "top/http_get.h"
#include "top/top_source.h"

namespace gorotrace {

// An agent over plain HTTP, a connection for each document. `leaving` ends what it waits for.
[[nodiscard]] std::unique_ptr<TopSource> remote_source(HttpPeer peer, std::string token,
                                                       std::shared_ptr<const std::atomic<bool>> leaving);

// An agent of our own, as gorotrace monitor runs one, without HTTP.
[[nodiscard]] Result<std::unique_ptr<TopSource>> node_source(AgentConfig config);

// One process, sampled with that share of a CPU: what stat --probes none does. It has no list of processes.
[[nodiscard]] Result<std::unique_ptr<TopSource>> process_source(std::unique_ptr<Target> target,
                                                                double sample_cpu);

}  // namespace gorotrace
