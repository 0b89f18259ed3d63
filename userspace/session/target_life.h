// Where a target is on its way through a session, and how its window ended. Forward only:
//
//   planned   it has its slot and its place in the stream; nothing is attached
//   traced    all sites are armed: its window is open
//   ending    its window is over; probes may still be on, records on their way
//   ended     nothing is attached; its tables stay as they are until it is removed
//
// Pure. Threads: control thread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/enum_names.h"

namespace gorotrace {

enum class TargetState : std::uint8_t { kPlanned, kTraced, kEnding, kEnded };

enum class WindowEnd : std::uint8_t {
  kWindow,   // the session's
  kRemoved,  // its own: the others go on
  kExited,
  kExeced,
  kContradicted,
};
template <>
inline constexpr auto kEnumNames<WindowEnd> = enum_names<WindowEnd>({
    {WindowEnd::kWindow, ""},
    {WindowEnd::kRemoved, "the target was removed"},
    {WindowEnd::kExited, "the target exited"},
    {WindowEnd::kExeced, "the target executed another program"},
    {WindowEnd::kContradicted, "its goroutines are not what was known of its runtime"},
});

class TargetLife {
 public:
  [[nodiscard]] TargetState state() const { return state_; }
  [[nodiscard]] bool traced() const { return state_ == TargetState::kTraced; }
  [[nodiscard]] std::uint64_t begin_ns() const { return begin_ns_; }
  [[nodiscard]] std::uint64_t end_ns() const { return end_ns_; }  // 0: not over
  [[nodiscard]] std::optional<WindowEnd> how_it_ended() const { return how_; }
  [[nodiscard]] bool over() const { return state_ >= TargetState::kEnding; }

  // Each is false, and changes nothing, when it comes out of turn.
  bool trace(std::uint64_t begin_ns) {
    if (state_ != TargetState::kPlanned) return false;
    state_ = TargetState::kTraced;
    begin_ns_ = begin_ns;
    return true;
  }
  bool end(WindowEnd how, std::uint64_t end_ns) {
    if (state_ != TargetState::kTraced) return false;
    state_ = TargetState::kEnding;
    how_ = how;
    end_ns_ = end_ns;
    return true;
  }
  bool let_go() {
    if (state_ != TargetState::kEnding) return false;
    state_ = TargetState::kEnded;
    return true;
  }

 private:
  TargetState state_ = TargetState::kPlanned;
  std::optional<WindowEnd> how_;
  std::uint64_t begin_ns_ = 0, end_ns_ = 0;
};

}  // namespace gorotrace
