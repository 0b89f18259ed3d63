// Takes numbers off the front of an input; what is missing is zero.
#pragma once

#include <algorithm>
#include <cstring>

#include "base/bytes.h"

namespace gorotrace::fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

  template <typename T>
  [[nodiscard]] T take() {
    T value{};
    const Bytes bytes = take_bytes(sizeof value);
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }
  [[nodiscard]] Bytes take_bytes(std::size_t size) {
    const Bytes taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  [[nodiscard]] Bytes rest() const { return rest_; }

 private:
  Bytes rest_;
};

}  // namespace gorotrace::fuzz
