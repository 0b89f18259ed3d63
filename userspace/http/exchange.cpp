#include "http/exchange.h"

#include <poll.h>

#include <utility>

namespace gorotrace {

Exchange::Exchange(const Microhttpd& library, MHD_Connection* connection, std::string text)
    : uri(std::move(text)), library_(library), since_(Clock::now()), connection_(connection) {
  request.unwanted = unwanted_.get_token();
  request.takes_longer = [this](std::chrono::seconds by) { longer_ = by; };
}

void Exchange::respond(Response response) {
  const std::lock_guard lock(mutex_);
  if (answered_) return;
  answered_ = true;
  answer_ = std::move(response);
  if (!asleep_ || connection_ == nullptr) return;
  asleep_ = false;
  library_.resume_connection(connection_);
}

void Exchange::give_up(Response response) {
  unwanted_.request_stop();
  respond(std::move(response));
}

bool Exchange::client_went_away(Clock::time_point now, std::chrono::seconds patience) {
  const std::lock_guard lock(mutex_);
  if (!asleep_ || connection_ == nullptr) return false;
  const MHD_ConnectionInfo* info =
      library_.get_connection_info(connection_, MHD_CONNECTION_INFO_CONNECTION_FD);
  if (info == nullptr) return false;
  // While it sleeps nobody else reads it or closes it.
  pollfd seen{info->connect_fd, POLLRDHUP, 0};
  if (poll(&seen, 1, 0) != 1) return false;
  if ((seen.revents & (POLLHUP | POLLERR)) != 0) return true;
  if ((seen.revents & POLLRDHUP) == 0) return false;
  if (!half_closed_) half_closed_ = now;
  return longer() > std::chrono::seconds(0) || now - *half_closed_ >= patience;
}

std::optional<Response> Exchange::answer_or_sleep() {
  const std::lock_guard lock(mutex_);
  if (answer_) return std::exchange(answer_, std::nullopt);
  // While it ends, libmicrohttpd takes no response, says that it did, and asks again: what sleeps then is
  // what MHD_stop_daemon() aborts for.
  if (answered_) return plain(503, "the server ends");
  if (!asleep_) {
    asleep_ = true;
    library_.suspend_connection(connection_);
  }
  return std::nullopt;
}

void Exchange::completed() {
  unwanted_.request_stop();
  const std::lock_guard lock(mutex_);
  connection_ = nullptr;
}

}  // namespace gorotrace
