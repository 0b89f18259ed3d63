#include "http/request_target.h"

#include <algorithm>
#include <limits>

namespace gorotrace {
namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

std::optional<std::string> decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (text.size() - i < 3) return std::nullopt;
      const auto high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (!high || !low) return std::nullopt;
      out += static_cast<char>(*high << 4 | *low);
      i += 2;
    }
  }
  return out;
}

// Takes "http://node:9464" from the front of a URL; nullopt: it is none, or names nobody, or a user, which no
// client sends (RFC 9110 4.2.4).
std::optional<std::string> take_authority(std::string_view& text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
    if (!std::ranges::equal(text.substr(0, scheme.size()), scheme, same)) continue;
    text.remove_prefix(scheme.size());
    const std::string authority(text.substr(0, text.find_first_of("/?")));
    if (authority.empty() || authority.find_first_of("@#\\") != std::string::npos) return std::nullopt;
    text.remove_prefix(authority.size());
    return authority;
  }
  return std::nullopt;
}

}  // namespace

const std::string* RequestTarget::value(std::string_view name) const {
  const auto found = std::ranges::find(query, name, &std::pair<std::string, std::string>::first);
  return found == query.end() ? nullptr : &found->second;
}

std::optional<RequestTarget> parse_request_target(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
  if (std::ranges::any_of(text, control)) return std::nullopt;
  std::optional<std::string> authority;
  if (!text.starts_with('/')) {
    authority = take_authority(text);
    if (!authority) return std::nullopt;
  }
  const std::size_t mark = std::min(text.find('?'), text.size());
  auto path = decoded(text.substr(0, mark), false);
  if (!path || path->find('\0') != std::string::npos) return std::nullopt;
  RequestTarget out;
  out.path = path->empty() ? "/" : *std::move(path);
  out.authority = std::move(authority);
  std::string_view rest = text.substr(std::min(mark + 1, text.size()));
  out.raw_query = rest;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    if (part.empty() || part.find(';') != std::string_view::npos) continue;
    const std::size_t equals = std::min(part.find('='), part.size());
    auto name = decoded(part.substr(0, equals), true);
    auto value = decoded(part.substr(std::min(equals + 1, part.size())), true);
    if (name && value) out.query.emplace_back(*std::move(name), *std::move(value));
  }
  return out;
}

std::int64_t go_atoi(std::string_view text) {
  using Limits = std::numeric_limits<std::int64_t>;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const bool digits = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return 0;
  std::int64_t out = 0;  // negative: that side has one number more
  for (const char c : text) {
    const std::int64_t digit = c - '0';
    if (out < (Limits::min() + digit) / 10) return negative ? Limits::min() : Limits::max();
    out = out * 10 - digit;
  }
  if (negative) return out;
  return out == Limits::min() ? Limits::max() : -out;
}

}  // namespace gorotrace
