// How often a process was found stopped, frozen or in a debugger while it was watched: whoever sees that
// nothing happened in it should know that nothing could. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace gorotrace {

class HoldWatch {
 public:
  // What holds it now (process/hold.h), "" for nothing; true when that has changed.
  bool look(const std::string& holds) {
    ++looks_;
    if (!holds.empty()) ++held_[holds];
    const bool changed = holds != now_;
    now_ = holds;
    return changed;
  }
  [[nodiscard]] const std::string& now() const { return now_; }
  [[nodiscard]] std::vector<std::string> notices() const;

 private:
  std::size_t looks_ = 0;
  std::map<std::string, std::size_t> held_;
  std::string now_;
};

}  // namespace gorotrace
