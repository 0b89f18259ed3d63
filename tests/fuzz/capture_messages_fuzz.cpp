// Messages of a capture file: pieces of the input, each behind its size, one after the other into a decoder.
// What one makes of them can be written, and is the same when it is read again.
#include <string>
#include <vector>

#include "check.h"
#include "input.h"
#include "recording/codec.h"

namespace gorotrace::fuzz {
namespace {

using Messages = std::vector<std::string>;

Messages encoded(const FileItem& item) {
  Messages out;
  encode(item, [&out](std::string_view message) {
    check(message.size() <= kMaxMessage, "a message is not too large");
    out.emplace_back(message);
  });
  return out;
}

void check_round_trip(const FileItem& item) {
  const Messages messages = encoded(item);
  std::vector<FileItem> again;
  Decoder decoder;
  for (const std::string& message : messages) {
    const Status taken = decoder.take(message, [&again](FileItem read) { again.push_back(std::move(read)); });
    check(taken.has_value(), "what was written can be read");
  }
  check(again.size() == 1 && decoder.incomplete() == 0, "one item is one item");
  check(encoded(again[0]) == messages, "what was read again is the same");
}

}  // namespace
}  // namespace gorotrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gorotrace;
  fuzz::Input input(data, size);
  Decoder decoder;
  while (!input.rest().empty()) {
    const Bytes piece = input.take_bytes(input.take<std::uint16_t>());
    // A message of its own: who reads behind it is seen.
    const std::string message(piece.begin(), piece.end());
    std::size_t items = 0;
    const Status taken = decoder.take(message, [&items](const FileItem& item) {
      ++items;
      fuzz::check_round_trip(item);
    });
    fuzz::check(items <= (taken ? 1 : 0), "a message completes one item at most, a damaged one none");
    if (!taken) decoder.forget();
  }
  return 0;
}
