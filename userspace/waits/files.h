// What the target's file descriptors are, asked for once each.
#pragma once

#include <optional>

#include "base/seeded_hash.h"
#include "process/process.h"
#include "waits/sockets.h"

namespace gorotrace::waits {

class FileTable {
 public:
  explicit FileTable(const Process* process) : process_(process) {}
  [[nodiscard]] SharedFile describe(std::int32_t fd);

 private:
  [[nodiscard]] FileDescription look_up(std::int32_t fd);
  [[nodiscard]] const Sockets& sockets();

  const Process* process_;
  SeededMap<std::int32_t, SharedFile> known_;
  std::optional<Sockets> sockets_;  // read when the first socket is asked for
};

}  // namespace gorotrace::waits
