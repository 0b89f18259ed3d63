#include "http/server.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace gorotrace {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

class ServerTest : public ::testing::Test {
 protected:
  void start(Server::Handler handler, ServerLimits limits = {}, std::optional<std::string> token = {}) {
    ServerOptions options;
    options.address = parse_listen_address("127.0.0.1:0").value();
    options.limits = limits;
    options.token = std::move(token);
    auto server = Server::start(std::move(options), std::move(handler));
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
  }
  [[nodiscard]] UniqueFd connect_to() const {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const ListenAddress& at = server_->address();
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&at.address), at.size), 0);
    return fd;
  }
  static void write_all(const UniqueFd& fd, std::string_view text) {
    EXPECT_EQ(send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // As much as the other side takes.
  static void write_some(const UniqueFd& fd, std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // To the end of the connection, or until nothing comes for that long.
  static std::string read_all(const UniqueFd& fd, std::chrono::milliseconds patience = 10s) {
    std::string out;
    for (;;) {
      pollfd ready{fd.get(), POLLIN, 0};
      if (poll(&ready, 1, static_cast<int>(patience.count())) != 1) return out + "<nothing more>";
      char part[4096];
      const ssize_t got = recv(fd.get(), part, sizeof part, 0);
      if (got <= 0) return out;
      out.append(part, static_cast<std::size_t>(got));
    }
  }
  [[nodiscard]] std::string ask(const std::string& head, const std::string& body = "") const {
    const UniqueFd fd = connect_to();
    write_all(fd, head + "Host: localhost\r\nConnection: close\r\n\r\n" + body);
    return read_all(fd);
  }

  std::unique_ptr<Server> server_;
};

constexpr const char* kGet = "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n";

int count_of(std::string_view text, std::string_view part) {
  int out = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++out;
  return out;
}

void echo(const Request& request, const Server::Answer& answer) {
  answer(plain(200, request.target.path + "|" + request.target.raw_query + "|" + request.body));
}

TEST_F(ServerTest, AnswersAtOnce) {
  start(echo);
  const std::string got = ask("GET /a%20b?c=%20d HTTP/1.1\r\n");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 200 OK\r\n")) << got;
  EXPECT_NE(got.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
  EXPECT_TRUE(got.ends_with("\r\n\r\n/a b|c=%20d|\n")) << got;
  const std::string head = ask("HEAD /x HTTP/1.1\r\n");
  EXPECT_NE(head.find("Content-Length: 5\r\n"), std::string::npos) << head;
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  EXPECT_TRUE(ask("POST /x HTTP/1.1\r\nContent-Length: 3\r\n", "abc").ends_with("/x||abc\n"));
}

TEST_F(ServerTest, RefusesWhatItDoesNotDo) {
  ServerLimits limits;
  limits.head.body_bytes = 10;
  start(echo, limits, "0123456789abcdef");
  const std::string token = "Authorization: Bearer 0123456789abcdef\r\n";
  for (const char* method : {"PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT"}) {
    const std::string got = ask(std::string(method) + " /x HTTP/1.1\r\n" + token);
    EXPECT_TRUE(got.starts_with("HTTP/1.1 405")) << method << got;
    EXPECT_NE(got.find("Allow: GET, HEAD\r\n"), std::string::npos);
  }
  EXPECT_TRUE(ask("GET /x HTTP/1.1\r\n").starts_with("HTTP/1.1 401"));
  EXPECT_TRUE(ask("GET /-/healthy HTTP/1.1\r\n").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(ask("GET /x HTTP/1.1\r\nHost: evil.example\r\n" + token).starts_with("HTTP/1.1 4"));
  EXPECT_TRUE(ask("GET /%zz HTTP/1.1\r\n" + token).starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(
      ask("POST /x HTTP/1.1\r\nContent-Length: 11\r\n" + token, "12345678901").starts_with("HTTP/1.1 413"));
  server_->set_token("fedcba9876543210");
  EXPECT_TRUE(ask("GET /x HTTP/1.1\r\n" + token).starts_with("HTTP/1.1 401"));
}

TEST_F(ServerTest, AnswersLaterFromAnotherThread) {
  std::vector<std::jthread> threads;
  start([&](const Request& request, const Server::Answer& answer) {
    threads.emplace_back([path = request.target.path, answer] {
      std::this_thread::sleep_for(20ms);
      answer(plain(200, path));
      answer(plain(200, "a second one"));
    });
  });
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 20; ++i)
    answers.push_back(std::async(std::launch::async,
                                 [this, i] { return ask("GET /" + std::to_string(i) + " HTTP/1.1\r\n"); }));
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(answers[static_cast<std::size_t>(i)].get().ends_with("\r\n/" + std::to_string(i) + "\n"));
}

TEST_F(ServerTest, SaysWhenAnAnswerIsNotMadeInTime) {
  ServerLimits limits;
  limits.answer_made = 1s;
  std::optional<Server::Answer> late;
  std::stop_token unwanted;
  start(
      [&](const Request& request, const Server::Answer& answer) {
        late = answer;
        unwanted = request.unwanted;
      },
      limits);
  EXPECT_TRUE(ask("GET /x HTTP/1.1\r\n").starts_with("HTTP/1.1 503"));
  EXPECT_TRUE(unwanted.stop_requested());
  (*late)(plain(200, "too late"));
}

TEST_F(ServerTest, AFileIsABodyAndIsKeptUntilItWasSent) {
  auto file = MemoryFile::make("test");
  ASSERT_TRUE(file);
  const std::string all(32u << 20, 'x');  // more than sockets buffer
  file->append(all);
  const auto bytes = *file->map();
  auto kept = std::make_shared<int>(0);
  const std::weak_ptr<int> watched = kept;
  start([&](const Request&, const Server::Answer& answer) {
    Response out = gorotrace::answer(200, "application/octet-stream", "");
    out.file = bytes;
    out.keeps = std::exchange(kept, nullptr);
    answer(std::move(out));
  });
  const UniqueFd fd = connect_to();
  write_all(fd, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  std::this_thread::sleep_for(300ms);
  EXPECT_FALSE(watched.expired());
  const std::string got = read_all(fd);
  EXPECT_NE(got.find("Content-Length: 33554432\r\n"), std::string::npos);
  EXPECT_TRUE(got.ends_with(all));
  for (int i = 0; i < 500 && !watched.expired(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(watched.expired());
}

TEST_F(ServerTest, AnAnswerMayTakeLongerIfItIsSaid) {
  ServerLimits limits;
  limits.answer_made = 0s;
  std::vector<std::jthread> threads;
  start(
      [&](const Request& request, const Server::Answer& answer) {
        request.takes_longer(30s);
        threads.emplace_back([answer] {
          std::this_thread::sleep_for(700ms);
          answer(plain(200, "late"));
        });
      },
      limits);
  EXPECT_TRUE(ask("GET / HTTP/1.1\r\n").ends_with("late\n"));
}

TEST_F(ServerTest, TellsWhoMakesTheAnswerThatTheClientWentAway) {
  std::promise<std::stop_token> asked;
  std::optional<Server::Answer> kept;
  ServerLimits limits;
  limits.times.half_closed = 1s;
  start(
      [&](const Request& request, const Server::Answer& answer) {
        kept = answer;
        asked.set_value(request.unwanted);
      },
      limits);
  UniqueFd fd = connect_to();
  write_all(fd, kGet);
  const std::stop_token unwanted = asked.get_future().get();
  EXPECT_FALSE(unwanted.stop_requested());
  fd.reset();
  for (int i = 0; i < 500 && !unwanted.stop_requested(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(unwanted.stop_requested());
}

// printf 'GET ...' | nc closes its side, and waits.
TEST_F(ServerTest, AClientThatClosesItsSideIsAnsweredAndThenLetGo) {
  std::vector<std::jthread> threads;
  start([&](const Request&, const Server::Answer& answer) {
    threads.emplace_back([answer] {
      std::this_thread::sleep_for(700ms);  // it is seen to have closed its side meanwhile
      answer(plain(200, "short"));
    });
  });
  const auto begin = std::chrono::steady_clock::now();
  const UniqueFd fd = connect_to();
  write_all(fd, kGet);
  EXPECT_EQ(shutdown(fd.get(), SHUT_WR), 0);
  EXPECT_TRUE(read_all(fd).ends_with("\r\n\r\nshort\n"));
  const UniqueFd two = connect_to();
  write_all(two, std::string(kGet) + kGet);
  EXPECT_EQ(shutdown(two.get(), SHUT_WR), 0);
  const std::string got = read_all(two);
  EXPECT_EQ(count_of(got, "\r\n\r\nshort\n"), 2) << got;
  // Half a request has no answer: the connection is closed.
  const UniqueFd half = connect_to();
  write_all(half, "GET /x HTTP/1.1\r\nHost: local");
  EXPECT_EQ(shutdown(half.get(), SHUT_WR), 0);
  EXPECT_EQ(read_all(half), "");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 8s);
}

TEST_F(ServerTest, AClientThatClosesItsSideEndsWhatTakesLonger) {
  std::optional<Server::Answer> kept;
  std::stop_token unwanted;
  start([&](const Request& request, const Server::Answer& answer) {
    kept = answer;
    unwanted = request.unwanted;
    request.takes_longer(30s);
  });
  const auto begin = std::chrono::steady_clock::now();
  const UniqueFd fd = connect_to();
  write_all(fd, kGet);
  EXPECT_EQ(shutdown(fd.get(), SHUT_WR), 0);
  const std::string got = read_all(fd);
  EXPECT_TRUE(got.starts_with("HTTP/1.1 503")) << got;
  EXPECT_NE(got.find("closed its side"), std::string::npos) << got;
  EXPECT_TRUE(unwanted.stop_requested());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
}

TEST_F(ServerTest, WhatIsTooLargeIsAnsweredAtOnce) {
  start(echo);
  const auto begin = std::chrono::steady_clock::now();
  const auto expect = [&](const std::string& text, const std::string& status) {
    const UniqueFd fd = connect_to();
    write_some(fd, text);
    const std::string got = read_all(fd);
    EXPECT_TRUE(got.starts_with("HTTP/1.1 " + status)) << text.substr(0, 60) << " ...: " << got;
    EXPECT_NE(got.find("Connection: close\r\n"), std::string::npos) << got;
  };
  const std::string host = "Host: localhost\r\n", end = " HTTP/1.1\r\n" + host + "\r\n",
                    get = "GET / HTTP/1.1\r\n" + host;
  expect("GET /" + std::string(9'000, 'x') + end, "414");
  expect("GET /?" + std::string(9'000, '&') + end, "414");
  expect("GET /" + std::string(100'000, 'x'), "414");  // and no end of it
  std::string parts = "/?";
  while (parts.size() < 60'000) parts += "a=b&";
  expect("GET " + parts + end, "414");
  expect(get + "A: " + std::string(12'500, 'x') + "\r\n\r\n", "431");
  expect(get + "A: " + std::string(100'000, 'x'), "431");
  std::string fields;
  while (fields.size() < 100'000) fields += "A: b\r\n";
  expect(get + fields, "431");
  expect(get + fields.substr(0, 6 * 100) + "\r\n", "431");  // with the Host 101
  EXPECT_TRUE(ask("GET " + parts.substr(0, 8'190) + " HTTP/1.1\r\n").ends_with("|\n"));
  EXPECT_TRUE(ask("GET /y HTTP/1.1\r\nA: " + std::string(12'000, 'x') + "\r\n").ends_with("/y||\n"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 9s);
}

TEST_F(ServerTest, TheLargestHeadLeavesRoomForThatOfTheAnswer) {
  start([](const Request&, const Server::Answer& answer) {
    Response out = plain(200, "ok");
    for (int i = 0; i < 16; ++i) out.headers.emplace_back("Gorotrace-Note", std::string(1024, 'n'));
    answer(std::move(out));
  });
  std::string fields;
  for (int i = 0; i < 98; ++i) fields += "A: " + std::string(115, 'x') + "\r\n";
  const std::string got = ask("GET / HTTP/1.1\r\n" + fields);
  EXPECT_TRUE(got.starts_with("HTTP/1.1 200") && got.ends_with("ok\n")) << got.substr(0, 100);
}

TEST_F(ServerTest, ABodyThatIsNotWantedIsNotRead) {
  start(echo);
  const auto begin = std::chrono::steady_clock::now();
  const auto expect = [&](const std::string& text, const std::string& status) {
    const UniqueFd fd = connect_to();
    write_some(fd, text);
    const std::string got = read_all(fd);
    EXPECT_TRUE(got.starts_with("HTTP/1.1 " + status)) << text.substr(0, 60) << " ...: " << got;
    EXPECT_NE(got.find("Connection: close\r\n"), std::string::npos) << got;
    EXPECT_EQ(got.find("HTTP/1.1", 1), std::string::npos) << got;
  };
  const std::string host = " / HTTP/1.1\r\nHost: localhost\r\n",
                    chunked = "Transfer-Encoding: chunked\r\n\r\n";
  expect("GET" + host + "Content-Length: 1000000000\r\n\r\n", "400");
  expect("GET" + host + "Content-Length: 20\r\n\r\nGET / HTTP/1.1\r\n\r\n", "400");
  expect("HEAD" + host + "Content-Length: 1\r\n\r\n", "400");
  expect("GET" + host + chunked, "400");
  expect("GET" + host + "Transfer-Encoding: gzip\r\n\r\n", "400");
  expect("POST" + host + "Content-Length: 5\r\n" + chunked + "0\r\n\r\nGET", "400");
  expect("POST" + host + chunked + "ffffffff\r\n", "411");
  expect("POST" + host + "Content-Length: 65537\r\n\r\n", "413");
  expect("POST" + host + "Expect: 100-continue\r\nContent-Length: 65537\r\n\r\n", "413");
  expect("PUT" + host + "Content-Length: 1000000000\r\n\r\n" + std::string(5'000'000, 'x'), "405");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 9s);
  EXPECT_TRUE(ask("GET /y HTTP/1.1\r\nContent-Length: 0\r\n").ends_with("/y||\n"));
}

TEST_F(ServerTest, HeadsThatTwoReadersUnderstandDifferentlyAreRefused) {
  start(echo);
  const std::string get = "GET / HTTP/1.1\r\n", host = "Host: localhost\r\n";
  for (const std::string& text : {get + "\r\n",
                                  get + host + host + "\r\n",
                                  get + "Host: localhost\r\nhost: evil\r\n\r\n",
                                  get + "Host : localhost\r\n" + host + "\r\n",
                                  get + " A: b\r\n" + host + "\r\n",
                                  get + host + "A: b\rC: d\r\n\r\n",
                                  get + host + "A\x01: b\r\n\r\n",
                                  "GET / x HTTP/1.1\r\n" + host + "\r\n",
                                  get + host + "A: b\r\n c: d\r\n\r\n",
                                  get + host + "Transfer-Encoding:\r\n chunked\r\n\r\n",
                                  get + "Host:\r\n localhost\r\n\r\n",
                                  get + host + "Content-Length: 1\r\n 8\r\n\r\n",
                                  get + host + "Content-Length: 0\r\n\t0\r\n\r\n",
                                  get + host + "A: b\r\n c\r\n d\r\nE: f\r\n\r\n",
                                  get + host + "A: b\0c\r\n\r\n"s,
                                  get + host + "\0A: b\r\n\r\n"s,
                                  get + host + "A: \0\r\n\r\n"s,
                                  "POST / HTTP/1.1\r\n" + host + "Content-Length: 1\0\r\n\r\nx"s,
                                  get + host + "A\0: b\r\n\r\n"s,
                                  "GET / HTTP/1.1\n" + host + "\r\n",
                                  get + "Host: localhost\n\r\n",
                                  get + host + "\n",
                                  get + host + "A: b\nC: d\r\n\r\n",
                                  "GET  / HTTP/1.1\r\n" + host + "\r\n",
                                  get + host + "Authorization: a\r\nAuthorization: b\r\n\r\n"}) {
    const UniqueFd fd = connect_to();
    write_all(fd, text);
    const std::string got = read_all(fd);
    EXPECT_TRUE(got.starts_with("HTTP/1.1 400")) << text << got;
    EXPECT_EQ(got.find("HTTP/1.1", 1), std::string::npos) << got;
  }
  const UniqueFd no_line = connect_to();  // 1.0 closes the connection
  write_all(no_line, "GET /\0 HTTP/1.1\r\n"s + host + "\r\n");
  EXPECT_EQ(read_all(no_line).find("200 OK"), std::string::npos);
  EXPECT_TRUE(ask("GET http://localhost:9464/a?b HTTP/1.1\r\n").ends_with("/a|b|\n"));
  EXPECT_TRUE(ask("GET http://evil.example/a?b HTTP/1.1\r\n").starts_with("HTTP/1.1 403"));
  for (const char* line : {"OPTIONS * HTTP/1.1\r\n", "CONNECT a:80 HTTP/1.1\r\n"}) {
    const std::string got = ask(line);
    EXPECT_TRUE(got.starts_with("HTTP/1.1 405")) << got;
    EXPECT_NE(got.find("Allow: GET, HEAD\r\n"), std::string::npos) << got;
  }
}

// Whatever the library does with its buffer meanwhile.
TEST_F(ServerTest, AHeadMayComeByteByByteAndBehindAnother) {
  start(echo);
  const std::string rest = " HTTP/1.1\r\nHost: localhost\r\nA:b\r\nB:\t c \r\nC:\r\nCookie: x=y; z=\"q\"\r\n";
  const UniqueFd fd = connect_to();
  for (const char c : "GET /%41?b=%42&c" + rest + "\r\n") write_all(fd, std::string_view(&c, 1));
  std::string many;
  for (int i = 0; i < 50; ++i) many += "GET /" + std::to_string(i) + rest + "\r\n";
  for (std::size_t at = 0; at < many.size(); at += 700) write_all(fd, many.substr(at, 700));
  const std::string large = "A: " + std::string(3'000, 'x') + "\r\n";
  write_all(fd, "POST /p" + rest + "Content-Length: 3\r\n\r\nabcGET /q" + rest + large);
  std::this_thread::sleep_for(50ms);
  write_all(fd, large + large + "Connection: close\r\n\r\n");
  const std::string got = read_all(fd);
  EXPECT_EQ(count_of(got, "HTTP/1.1 200 OK\r\n"), 53) << got;
  EXPECT_NE(got.find("\r\n\r\n/A|b=%42&c|\n"), std::string::npos) << got;
  EXPECT_TRUE(got.ends_with("/q||\n")) << got;
}

TEST_F(ServerTest, AMalformedLengthIsRefusedOnce) {
  start(echo);
  for (const char* length : {"-1", "+4", "0x4", "4, 4", "4 4", "x", "", "99999999999999999999"}) {
    for (const std::string method : {"GET", "HEAD", "POST", "PUT"}) {
      const UniqueFd slow = connect_to(), fd = connect_to();
      write_all(slow, method + " /slow HTTP/1.1\r\nHost: localhost\r\n");
      write_all(fd, method + " /x HTTP/1.1\r\nHost: localhost\r\n");
      std::this_thread::sleep_for(2ms);
      write_all(fd, "Content-Length: " + std::string(length) + "\r\n\r\nabcd");
      const std::string got = read_all(fd);
      EXPECT_TRUE(got.starts_with("HTTP/1.1 400 Bad Request\r\n")) << method << length << got;
      EXPECT_NE(got.find("\r\nConnection: close\r\n"), std::string::npos) << got;
      EXPECT_NE(got.find("\r\nContent-Length: 0\r\n"), std::string::npos) << got;
      EXPECT_TRUE(got.ends_with(" GMT\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")) << got;
      EXPECT_EQ(count_of(got, "HTTP/1.1"), 1) << got;
      if (method == "PUT") continue;
      write_all(slow, "Content-Length: 0\r\nConnection: close\r\n\r\n");
      EXPECT_TRUE(read_all(slow).starts_with("HTTP/1.1 200")) << "another one is not touched";
    }
  }
}

// The library refuses such a head in the middle, twice, and then does not say that the request is over.
TEST_F(ServerTest, ARequestThatTheLibraryRefusesTwiceLeavesNothing) {
  start(echo);
  const std::string target(30'000, 'x');
  const std::size_t before = mallinfo2().uordblks;
  {
    std::vector<UniqueFd> together;  // else one takes the memory of the one before
    for (int i = 0; i < 100; ++i) together.push_back(connect_to());
    for (const UniqueFd& fd : together) {
      write_all(
          fd, "GET /" + target + " HTTP/1.1\r\nHost: localhost\r\nCookie: =\"\r\nContent-Length: x\r\n\r\n");
      EXPECT_EQ(read_all(fd).find("200 OK"), std::string::npos);
    }
  }
  EXPECT_TRUE(ask("GET /y HTTP/1.1\r\n").ends_with("/y||\n"));
  EXPECT_LT(mallinfo2().uordblks, before + (std::size_t{1} << 20));
}

TEST_F(ServerTest, AnswersOneAfterTheOtherToTheFirstThatIsNone) {
  start(echo);
  const std::string good = "GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const UniqueFd fd = connect_to();
  write_all(fd, good + good + "GET /2 HTTP/1.1\r\n\r\n" + good);
  const std::string got = read_all(fd);
  EXPECT_EQ(got.find("HTTP/1.1 400"), got.rfind("HTTP/1.1 ")) << got;
  EXPECT_EQ(count_of(got, "/1||\n"), 2) << got;
}

TEST_F(ServerTest, ALengthThatOnlyGetWouldTellIsNotToldToHead) {
  start([](const Request&, const Server::Answer& answer) {
    Response out = plain(200, "");
    out.body.clear();
    out.length_unknown = true;
    answer(std::move(out));
  });
  const UniqueFd fd = connect_to();
  write_all(fd, "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string got = read_all(fd);
  EXPECT_TRUE(got.starts_with("HTTP/1.1 200") && got.ends_with("\r\n\r\n")) << got;
  EXPECT_EQ(got.find("Content-Length"), std::string::npos) << got;
  EXPECT_EQ(got.find("chunked"), std::string::npos) << got;
  EXPECT_EQ(got.find("\r\n\r\n") + 4, got.size()) << got;
}

// Whoever reads, that is.
TEST_F(ServerTest, TellsWhoStillWaitsWhenItEnds) {
  std::mutex mutex;
  std::vector<Server::Answer> kept;
  std::promise<void> asked;
  constexpr std::size_t kClients = 20;
  start([&](const Request&, const Server::Answer& answer) {
    const std::lock_guard lock(mutex);
    kept.push_back(answer);
    if (kept.size() == kClients) asked.set_value();
  });
  std::vector<UniqueFd> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(connect_to());
    write_all(clients.back(), kGet);
  }
  asked.get_future().wait();
  server_.reset();
  for (const auto& answer : kept) answer(plain(200, "nobody is there"));
  for (const UniqueFd& client : clients) {
    const std::string got = read_all(client);
    EXPECT_TRUE(got.starts_with("HTTP/1.1 503") && got.ends_with("the server ends\n")) << got;
  }
}

TEST_F(ServerTest, SlowClientsLoseTheirConnection) {
  ServerLimits limits;
  limits.times = {.request = 1s, .answer = 60s, .between = 120s};
  start(echo, limits);
  const UniqueFd fd = connect_to();
  write_all(fd, "GET /x HTTP/1.1\r\n");
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) {
    const ssize_t sent = send(fd.get(), "X", 1, MSG_NOSIGNAL);  // one byte now and then: never idle
    pollfd ended{fd.get(), POLLRDHUP, 0};
    if (sent != 1 || poll(&ended, 1, 100) == 1) break;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_TRUE(ask("GET /y HTTP/1.1\r\n").ends_with("/y||\n"));
}

TEST_F(ServerTest, ManyConnectionsOfOneAddressLeaveRoomForOthers) {
  ServerLimits limits;
  limits.connections = 20;
  limits.of_one_address = 10;
  limits.beyond = 0;
  start(echo, limits);
  std::vector<UniqueFd> held;
  for (int i = 0; i < 30; ++i) held.push_back(connect_to());
  UniqueFd other(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const ListenAddress from = parse_listen_address("127.0.0.2:0").value();
  ASSERT_EQ(bind(other.get(), reinterpret_cast<const sockaddr*>(&from.address), from.size), 0);
  const ListenAddress& at = server_->address();
  ASSERT_EQ(connect(other.get(), reinterpret_cast<const sockaddr*>(&at.address), at.size), 0);
  write_all(other, "GET /z HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(read_all(other).ends_with("/z||\n"));
  std::size_t open = 0;
  for (const UniqueFd& fd : held) {
    pollfd ended{fd.get(), POLLRDHUP, 0};
    if (poll(&ended, 1, 0) == 0) ++open;
  }
  EXPECT_EQ(open, 10u);
}

TEST_F(ServerTest, ConnectionsBeyondAreToldSo) {
  ServerLimits limits;
  limits.of_one_address = 10;
  limits.beyond = 5;
  start(echo, limits);
  std::vector<UniqueFd> held;
  for (int i = 0; i < 10; ++i) {
    held.push_back(connect_to());
    write_all(held.back(), kGet);
    EXPECT_TRUE(read_all(held.back(), 100ms).ends_with("/x||\n<nothing more>"));
  }
  for (int i = 0; i < 20; ++i) {
    const std::string got = ask("GET /x HTTP/1.1\r\n");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 503")) << got;
    EXPECT_NE(got.find("\r\nConnection: close\r\n"), std::string::npos) << got;
    EXPECT_NE(got.find("\r\nRetry-After: "), std::string::npos) << got;
    EXPECT_EQ(count_of(got, "HTTP/1.1"), 1) << got;
  }
  held.pop_back();
  std::string got;
  for (int i = 0; i < 100 && !got.ends_with("/x||\n"); ++i) got = ask("GET /x HTTP/1.1\r\n");
  EXPECT_TRUE(got.ends_with("/x||\n")) << got;
}

TEST(Server, RefusesWhatIsNoCertificate) {
  ServerOptions options;
  options.address = parse_listen_address("127.0.0.1:0").value();
  options.tls = TlsPem{"no certificate", "no key", ""};
  const auto server = Server::start(std::move(options), echo);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().kind, ErrorKind::kUsage);
}

TEST(Server, SaysThatTheAddressIsTaken) {
  ServerOptions options;
  options.address = parse_listen_address("127.0.0.1:0").value();
  const auto first = Server::start(options, echo);
  ASSERT_TRUE(first);
  options.address = (*first)->address();
  const auto second = Server::start(options, echo);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find((*first)->address().text()), std::string::npos);
}

}  // namespace
}  // namespace gorotrace
