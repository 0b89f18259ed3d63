// Who made whom: for each live goroutine the go statement that made it, and those that made its creators,
// which may be gone. Goids come from the target, so nothing is looked up by a goid later: a node names its
// creator's node from the start. Memory: a node for each live goroutine and for kMaxLinks creators of each at
// most. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/flat_index.h"

namespace gorotrace {

class Lineage {
 public:
  static constexpr std::uint32_t kNoNode = 0xffffff;  // Goroutine::born has 24 bits
  static constexpr std::size_t kMaxLinks =
      8;  // go statements that are followed, the goroutine's own with them
  static constexpr std::uint16_t kNoPlace = 0xffff;

  struct Node {
    std::uint64_t goid = 0;          // that was made; 0 = free
    std::uint64_t creator = 0;       // goid; 0 = the runtime, or not known
    std::uint64_t stack = 0;         // the creator's at the go statement; 0 = not seen
    std::uint32_t site = kNone;      // row of the go statement and of what it starts
    std::uint32_t up = kNoNode;      // the creator's node
    std::uint32_t users = 0;         // the goroutine itself, and those whose node has this one as `up`
    std::uint16_t place = kNoPlace;  // among the origins of the site
  };

  // kNoNode when there are too many. It has one user.
  [[nodiscard]] std::uint32_t add(const Node& node);
  // Not when that would make a circle, or a chain too long to be sure of it.
  void follow(std::uint32_t node, std::uint32_t up);
  // The goroutine has ended; kNoNode is let be.
  void release(std::uint32_t node);

  [[nodiscard]] Node& operator[](std::uint32_t node) { return nodes_[node]; }
  [[nodiscard]] const Node& operator[](std::uint32_t node) const { return nodes_[node]; }
  // Go statements from this node on, kMaxLinks at most; 0 of kNoNode.
  [[nodiscard]] std::size_t links(std::uint32_t node) const {
    std::size_t n = 0;
    each(node, [&n](const Node&) { ++n; });
    return n;
  }
  // The node and its creators, nearest first, kMaxLinks at most.
  template <typename Visit>
  void each(std::uint32_t node, const Visit& visit) const {
    for (std::size_t n = 0; node != kNoNode && n < kMaxLinks; ++n) {
      visit(nodes_[node]);
      node = nodes_[node].up;
    }
  }
  template <typename Visit>
  void each(const Visit& visit) const {
    for (const Node& node : nodes_) {
      if (node.goid != 0) visit(node);
    }
  }
  [[nodiscard]] std::size_t size() const { return nodes_.size() - free_.size(); }
  [[nodiscard]] std::size_t places() const { return nodes_.size(); }  // nodes are numbered below it
  [[nodiscard]] std::size_t memory_bytes() const {
    return nodes_.capacity() * sizeof(Node) + free_.capacity() * sizeof(std::uint32_t);
  }

 private:
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> free_;
};

}  // namespace gorotrace
