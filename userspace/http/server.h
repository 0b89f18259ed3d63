// An HTTP server that only answers: GET and HEAD, and POST where the handler takes it. It reads requests and
// writes answers on one thread of its own, and waits there for nothing else. What it bounds: connections, of
// all and of one address; the size of a request; the time for each step; the time that an answer may take.
//
// Threads: one owner. The handler is called on the server's thread and returns at once; what it was given to
// answer with may be called on any thread, also when the server is gone.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "http/access.h"
#include "http/connection_deadlines.h"
#include "http/listen_address.h"
#include "http/request.h"
#include "http/request_head.h"
#include "http/response.h"
#include "http/server_counts.h"

namespace gorotrace {

struct ServerLimits {
  unsigned connections = 512;
  unsigned of_one_address = 256;  // a Prometheus keeps one for each target
  unsigned beyond = 32;           // more of either, which get 503; others are closed without a word
  HeadLimits head;
  ClientTimes times;
  std::chrono::seconds answer_made{30};  // then it is 503, whoever still makes one
};

struct TlsPem {  // contents of PEM files
  std::string certificate, key;
  std::string client_ca;  // "": clients need no certificate
};

struct ServerOptions {
  ListenAddress address;
  std::optional<TlsPem> tls;
  std::optional<std::string> token;
  ServerLimits limits;
  std::shared_ptr<ServerCounts> counts = std::make_shared<ServerCounts>();
};

class Server {
 public:
  using Answer = std::function<void(Response)>;  // the first call counts
  using Handler = std::function<void(const Request& request, Answer answer)>;

  // kUsage: the certificate or the key is none. Whether this may be served there (may_listen()) has been
  // asked.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler);
  // Who still waits is told so (503). Nothing is asked of the handler any more.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // With the port that was free if 0 was asked for.
  [[nodiscard]] const ListenAddress& address() const;
  [[nodiscard]] bool has_token() const;
  // Another token holds from the next request on, where there was one at the start.
  void set_token(std::string token);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gorotrace
