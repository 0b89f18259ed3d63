// Where a server listens. Names but "localhost" are not looked up: what they mean may change behind us.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gorotrace {

struct ListenAddress {
  sockaddr_storage address{};
  socklen_t size = 0;

  [[nodiscard]] bool loopback() const;  // only processes of this machine, in this network namespace, reach it
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string text() const;  // 127.0.0.1:9464, [::1]:9464
};

// "127.0.0.1:9464", "localhost:9464" (127.0.0.1), "[::1]:9464", ":9464" and "[::]:9464" (every address, of
// both families). Port 0: one that is free. kUsage for anything else.
[[nodiscard]] Result<ListenAddress> parse_listen_address(std::string_view text);

// The host of a Host header, "NAME", "NAME:PORT" or "[ADDRESS]:PORT", names this machine: localhost, or an
// address of its loopback interface. A page of somebody else's whose name was made to lead here (DNS
// rebinding) says its own name. Any port: it may be forwarded. Pure.
[[nodiscard]] bool names_loopback(std::string_view host);

}  // namespace gorotrace
