// A request and its answer, from the first line of the one to the last byte of the other. The server's thread
// asks for the answer; who makes it does so on whichever thread, and may be late: then it is for nobody.
// Threads: as said at each.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "http/microhttpd.h"
#include "http/request.h"
#include "http/response.h"

namespace gorotrace {

class Exchange {
 public:
  using Clock = std::chrono::steady_clock;

  Exchange(const Microhttpd& library, MHD_Connection* connection, std::string uri);

  // Any thread. The first answer is the answer.
  void respond(Response response);
  // Any thread: ends it with that answer, and tells whoever makes another one that nobody waits for it.
  void give_up(Response response);
  // Any thread. Nobody waits for an answer any more: the connection is broken, or the client has closed its
  // side of it `patience` ago, or when what it asked for takes longer than others. That is all that is seen
  // of a curl that was interrupted, and probes are on for it; `printf ... | nc`, which waits, closes its side
  // alike and gets what is there soon.
  [[nodiscard]] bool client_went_away(Clock::time_point now, std::chrono::seconds patience);
  [[nodiscard]] Clock::time_point since() const { return since_; }
  // Beside what an answer may take.
  [[nodiscard]] std::chrono::seconds longer() const { return longer_; }

  // The server's thread: what follows.
  // The answer, if it is there; else the connection sleeps until it is.
  [[nodiscard]] std::optional<Response> answer_or_sleep();
  void completed();

  Request request;
  const std::string uri;  // as it came
  bool begun = false;     // its head was looked at
  bool handed_on = false;

 private:
  const Microhttpd& library_;
  const Clock::time_point since_;
  std::stop_source unwanted_;
  std::atomic<std::chrono::seconds> longer_{std::chrono::seconds(0)};
  std::mutex mutex_;            // what follows
  MHD_Connection* connection_;  // nullptr: completed
  std::optional<Response> answer_;
  bool answered_ = false, asleep_ = false;
  std::optional<Clock::time_point> half_closed_;  // when it was seen
};

}  // namespace gorotrace
