// Where the screen's documents come from: an agent over HTTP, an agent in this process, or one process that
// is looked at here. Threads: one, the feed's (top/feed.h), which may be held up for as long as a call says.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace gorotrace {

class TopSource {
 public:
  TopSource() = default;
  TopSource(const TopSource&) = delete;
  TopSource& operator=(const TopSource&) = delete;
  virtual ~TopSource() = default;

  // The document of /targets. Returns within seconds, an error as well.
  [[nodiscard]] virtual Result<std::string> targets() = 0;
  // The document of /targets/ID/stat: cumulative since a window began which goes on while it is asked for.
  // nullopt: nothing was seen yet, it has just begun.
  [[nodiscard]] virtual Result<std::optional<std::string>> stat(const std::string& id) = 0;
  // Every 50 ms, for what goes on between two documents.
  virtual void tick() {}
};

}  // namespace gorotrace
