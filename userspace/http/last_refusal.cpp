#include "http/last_refusal.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <ctime>
#include <string>

namespace gorotrace {

void send_last_refusal(const Microhttpd& library, MHD_Connection* connection, bool tls) {
  const auto* socket = library.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  if (socket == nullptr) return;
  const int fd = socket->connect_fd;
  const std::string text = fmt::format(
      "HTTP/1.1 400 Bad Request\r\nDate: {:%a, %d %b %Y %H:%M:%S} GMT\r\nConnection: close\r\n"
      "Content-Length: 0\r\n\r\n",
      fmt::gmtime(std::time(nullptr)));
  if (!tls) {
    (void)send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  } else if (const auto& gnutls = Gnutls::load()) {
    const auto* session = library.get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (session != nullptr && session->tls_session != nullptr)
      (void)gnutls->record_send(static_cast<gnutls_session_t>(session->tls_session), text.data(),
                                text.size());
  }
  (void)shutdown(fd, SHUT_WR);
}

}  // namespace gorotrace
