#include "top/http_answer.h"

#include <gtest/gtest.h>

#include <string>

namespace gorotrace {
namespace {

// Given in pieces of every size it says the same.
Result<HttpAnswer> read(const std::string& text, std::size_t piece) {
  HttpAnswerReader reader;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const auto whole = reader.take(std::string_view(text).substr(at, piece));
    if (!whole) return std::unexpected(whole.error());
    if (*whole) break;
  }
  return reader.end();
}

void expect_body(const std::string& text, const std::string& body) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, text.size()}) {
    const auto answer = read(text, piece);
    ASSERT_TRUE(answer) << answer.error().message << "\n" << text;
    EXPECT_EQ(answer->body, body) << piece;
  }
}

void expect_error(const std::string& text) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, text.size()})
    EXPECT_FALSE(read(text, piece)) << text;
}

TEST(HttpAnswer, LengthChunksAndTheEndOfTheConnection) {
  expect_body("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello");
  expect_body("HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhello and more", "hello");
  expect_body("HTTP/1.0 200 OK\r\n\r\nto the end", "to the end");
  expect_body("HTTP/1.1 200\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n",
              "hello world");
  expect_body("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nTrailer: x\r\n\r\nrest",
              "a");
  expect_body("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "x");
  expect_body("HTTP/1.1 204 No Content\r\n\r\n", "");
}

TEST(HttpAnswer, StatusIsTold) {
  const auto answer = read("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nno\n", 4);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
}

TEST(HttpAnswer, WhatIsNoAnswerIsAnError) {
  expect_error("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  expect_error("HTTP/2 200\r\n\r\n");
  expect_error("HTTP/1.1 abc\r\n\r\n");
  expect_error("HTTP/1.1 2000\r\n\r\n");
  expect_error("HTTP/1.1 200 OK\r\nno colon here\r\n\r\n");
  expect_error("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n");
  expect_error("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab");
  expect_error("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nx");
  expect_error("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nx");
  expect_error("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
  expect_error("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n");
}

TEST(HttpAnswer, WhatEndsTooEarlyIsAnError) {
  expect_error("");
  expect_error("HTTP/1.1 200 OK\r\n");
  expect_error("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell");
  expect_error("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
}

TEST(HttpAnswer, SizesHaveLimits) {
  expect_error("HTTP/1.1 200 OK\r\nX: " + std::string(HttpAnswerReader::kMostHeader, 'x'));
  const std::string too_long = std::to_string(HttpAnswerReader::kMostBody + 1);
  expect_error("HTTP/1.1 200 OK\r\nContent-Length: " + too_long + "\r\n\r\n");
  expect_error("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx");
  expect_error("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
               std::string(HttpAnswerReader::kMostHeader + 1, '0'));
  std::string trailers = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  while (trailers.size() < 2 * HttpAnswerReader::kMostHeader) trailers += "A: b\r\n";
  expect_error(trailers);
  HttpAnswerReader reader;
  ASSERT_TRUE(reader.take("HTTP/1.1 200 OK\r\n\r\n"));
  const std::string much(std::size_t{1} << 20, 'x');
  bool refused = false;
  for (std::size_t i = 0; i <= HttpAnswerReader::kMostBody / much.size() && !refused; ++i)
    refused = !reader.take(much);
  EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace gorotrace
