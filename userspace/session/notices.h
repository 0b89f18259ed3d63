// What the user should know of one target, in order, each once.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace gorotrace {

class Notices {
 public:
  void add(std::string text) {
    if (std::ranges::find(texts_, text) == texts_.end()) texts_.push_back(std::move(text));
  }
  [[nodiscard]] const std::vector<std::string>& all() const { return texts_; }

 private:
  std::vector<std::string> texts_;
};

}  // namespace gorotrace
