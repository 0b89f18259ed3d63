// Whether executables, or shared libraries, are Go, each file looked at once for all processes that run it.
// Threads: any. Two that ask for the same unknown file at the same time both look at it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "elf/file_window.h"

namespace gorotrace {

// What rules and the list of targets want of a file before anybody parses it.
struct GoFileFacts {
  bool is_go = false;
  std::string go_version, module, module_version;  // printable; "" when not known
};

class GoFileCache {
 public:
  // More files than a busy node runs; what was asked for longest ago goes.
  static constexpr std::size_t kMost = 4096;
  using Examine = std::function<GoFileFacts(const std::string& path)>;
  explicit GoFileCache(Examine examine = examine_file, std::size_t most = kMost)
      : examine_(std::move(examine)), most_(most) {}

  // Of the regular file behind that path ("/proc/PID/exe"). The kernel is asked which file it is; it is
  // opened only if it is not known, or was changed since. kNoProcess and kPermission as the kernel says.
  [[nodiscard]] Result<GoFileFacts> of(const std::string& path);
  [[nodiscard]] std::uint64_t examined() const;  // files that were opened, ever

  [[nodiscard]] static GoFileFacts examine_file(const std::string& path);
  // Of a library that has a runtime of its own (golang/presence.h); reads little of one that has none.
  [[nodiscard]] static GoFileFacts examine_library(const std::string& path);

 private:
  // Who owns a file can set its mtime back, its ctime not.
  struct Key {
    FileIdentity file;
    std::int64_t ctime_s = 0, ctime_ns = 0;
    auto operator<=>(const Key&) const = default;
  };
  struct Known {
    GoFileFacts facts;
    std::list<Key>::iterator used;
  };

  const Examine examine_;
  const std::size_t most_;
  mutable std::mutex mutex_;  // what follows
  std::list<Key> by_use_;     // the last used first
  std::map<Key, Known> known_;
  std::uint64_t examined_ = 0;
};

}  // namespace gorotrace
