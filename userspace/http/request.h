// A request as those who answer it see it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "http/request_target.h"

namespace gorotrace {

enum class Method : std::uint8_t { kGet, kHead, kPost };

struct Request {
  Method method = Method::kGet;
  RequestTarget target;
  std::string host, accept;  // headers; "" when absent
  std::string body;          // of a POST
  std::string served_at;     // ADDRESS:PORT of the server
  // Requested once nobody waits for the answer any more: the client went away, the time for it is over, or
  // the server ends.
  std::stop_token unwanted;
  // Within the handler: the answer may be that much later than others may. A client that closes its side of
  // the connection ends it at once; others are still made for a while.
  std::function<void(std::chrono::seconds)> takes_longer;
};

}  // namespace gorotrace
