// The answer to an HTTP/1.1 request (RFC 9112), read as it comes. Whoever answers may be anybody: sizes have
// limits, and what is no answer is an error. Pure. Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gorotrace {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

class HttpAnswerReader {
 public:
  static constexpr std::size_t kMostHeader = std::size_t{16} << 10;
  static constexpr std::size_t kMostBody = std::size_t{64} << 20;

  // The next bytes. True: the answer is whole; what is behind it is left out.
  [[nodiscard]] Result<bool> take(std::string_view bytes);
  // Nothing more comes. The answer, if it is whole.
  [[nodiscard]] Result<HttpAnswer> end();

 private:
  enum class Until : std::uint8_t { kHeader, kLength, kChunks, kClose, kWhole };
  [[nodiscard]] Result<bool> read_header();
  [[nodiscard]] Status read_field(std::string_view name, std::string_view value);
  [[nodiscard]] Result<bool> read_body();
  [[nodiscard]] Result<bool> read_chunks();

  Until until_ = Until::kHeader;
  std::string raw_;  // not yet read
  HttpAnswer answer_;
  std::optional<std::size_t> length_;
  bool chunked_ = false;
  std::optional<std::size_t> chunk_left_;  // of a chunk, with its line end; nullopt: its size comes
  std::size_t chunk_lines_ = 0;            // bytes of sizes and trailers so far
  bool last_chunk_ = false;
};

}  // namespace gorotrace
