#include "http/request_head.h"

#include <gtest/gtest.h>

#include <string>

namespace gorotrace {
namespace {

using namespace std::string_view_literals;
using Fields = decltype(RequestHead::fields);

unsigned status_of(std::string_view method, Fields fields, std::string_view version = "HTTP/1.1") {
  RequestHead head{method, "/metrics", version, 100, std::move(fields)};
  const auto refused = head_refusal(head, {});
  return refused ? refused->status : 200;
}

TEST(RequestHead, FieldsAreFoundInWhicheverCase) {
  const RequestHead head{"GET", "/", "HTTP/1.1", 0, {{"hOST", "a"}, {"Accept", ""}, {"host", "b"}}};
  EXPECT_EQ(head.field("Host"), "a");
  EXPECT_EQ(head.field("accept"), "");
  EXPECT_EQ(head.field("Hos"), std::nullopt);
  EXPECT_EQ(head.field("Host "), std::nullopt);
}

TEST(RequestHead, HasLimits) {
  const HeadLimits limits{.target_bytes = 10, .head_bytes = 100, .fields = 2, .body_bytes = 10};
  const auto status = [&](std::size_t target, std::size_t bytes) {
    const std::string text(target, '/');
    const auto refused = head_refusal({"GET", text, "HTTP/1.1", bytes, {{"Host", "a"}}}, limits);
    return refused ? refused->status : 200u;
  };
  EXPECT_EQ(status(10, 100), 200u);
  EXPECT_EQ(status(11, 100), 414u);
  EXPECT_EQ(status(10, 101), 431u);
  EXPECT_EQ(status(11, 101), 414u);
  const std::pair<std::string_view, std::string_view> host{"Host", "a"}, other{"A", "b"};
  EXPECT_FALSE(head_refusal({"GET", "/", "HTTP/1.1", 9, {host, other}}, limits));
  EXPECT_EQ(head_refusal({"GET", "/", "HTTP/1.1", 9, {host, other, other}}, limits)->status, 431u);
}

TEST(RequestHead, HasOneHost) {
  EXPECT_EQ(status_of("GET", {{"Host", "localhost:9464"}}), 200u);
  EXPECT_EQ(status_of("GET", {{"host", "[::1]:9464"}}), 200u);
  EXPECT_EQ(status_of("GET", {{"Host", ""}}), 200u);
  EXPECT_EQ(status_of("GET", {}), 400u);
  EXPECT_EQ(status_of("GET", {}, "HTTP/1.0"), 200u);
  EXPECT_EQ(status_of("GET", {{"Host", "a"}, {"Host", "a"}}), 400u);
  EXPECT_EQ(status_of("GET", {{"Host", "a"}, {"HOST", "b"}}, "HTTP/1.0"), 400u);
  for (const char* host : {"a, b", "a b", "a/b", "a@b", "a?b", "a\\b", "a,b", "\xc3\xa4"})
    EXPECT_EQ(status_of("GET", {{"Host", host}}), 400u) << host;
}

TEST(RequestHead, HasOneOfWhatDecides) {
  for (const char* name :
       {"Authorization", "Content-Length", "Sec-Fetch-Site", "Transfer-Encoding", "Origin", "Referer"})
    EXPECT_EQ(status_of("GET", {{"Host", "a"}, {name, "0"}, {name, "0"}}), 400u) << name;
  EXPECT_EQ(status_of("GET", {{"Host", "a"}, {"Accept", "x"}, {"Accept", "y"}, {"Cookie", "z"}}), 200u);
}

TEST(RequestHead, FieldsAreWellFormed) {
  for (const std::string_view name :
       {"", "Host ", " a", "a b", "a\tb", "a\"", "(a", "\xc3\xa4", "a\r", "a:b"})
    EXPECT_EQ(status_of("GET", {{"Host", "x"}, {name, "v"}}), 400u) << name;
  for (const std::string_view value : {"a\rb"sv, "a\nb"sv, "\x01"sv, "\x7f"sv, "a\0b"sv})
    EXPECT_EQ(status_of("GET", {{"Host", "x"}, {"A", value}}), 400u) << value;
  EXPECT_EQ(status_of("GET", {{"Host", "x"}, {"A!#$%&'*+-.^_`|~9", "a\tb \xc3\xa4"}, {"B", ""}}), 200u);
}

// `text` as libmicrohttpd 0.9.75 takes it apart within its buffer: a NUL for what ends a piece.
RequestHead taken_apart(std::string_view text, std::vector<std::string_view> pieces) {
  RequestHead head{};
  std::size_t at = 0;
  const auto next = [&](std::string_view piece) {
    at = text.find(piece, at);
    const std::string_view found = text.substr(at, piece.size());
    at += piece.size();
    return found;
  };
  head.method = next(pieces[0]);
  head.target = next(pieces[1]);
  head.version = next(pieces[2]);
  for (std::size_t i = 3; i + 1 < pieces.size(); i += 2) {
    const std::string_view name = next(pieces[i]);
    if (pieces[i + 1].empty()) ++at;  // behind the colon
    head.fields.emplace_back(name, next(pieces[i + 1]));
  }
  head.bytes = text.size();
  return head;
}

TEST(RequestHead, StandsAsItWasSent) {
  const auto stands = [](std::string_view text, std::vector<std::string_view> pieces) {
    return stands_as_sent(taken_apart(text, std::move(pieces)));
  };
  EXPECT_TRUE(
      stands("GET / HTTP/1.1\r\nHost: a\r\nB:\r\n\r\n", {"GET", "/", "HTTP/1.1", "Host", "a", "B", ""}));
  EXPECT_TRUE(stands("GET / HTTP/1.0\r\n\r\n", {"GET", "/", "HTTP/1.0"}));
  EXPECT_TRUE(stands("GET / HTTP/1.1\r\nHost: \t a\r\n\r\n", {"GET", "/", "HTTP/1.1", "Host", "a"}));
  // A bare LF, wherever it stands.
  EXPECT_FALSE(stands("GET / HTTP/1.1\nHost: a\r\n\r\n", {"GET", "/", "HTTP/1.1", "Host", "a"}));
  EXPECT_FALSE(stands("GET / HTTP/1.1\r\nHost: a\n\r\n", {"GET", "/", "HTTP/1.1", "Host", "a"}));
  EXPECT_FALSE(stands("GET / HTTP/1.1\r\nHost: a\r\n\n", {"GET", "/", "HTTP/1.1", "Host", "a"}));
  EXPECT_FALSE(stands("GET / HTTP/1.1\r\n\n", {"GET", "/", "HTTP/1.1"}));
  // A NUL ends a value for the library, or all of the head.
  EXPECT_FALSE(stands("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"sv, {"GET", "/", "HTTP/1.1", "Host", "a"}));
  EXPECT_FALSE(stands("GET / HTTP/1.1\r\nHost: a\r\n\0B: c\r\n"sv, {"GET", "/", "HTTP/1.1", "Host", "a"}));
  EXPECT_FALSE(stands("GET /\0b HTTP/1.1\r\nHost: a\r\n\r\n"sv, {"GET", "/", "HTTP/1.1", "Host", "a"}));
  // A line that goes on: its name is a copy elsewhere.
  const std::string_view folded = "GET / HTTP/1.1\r\nHost: a\r\nB: 1\r\n 8\r\n\r\n";
  RequestHead head = taken_apart(folded, {"GET", "/", "HTTP/1.1", "Host", "a", "B", "1"});
  EXPECT_FALSE(stands_as_sent(head));
  const std::string elsewhere = "B8";
  head.fields.back().first = elsewhere;
  EXPECT_FALSE(stands_as_sent(head));
  EXPECT_FALSE(stands("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", {"GET", "/", "HTTP/1.1", "Host", "a"}));
}

TEST(RequestHead, WhatDoesNotStandAsSentIsRefused) {
  RequestHead head{"GET", "/", "HTTP/1.1", 100, {{"Host", "a"}}};
  EXPECT_FALSE(head_refusal(head, {}));
  head.as_sent = false;
  EXPECT_EQ(head_refusal(head, {})->status, 400u);
}

TEST(RequestHead, OnlyPostHasABodyOfKnownSize) {
  const std::string_view length = "Content-Length", encoding = "Transfer-Encoding";
  for (const char* method : {"GET", "HEAD"}) {
    EXPECT_EQ(status_of(method, {{"Host", "a"}, {length, "0"}}), 200u);
    EXPECT_EQ(status_of(method, {{"Host", "a"}, {length, "1"}}), 400u);
    EXPECT_EQ(status_of(method, {{"Host", "a"}, {length, "18446744073709551615"}}), 400u);
    EXPECT_EQ(status_of(method, {{"Host", "a"}, {encoding, "chunked"}}), 400u);
    EXPECT_EQ(status_of(method, {{"Host", "a"}, {encoding, "gzip"}}), 400u);
  }
  EXPECT_EQ(status_of("POST", {{"Host", "a"}}), 200u);
  EXPECT_EQ(status_of("POST", {{"Host", "a"}, {length, "65536"}}), 200u);
  EXPECT_EQ(status_of("POST", {{"Host", "a"}, {length, "65537"}}), 413u);
  EXPECT_EQ(status_of("POST", {{"Host", "a"}, {encoding, "chunked"}}), 411u);
  EXPECT_EQ(status_of("POST", {{"Host", "a"}, {encoding, "chunked"}, {length, "3"}}), 400u);
  for (const char* none : {"", "x", "-1", "+1", " 1", "1,1", "0x1", "99999999999999999999"})
    EXPECT_EQ(status_of("POST", {{"Host", "a"}, {length, none}}), 400u) << none;
  EXPECT_EQ(status_of("PUT", {{"Host", "a"}, {length, "99999999"}}), 200u);  // 405, whatever follows
}

}  // namespace
}  // namespace gorotrace
