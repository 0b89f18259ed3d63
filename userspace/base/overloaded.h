// For std::visit: one function object out of a lambda for each alternative.
#pragma once

namespace gorotrace {

template <typename... Visit>
struct Overloaded : Visit... {
  using Visit::operator()...;
};

}  // namespace gorotrace
