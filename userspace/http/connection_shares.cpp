#include "http/connection_shares.h"

#include <netinet/in.h>

#include <utility>

namespace gorotrace {
namespace {

// Without the port.
std::string bytes_of(const sockaddr* from) {
  const auto bytes = [](const auto& address) {
    return std::string(reinterpret_cast<const char*>(&address), sizeof address);
  };
  if (from == nullptr) return {};
  if (from->sa_family == AF_INET) return bytes(reinterpret_cast<const sockaddr_in*>(from)->sin_addr);
  if (from->sa_family == AF_INET6) return bytes(reinterpret_cast<const sockaddr_in6*>(from)->sin6_addr);
  return {};
}

}  // namespace

void ConnectionShares::opened(const void* id, const sockaddr* from) {
  if (shares_.size() >= all_) return;
  std::string address = bytes_of(from);
  const auto found = of_address_.find(address);
  if (found != of_address_.end() && found->second >= of_one_address_) return;
  ++of_address_[address];
  shares_[id] = std::move(address);
}

void ConnectionShares::closed(const void* id) {
  const auto share = shares_.find(id);
  if (share == shares_.end()) return;
  const auto address = of_address_.find(share->second);
  if (--address->second == 0) of_address_.erase(address);
  shares_.erase(share);
}

}  // namespace gorotrace
