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
  for (const char* name : {"Authorization", "Content-Length", "Sec-Fetch-Site", "Transfer-Encoding"})
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
