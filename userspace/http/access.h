// Who may ask for what. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/listen_address.h"
#include "http/response.h"

namespace gorotrace {

// The option of the command line for that key of a configuration: "--token-file" for "token_file".
[[nodiscard]] std::string option_of(std::string_view key);

// What the administrator gave beside the address.
struct Protection {
  bool token = false;            // there is one
  bool tls = false;              // a certificate and its key
  bool client_ca = false;        // clients show certificates
  bool insecure_listen = false;  // a token may go over the network in the clear
  bool named_as_keys = false;    // an error speaks of token_file, not of --token-file
};
// kUsage: everybody on the network could read what the server knows, or the token on its way.
[[nodiscard]] Status may_listen(const ListenAddress& address, const Protection& protection);

struct AccessRules {
  bool loopback = true;              // it listens on loopback alone
  std::optional<std::string> token;  // demanded wherever it is given
  bool client_certificate = false;   // likewise
  bool tls = false;                  // its pages are https://
};

// Of a request, before anything of it is looked into.
struct Credentials {
  std::string_view path;
  std::string_view host, authorization;  // headers; "" when absent
  std::string_view fetch_site;           // Sec-Fetch-Site, which browsers send and no page can change
  bool has_host = false;
  // Origin and Referer: the page that asks, where a browser says so. An old one sends no Sec-Fetch-Site.
  std::optional<std::string_view> origin = std::nullopt, referer = std::nullopt;
  bool certificate_verified = false;
};

// nullopt: it may be answered. 401 says no more than that; 403: a browser asks in the name of a foreign page.
// /-/healthy and /-/ready are for everybody.
[[nodiscard]] std::optional<Response> refusal(const AccessRules& rules, const Credentials& asker);

}  // namespace gorotrace
