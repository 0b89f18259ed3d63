// Items as messages of a capture file, and back. A message is at most kMaxMessage bytes: an item that is
// larger (a snapshot of many goroutines) is several, which a decoder puts together again. Encoding: protocol
// buffers (protozero); README.md has the fields. Records are columns: record_columns.h. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "recording/file_item.h"
#include "recording/message.h"

namespace gorotrace {

// Gets each message: its bytes are valid during the call.
using MessageSink = std::function<void(std::string_view message)>;
void encode(const FileItem& item, const MessageSink& out);
void encode(const Item& item, const MessageSink& out);

// Of one file, from its start or from behind a chunk that could not be read, which forget() says: an item of
// which only the first messages came is dropped. Memory: what the messages brought, of one item.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  // Hands on what the message completes, if anything. Error: it is damaged or hostile; kUnsupported: an item
  // of a kind that this version does not know and that says it must not be skipped.
  [[nodiscard]] Status take(std::string_view message, const std::function<void(FileItem)>& out);
  void forget();
  // Of items that come from here on, or go on: one with more rows (file_claims.h) is damaged. At first there
  // is no such bound.
  void allow_rows(std::size_t rows);
  // Items that were dropped because parts of them never came.
  [[nodiscard]] std::uint64_t incomplete() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gorotrace
