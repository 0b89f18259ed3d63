#include "http/authorization.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "base/small_file.h"
#include "base/text.h"

namespace gorotrace {
namespace {

constexpr std::size_t kShortest = 16, kLongest = 4096;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool in_token(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~+/").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  const std::size_t padding = std::min(text.find('='), text.size());
  return padding > 0 && std::ranges::all_of(text.substr(0, padding), in_token) &&
         text.find_first_not_of('=', padding) == std::string_view::npos;
}

}  // namespace

std::optional<std::string_view> bearer_token(std::string_view header) {
  constexpr std::string_view kScheme = "bearer";
  if (header.size() <= kScheme.size() || header[kScheme.size()] != ' ') return std::nullopt;
  if (!std::ranges::equal(header.substr(0, kScheme.size()), kScheme, {}, lower)) return std::nullopt;
  header.remove_prefix(kScheme.size());
  header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
  header = header.substr(0, header.find_last_not_of(" \t") + 1);
  return is_token(header) ? std::optional(header) : std::nullopt;
}

bool equal_in_constant_time(std::string_view given, std::string_view expected) {
  if (given.size() != expected.size()) return false;
  // volatile: no compiler may end the loop at the first difference.
  volatile unsigned char differ = 0;
  for (std::size_t i = 0; i < given.size(); ++i)
    differ = static_cast<unsigned char>(differ | (given[i] ^ expected[i]));
  return differ == 0;
}

Result<std::string> read_token_file(const std::string& path) {
  const auto content = read_small_file(path, kLongest);
  if (!content) return std::unexpected(content.error());
  constexpr std::string_view kBlanks = " \t\r\n";
  std::string_view token = *content;
  token = token.substr(0, token.find_last_not_of(kBlanks) + 1);
  token.remove_prefix(std::min(token.find_first_not_of(kBlanks), token.size()));
  if (token.size() < kShortest || !is_token(token)) {
    return fail(
        ErrorKind::kUsage,
        fmt::format("{}: a token has {} characters or more, letters, digits and -._~+/ alone (for example "
                    "of openssl rand -hex 32)",
                    printable(path, 256), kShortest));
  }
  return std::string(token);
}

}  // namespace gorotrace
