// How the probes of one target are on: by links of its own (attach_groups.h) or by links that targets of its
// file share (shared_links.h). Threads: control thread.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "capture/bpf_handles.h"
#include "probe/plan.h"

namespace gorotrace {

class TargetLinks {
 public:
  virtual ~TargetLinks() = default;
  TargetLinks() = default;
  TargetLinks(const TargetLinks&) = delete;
  TargetLinks& operator=(const TargetLinks&) = delete;

  // Capture::set_groups(), detaching().
  [[nodiscard]] virtual Result<GroupMask> set_groups(GroupMask groups) = 0;
  [[nodiscard]] virtual GroupMask groups() const = 0;
  [[nodiscard]] virtual bool detaching() const = 0;
  // Capture::trapped(), withdraw(), permitted().
  [[nodiscard]] virtual GroupMask trapped() const { return groups(); }
  virtual void withdraw(GroupMask) {}
  [[nodiscard]] virtual GroupMask permitted() const { return ~GroupMask{0}; }

  [[nodiscard]] virtual std::size_t sites() const = 0;
  // Hands the links over, to be destroyed together with others'.
  [[nodiscard]] virtual Links take_links() = 0;
};

}  // namespace gorotrace
