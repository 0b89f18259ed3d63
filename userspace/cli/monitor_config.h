// What `gorotrace monitor` is told, in its configuration and on the command line, and what its server needs
// of that. A mistake is said with the place where the value stands: "FILE:LINE: token_file", or
// "--token-file".
#pragma once

#include <string>
#include <vector>

#include "agent/config.h"
#include "base/result.h"
#include "http/server.h"

namespace gorotrace {

// Of the command line; "": not given.
struct MonitorOptions {
  std::string config = {};  // the file
  std::string listen = {}, token_file = {}, tls_cert = {}, tls_key = {}, client_ca = {};
  bool insecure_listen = false;
};

// What stands on the command line weighs more than the file. kUsage, kFailed and kPermission: as
// load_agent_config().
[[nodiscard]] Result<AgentConfig> read_config(const MonitorOptions& options);

// kUsage: it is no token. Else as read_small_file().
[[nodiscard]] Result<std::string> read_token(const AgentConfig& config);

// kUsage: it may not listen there with what protects it, or a file has not what it should. Files that cannot
// be read are errors, or with `warnings` are told there: whoever checks a configuration need not have them.
[[nodiscard]] Result<ServerOptions> server_options(const AgentConfig& config,
                                                   std::vector<std::string>* warnings = nullptr);

}  // namespace gorotrace
