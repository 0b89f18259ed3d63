// The agent's configuration, from a file in TOML. Everything has a default, and there need be no file.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/rules.h"
#include "base/result.h"

namespace gorotrace {

struct AgentConfig {
  // Read by http/.
  std::string listen = "localhost:9464";  // HOST:PORT, [IPV6]:PORT, :PORT
  std::string token_file;                 // "": no token
  std::string tls_cert, tls_key;          // both or none
  std::string client_ca;                  // needs the two
  bool insecure_listen = false;           // a token without TLS off loopback

  std::vector<AgentRule> rules;  // [[rule]], in the order of the file

  // [budget] agent: percent of one CPU that reading all targets may take together; a scrape gets older
  // figures when it would take more (AgentTarget::read_ns). 2 for each 4 CPUs unless it is given.
  double agent_percent = default_agent_percent();
  [[nodiscard]] static double default_agent_percent();

  // [metrics] names = "otel": those of OpenTelemetry's semantic conventions in place of client_golang's.
  bool otel_names = false;
  // [metrics] top_sites: so many places where goroutines wait, and were created, have series of their own for
  // each process; the rest is `other`.
  std::size_t top_sites = 5;

  // Of the processes for which a rule says so, within two more budgets: [budget] target is percent of one
  // CPU, or of the target's own CPU time where that is more; node is percent of all CPUs, for all targets
  // together.
  GroupMask probes = 0;  // the union of the rules'
  double target_percent = 1, node_percent = 1;

  // Read by http/: traces and captures that a person asks for. [budget] capture_budget: percent of the
  // target's CPU time that one may take, never less than 5 % of one CPU.
  bool captures = true;
  double capture_percent = 10;

  // Of the keys that are given outside of a table: "FILE:LINE: key".
  std::map<std::string, std::string> places;
  // "FILE:LINE: key: ..." of what holds, and is hardly meant so: a user who is not there may come yet.
  std::vector<std::string> warnings;
};

using IsUser = std::function<bool(const std::string& name)>;
// Whether a process can have that user for its own: a name of this machine's, or the number of one without.
[[nodiscard]] bool is_user_here(const std::string& name);

// kUsage: "FILE:LINE: key: what is wrong, and what is allowed", of one mistake. `name`: of the file, as
// shown. Unknown keys are mistakes.
[[nodiscard]] Result<AgentConfig> parse_agent_config(std::string_view text, const std::string& name,
                                                     const IsUser& is_user = is_user_here);
// The same of a file; kFailed or kPermission where it cannot be read.
[[nodiscard]] Result<AgentConfig> load_agent_config(const std::string& path);

}  // namespace gorotrace
