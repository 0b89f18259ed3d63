#include "export/gzip.h"

#include <zlib.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace gorotrace {

Result<std::string> gzip(std::string_view data) {
  z_stream stream{};
  constexpr int kGzipHeader = 16 + MAX_WBITS, kDefaultMemory = 8;
  int status = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipHeader, kDefaultMemory,
                            Z_DEFAULT_STRATEGY);
  if (status != Z_OK)
    return fail(ErrorKind::kFailed, fmt::format("zlib cannot start to compress: {}", zError(status)));
  std::string out;
  std::array<Bytef, 1u << 16> buffer;
  do {
    if (stream.avail_in == 0) {
      const std::size_t n = std::min<std::size_t>(data.size(), std::numeric_limits<uInt>::max());
      // zlib takes its input without const and does not write to it.
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
      stream.avail_in = static_cast<uInt>(n);
      data.remove_prefix(n);
    }
    stream.next_out = buffer.data();
    stream.avail_out = static_cast<uInt>(buffer.size());
    status = deflate(&stream, data.empty() ? Z_FINISH : Z_NO_FLUSH);
    out.append(reinterpret_cast<const char*>(buffer.data()), buffer.size() - stream.avail_out);
  } while (status == Z_OK || status == Z_BUF_ERROR);
  deflateEnd(&stream);
  if (status != Z_STREAM_END)
    return fail(ErrorKind::kFailed, fmt::format("zlib cannot compress: {}", zError(status)));
  return out;
}

}  // namespace gorotrace
