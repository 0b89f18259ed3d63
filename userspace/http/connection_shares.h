// Which connections are served: so many of all, and so many of one address. A few more are let in to be told
// that they are not, which a client understands better than a connection that is reset. Threads: one owner.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <map>
#include <string>

namespace gorotrace {

class ConnectionShares {
 public:
  ConnectionShares(std::size_t all, std::size_t of_one_address)
      : all_(all), of_one_address_(of_one_address) {}

  // id: any address that is of one connection while it is open. from: of its client; nullptr: unknown, and
  // one address for all such.
  void opened(const void* id, const sockaddr* from);
  void closed(const void* id);
  // Since it was opened, whoever has closed theirs meanwhile.
  [[nodiscard]] bool has_share(const void* id) const { return shares_.contains(id); }

 private:
  const std::size_t all_, of_one_address_;
  std::map<const void*, std::string> shares_;  // whose they are
  std::map<std::string, std::size_t> of_address_;
};

}  // namespace gorotrace
