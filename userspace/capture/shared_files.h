// The files whose targets share links, by (device, inode), each under a number that fits a cookie.
// Threads: control thread.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "capture/shared_links.h"

namespace gorotrace {

class SharedFiles {
 public:
  // Both outlive this object and the links.
  SharedFiles(const gorotrace_bpf& skeleton, Detacher& detacher, AttachMode mode)
      : skeleton_(skeleton), detacher_(detacher), mode_(mode) {}

  // The links of the file that `exe_path` opens. nullptr when they cannot be shared: a cookie is needed that
  // names no process, no number is free, or those who share them have another plan.
  [[nodiscard]] Result<std::shared_ptr<SharedLinks>> open(const std::string& exe_path, const Plan& plan);
  // Hits in processes that were no target, since the file's links are shared.
  [[nodiscard]] std::uint64_t others_hits(const SharedLinks& links) const;

 private:
  using Key = std::pair<dev_t, ino_t>;
  struct File {
    Key key;
    std::weak_ptr<SharedLinks> links;
  };
  const gorotrace_bpf& skeleton_;
  Detacher& detacher_;
  AttachMode mode_;
  std::array<File, GT_MAX_SHARED_FILES> files_;  // by index - 1
};

}  // namespace gorotrace
