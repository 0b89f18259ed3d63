#include "top/http_get.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <functional>
#include <string>
#include <thread>

#include "base/unique_fd.h"

namespace gorotrace {
namespace {

TEST(HttpPeer, IsReadAsPeopleWriteIt) {
  for (const auto& [text, means] : {std::pair{"node7", "node7:9464"},
                                    {"node7:80", "node7:80"},
                                    {"localhost:9464", "localhost:9464"},
                                    {"http://node7:80/", "node7:80"},
                                    {"[::1]:7", "[::1]:7"},
                                    {"[::1]", "[::1]:9464"},
                                    {":7", "localhost:7"}}) {
    const auto peer = parse_http_peer(text);
    ASSERT_TRUE(peer) << text;
    EXPECT_EQ(peer->text(), means);
  }
}

TEST(HttpPeer, OthersAreRefused) {
  for (const char* text : {"", ":", "node7:", "node7:0", "node7:70000", "node7:x", "node 7:1", "a/b", "[::1",
                           "[::1]x", "::1", "node7:1:2", "a\r\nX: y:1", "http://"}) {
    const auto peer = parse_http_peer(text);
    ASSERT_FALSE(peer) << text;
    EXPECT_EQ(peer.error().kind, ErrorKind::kUsage);
  }
  const auto https = parse_http_peer("https://node7");
  ASSERT_FALSE(https);
  EXPECT_NE(https.error().message.find("plain HTTP"), std::string::npos);
}

// Takes one connection and lets `serve` have it.
class OneConnection {
 public:
  explicit OneConnection(std::function<void(int)> serve) {
    listener_ = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_.get(), 1), 0);
    EXPECT_EQ(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve = std::move(serve)] {
      const UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (fd) serve(fd.get());
    });
  }
  ~OneConnection() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

std::string read_head(int fd) {
  std::string head;
  char byte = 0;
  while (!head.ends_with("\r\n\r\n") && recv(fd, &byte, 1, 0) == 1) head += byte;
  return head;
}

TEST(HttpGet, AsksAndReads) {
  std::string head;
  const OneConnection server([&](int fd) {
    head = read_head(fd);
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    EXPECT_EQ(send(fd, answer.data(), answer.size(), MSG_NOSIGNAL), static_cast<ssize_t>(answer.size()));
  });
  const auto answer = http_get({{"127.0.0.1", server.port()}, "/targets", "secret"}, [] { return true; });
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "{}");
  EXPECT_TRUE(head.starts_with("GET /targets HTTP/1.1\r\n")) << head;
  EXPECT_NE(head.find("\r\nHost: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"), std::string::npos);
  EXPECT_NE(head.find("\r\nAuthorization: Bearer secret\r\n"), std::string::npos);
}

TEST(HttpGet, WhoDoesNotAnswerIsNotWaitedForLong) {
  const OneConnection server([](int fd) {
    (void)read_head(fd);
    char byte = 0;
    (void)recv(fd, &byte, 1, 0);  // until the other side goes
  });
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const auto answer =
      http_get({{"127.0.0.1", server.port()}, "/", "", std::chrono::milliseconds(200)}, [] { return true; });
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("within 200 ms"), std::string::npos);
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(5));
}

TEST(HttpGet, IsGivenUpWhenNobodyWaits) {
  const OneConnection server([](int fd) {
    char byte = 0;
    while (recv(fd, &byte, 1, 0) == 1) continue;
  });
  const auto answer = http_get({{"127.0.0.1", server.port()}, "/", "", std::chrono::minutes(1)},
                               [n = 0]() mutable { return ++n < 3; });
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("given up"), std::string::npos);
}

TEST(HttpGet, NobodyThereIsAnErrorThatSaysWhereAndWhatToStart) {
  std::uint16_t port = 0;
  {
    port = OneConnection([](int) {}).port();
  }
  const auto answer = http_get({{"127.0.0.1", port}, "/", ""}, [] { return true; });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "127.0.0.1:" + std::to_string(port) +
                                        ": Connection refused by 127.0.0.1: start gorotrace monitor there");
}

}  // namespace
}  // namespace gorotrace
