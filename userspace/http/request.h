// A request as those who answer it see it.
#pragma once

#include <cstdint>
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
};

}  // namespace gorotrace
