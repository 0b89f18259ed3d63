// Another process's memory as a test writes it: only what was put is mapped.
#pragma once

#include <cstring>
#include <initializer_list>
#include <map>
#include <memory>

#include "process/process.h"

namespace gorotrace::testing {

class FakeMemory : public Memory {
 public:
  void words(std::uint64_t address, std::initializer_list<std::uint64_t> values) {
    for (const std::uint64_t v : values) {
      put(address, &v, sizeof v);
      address += sizeof v;
    }
  }
  void put(std::uint64_t address, const void* data, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    for (std::size_t i = 0; i < size; ++i) bytes_[address + i] = bytes[i];
  }
  void map(std::uint64_t address, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) bytes_.try_emplace(address + i, std::uint8_t{0});
  }
  void copy_bytes(const FakeMemory& other) { bytes_ = other.bytes_; }
  bool read(std::uint64_t address, std::span<std::uint8_t> out) const override {
    auto it = bytes_.find(address);
    for (std::size_t i = 0; i < out.size(); ++i, ++it) {
      if (it == bytes_.end() || it->first != address + i) return false;
      out[i] = it->second;
    }
    return true;
  }
  bool read_many(std::span<const Range> ranges, std::vector<bool>& failed) const override {
    failed.assign(ranges.size(), false);
    for (std::size_t i = 0; i < ranges.size(); ++i) failed[i] = !read(ranges[i].address, ranges[i].out);
    return !gone;
  }
  TargetClock clock() const override { return of; }
  TargetClock of;
  std::atomic<bool> gone = false;  // a reader on another thread may look

 private:
  std::map<std::uint64_t, std::uint8_t> bytes_;
};

// Of a test that outlives whoever shares it.
inline std::shared_ptr<const Memory> borrowed(const Memory& memory) {
  return {std::shared_ptr<void>(), &memory};
}

}  // namespace gorotrace::testing
