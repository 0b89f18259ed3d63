// Items to messages and back, for tests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "recording/codec.h"

namespace gorotrace {

using Messages = std::vector<std::string>;

inline Messages messages_of(const FileItem& item) {
  Messages out;
  encode(item, [&out](std::string_view message) {
    EXPECT_LE(message.size(), kMaxMessage);
    out.emplace_back(message);
  });
  return out;
}

inline Status take(Decoder& decoder, std::string_view message, std::vector<FileItem>& out) {
  return decoder.take(message, [&out](FileItem item) { out.push_back(std::move(item)); });
}

inline std::vector<FileItem> items_of(const Messages& messages) {
  Decoder decoder;
  std::vector<FileItem> out;
  for (const std::string& message : messages) {
    const Status taken = take(decoder, message, out);
    EXPECT_TRUE(taken) << taken.error().message;
  }
  EXPECT_EQ(decoder.incomplete(), 0u);
  return out;
}

inline FileItem coded(const FileItem& item) {
  std::vector<FileItem> out = items_of(messages_of(item));
  EXPECT_EQ(out.size(), 1u);
  return out.empty() ? FileItem{} : std::move(out[0]);
}

}  // namespace gorotrace
