#include "http/access.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "http/authorization.h"

namespace gorotrace {
namespace {

// As RFC 6454 writes it; browsers leave out the port in it and in Host alike.
std::string own_origin(const AccessRules& rules, std::string_view host) {
  return fmt::format("{}://{}", rules.tls ? "https" : "http", host);
}

bool asks_for_foreign_page(const AccessRules& rules, const Credentials& asker) {
  if (asker.fetch_site == "cross-site" || asker.fetch_site == "same-site") return true;
  const std::string own = own_origin(rules, asker.host);
  if (asker.origin && *asker.origin != own) return true;
  if (!asker.fetch_site.empty() || !asker.referer) return false;
  return *asker.referer != own && !asker.referer->starts_with(own + "/");
}

}  // namespace

std::string option_of(std::string_view key) {
  std::string option = fmt::format("--{}", key);
  std::ranges::replace(option, '_', '-');
  return option;
}

Status may_listen(const ListenAddress& address, const Protection& p) {
  const auto named = [&p](const char* key) { return p.named_as_keys ? std::string(key) : option_of(key); };
  const std::string cert = named("tls_cert"), key = named("tls_key"), client_ca = named("client_ca");
  if (p.client_ca && !p.tls)
    return fail(ErrorKind::kUsage, fmt::format("{} needs TLS: give {} and {}, too", client_ca, cert, key));
  if (address.loopback()) return {};
  if (!p.token && !p.client_ca) {
    return fail(
        ErrorKind::kUsage,
        fmt::format("{} can be reached from other machines, and everybody there could read what is served: "
                    "give {}, or {}, {} and {}, or listen on localhost",
                    address.text(), named("token_file"), cert, key, client_ca));
  }
  if (p.token && !p.tls && !p.insecure_listen) {
    return fail(
        ErrorKind::kUsage,
        fmt::format("{} can be reached from other machines, and without TLS the token goes over the network "
                    "in the clear: give {} and {}, or {} where something else encrypts it",
                    address.text(), cert, key, named("insecure_listen")));
  }
  return {};
}

std::optional<Response> refusal(const AccessRules& rules, const Credentials& asker) {
  if (rules.loopback) {
    // HTTP/1.0 without a Host is no browser's.
    if (asker.has_host && !names_loopback(asker.host))
      return plain(403, "this server is localhost, and the request names another host");
    if (asks_for_foreign_page(rules, asker))
      return plain(403, "the request comes from a page of another site");
  }
  if (asker.path == "/-/healthy" || asker.path == "/-/ready") return std::nullopt;
  bool denied = rules.client_certificate && !asker.certificate_verified;
  if (rules.token) {
    const auto given = bearer_token(asker.authorization);
    denied |= !given || !equal_in_constant_time(*given, *rules.token);
  }
  if (!denied) return std::nullopt;
  Response out = plain(401, "Unauthorized");
  if (rules.token) out.headers.emplace_back("WWW-Authenticate", "Bearer");
  return out;
}

}  // namespace gorotrace
