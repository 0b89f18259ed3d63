#include "cli/monitor_config.h"

#include <utility>

#include "base/small_file.h"
#include "http/access.h"
#include "http/authorization.h"

namespace gorotrace {
namespace {

constexpr std::size_t kLongestPem = std::size_t{1} << 20;

// Where the value of that key stands.
std::string place_of(const AgentConfig& config, const std::string& key) {
  if (const auto at = config.places.find(key); at != config.places.end()) return at->second;
  return option_of(key);
}

Result<ListenAddress> allowed_address(const AgentConfig& config) {
  const auto at_listen = [&](const Error& error) { return wrap(error, place_of(config, "listen")); };
  const auto address = parse_listen_address(config.listen);
  if (!address) return at_listen(address.error());
  if (config.tls_cert.empty() != config.tls_key.empty())
    return fail(ErrorKind::kUsage,
                "a certificate and its key belong together: give --tls-cert and --tls-key");
  const Protection protection{.token = !config.token_file.empty(),
                              .tls = !config.tls_cert.empty(),
                              .client_ca = !config.client_ca.empty(),
                              .insecure_listen = config.insecure_listen,
                              .named_as_keys = config.places.contains("listen")};
  if (auto allowed = may_listen(*address, protection); !allowed) return at_listen(allowed.error());
  return address;
}

}  // namespace

Result<AgentConfig> read_config(const MonitorOptions& options) {
  AgentConfig config;
  if (!options.config.empty()) {
    auto loaded = load_agent_config(options.config);
    if (!loaded) return loaded;
    config = *std::move(loaded);
  }
  const auto given = [&config](std::string& of_file, const std::string& on_line, const char* key) {
    if (on_line.empty()) return;
    of_file = on_line;
    config.places.erase(key);
  };
  given(config.listen, options.listen, "listen");
  given(config.token_file, options.token_file, "token_file");
  given(config.tls_cert, options.tls_cert, "tls_cert");
  given(config.tls_key, options.tls_key, "tls_key");
  given(config.client_ca, options.client_ca, "client_ca");
  config.insecure_listen |= options.insecure_listen;
  return config;
}

Result<std::string> read_token(const AgentConfig& config) {
  auto token = read_token_file(config.token_file);
  if (!token) return wrap(token.error(), place_of(config, "token_file"));
  return token;
}

Result<ServerOptions> server_options(const AgentConfig& config, std::vector<std::string>* warnings) {
  const auto address = allowed_address(config);
  if (!address) return std::unexpected(address.error());
  ServerOptions options;
  options.address = *address;
  const auto taken = [warnings](Result<std::string> content, std::string& into) -> Status {
    if (content) {
      into = *std::move(content);
    } else if (warnings == nullptr || content.error().kind == ErrorKind::kUsage) {
      return std::unexpected(content.error());
    } else {
      warnings->push_back(content.error().message);
    }
    return {};
  };
  if (!config.token_file.empty()) {
    if (auto read = taken(read_token(config), options.token.emplace()); !read)
      return std::unexpected(read.error());
  }
  if (config.tls_cert.empty()) return options;
  TlsPem& tls = options.tls.emplace();
  const struct {
    const char* key;
    const std::string& path;
    std::string& into;
  } files[] = {{"tls_cert", config.tls_cert, tls.certificate},
               {"tls_key", config.tls_key, tls.key},
               {"client_ca", config.client_ca, tls.client_ca}};
  for (const auto& [key, path, into] : files) {
    if (path.empty()) continue;
    auto content = read_small_file(path, kLongestPem);
    if (!content) content = wrap(content.error(), place_of(config, key));
    if (auto read = taken(std::move(content), into); !read) return std::unexpected(read.error());
  }
  return options;
}

}  // namespace gorotrace
