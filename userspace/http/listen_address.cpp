#include "http/listen_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/number.h"
#include "base/text.h"

namespace gorotrace {
namespace {

std::optional<in_addr> ipv4(std::string_view text) {
  in_addr out{};
  return inet_pton(AF_INET, std::string(text).c_str(), &out) == 1 ? std::optional(out) : std::nullopt;
}

std::optional<in6_addr> ipv6(std::string_view text) {
  in6_addr out{};
  return inet_pton(AF_INET6, std::string(text).c_str(), &out) == 1 ? std::optional(out) : std::nullopt;
}

bool is_loopback(const in_addr& address) {
  return ntohl(address.s_addr) >> 24 == 127;
}

bool is_loopback(const in6_addr& address) {
  return IN6_IS_ADDR_LOOPBACK(&address);
}

template <typename Address>
ListenAddress made_of(const Address& address) {
  ListenAddress out;
  std::memcpy(&out.address, &address, sizeof address);
  out.size = sizeof address;
  return out;
}

template <typename Address>
Address as(const ListenAddress& address) {
  Address out{};
  std::memcpy(&out, &address.address, sizeof out);
  return out;
}

}  // namespace

bool ListenAddress::loopback() const {
  return address.ss_family == AF_INET ? is_loopback(as<sockaddr_in>(*this).sin_addr)
                                      : is_loopback(as<sockaddr_in6>(*this).sin6_addr);
}

std::uint16_t ListenAddress::port() const {
  return ntohs(address.ss_family == AF_INET ? as<sockaddr_in>(*this).sin_port
                                            : as<sockaddr_in6>(*this).sin6_port);
}

std::string ListenAddress::text() const {
  char host[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto of = as<sockaddr_in>(*this);
    inet_ntop(AF_INET, &of.sin_addr, host, sizeof host);
    return fmt::format("{}:{}", host, port());
  }
  const auto of = as<sockaddr_in6>(*this);
  inet_ntop(AF_INET6, &of.sin6_addr, host, sizeof host);
  return fmt::format("[{}]:{}", host, port());
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto refuse = [&] {
    return fail(
        ErrorKind::kUsage,
        fmt::format("\"{}\" is not ADDRESS:PORT; give localhost:9464, an IPv4 address, an IPv6 address in "
                    "brackets, or :9464 for every address",
                    printable(text, 64)));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse();
  const auto port = whole_number<std::uint16_t>(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  if (!port) return refuse();
  if (host.empty()) host = "[::]";
  if (host == "localhost") host = "127.0.0.1";
  if (host.starts_with('[') && host.ends_with(']')) {
    const auto found = ipv6(host.substr(1, host.size() - 2));
    if (!found) return refuse();
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(*port);
    address.sin6_addr = *found;
    return made_of(address);
  }
  const auto found = ipv4(host);
  if (!found) return refuse();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(*port);
  address.sin_addr = *found;
  return made_of(address);
}

bool names_loopback(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return false;
    const std::string_view rest = host.substr(end + 1);
    if (!rest.empty() && (rest[0] != ':' || !whole_number<std::uint16_t>(rest.substr(1)))) return false;
    const auto address = ipv6(host.substr(1, end - 1));
    return address && is_loopback(*address);
  }
  if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    if (!whole_number<std::uint16_t>(host.substr(colon + 1))) return false;
    host = host.substr(0, colon);
  }
  constexpr std::string_view kName = "localhost";
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  if (std::ranges::equal(host, kName, same)) return true;
  const auto address = ipv4(host);
  return address && is_loopback(*address);
}

}  // namespace gorotrace
