#include "http/request_head.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/number.h"

namespace gorotrace {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// RFC 9110 5.6.2. A name that ends with a blank, or begins with one as a line that goes on does, is none.
bool is_field_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return letter_or_digit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// RFC 9110 5.5. A bare CR ends a line for some readers.
bool is_field_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && c != '\t') || byte == 0x7f;
  });
}

std::uintptr_t begin_of(std::string_view piece) {
  return reinterpret_cast<std::uintptr_t>(piece.data());
}

std::uintptr_t end_of(std::string_view piece) {
  return begin_of(piece) + piece.size();
}

// RFC 3986's characters of a host and a port, without the comma, by which a proxy joins two fields.
bool is_host_and_port(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return letter_or_digit(c) || std::string_view("-._~!$&'()*+;=%[]:").find(c) != std::string_view::npos;
  });
}

// Of which there is one, and readers differ in which of two they take.
constexpr std::string_view kOnce[] = {
    "Host", "Content-Length", "Transfer-Encoding", "Authorization", "Sec-Fetch-Site", "Origin", "Referer"};

std::optional<Response> host_refusal(const RequestHead& head) {
  const auto host = head.field("Host");
  if (!host && head.version != "HTTP/1.0") return plain(400, "the Host is missing");
  if (host && !is_host_and_port(*host)) return plain(400, "the Host is no host");
  return std::nullopt;
}

// A body that is not wanted is not waited for: whoever announces it may never send it.
std::optional<Response> body_refusal(const RequestHead& head, std::size_t most) {
  const bool posts = head.method == "POST";
  if (!posts && head.method != "GET" && head.method != "HEAD") return std::nullopt;  // it is refused anyway
  const auto length = head.field("Content-Length");
  if (head.field("Transfer-Encoding")) {
    if (length) return plain(400, "Content-Length and Transfer-Encoding exclude each other");
    return posts ? plain(411, "give Content-Length instead of Transfer-Encoding")
                 : plain(400, "a GET has no body here");
  }
  if (!length) return std::nullopt;
  const auto bytes = whole_number<std::uint64_t>(*length);
  if (!bytes) return plain(400, "the Content-Length is no number");
  if (!posts && *bytes > 0) return plain(400, "a GET has no body here");
  if (*bytes > most) return plain(413, "Request Entity Too Large");
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> RequestHead::field(std::string_view name) const {
  const auto found = std::ranges::find_if(fields, [&](const auto& f) { return same_name(f.first, name); });
  return found == fields.end() ? std::nullopt : std::optional(found->second);
}

bool stands_as_sent(const RequestHead& head) {
  constexpr std::uintptr_t kBlank = 1, kColon = 1, kEndOfLine = 2;
  if (begin_of(head.target) != end_of(head.method) + kBlank) return false;
  if (begin_of(head.version) != end_of(head.target) + kBlank) return false;
  std::uintptr_t line = end_of(head.version) + kEndOfLine;
  for (const auto& [name, value] : head.fields) {
    if (begin_of(name) != line || begin_of(value) < end_of(name) + kColon) return false;
    line = end_of(value) + kEndOfLine;
  }
  return line + kEndOfLine == begin_of(head.method) + head.bytes;
}

std::optional<Response> head_refusal(const RequestHead& head, const HeadLimits& limits) {
  if (head.target.size() > limits.target_bytes) return plain(414, "URI Too Long");
  if (head.bytes > limits.head_bytes || head.fields.size() > limits.fields)
    return plain(431, "Request Header Fields Too Large");
  if (!head.as_sent)
    return plain(400, "a line of the head is continued, does not end with CR LF, or holds a NUL");
  for (const auto& [name, value] : head.fields) {
    if (!is_field_name(name) || !is_field_value(value)) return plain(400, "a header field is malformed");
  }
  for (const std::string_view name : kOnce) {
    if (std::ranges::count_if(head.fields, [&](const auto& f) { return same_name(f.first, name); }) > 1)
      return plain(400, "more than one " + std::string(name));
  }
  if (auto refused = host_refusal(head)) return refused;
  return body_refusal(head, limits.body_bytes);
}

}  // namespace gorotrace
