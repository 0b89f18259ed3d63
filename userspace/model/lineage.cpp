#include "model/lineage.h"

namespace gorotrace {

std::uint32_t Lineage::add(const Node& node) {
  std::uint32_t at;
  if (!free_.empty()) {
    at = free_.back();
    free_.pop_back();
    nodes_[at] = node;
  } else if (nodes_.size() < kNoNode) {
    at = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back(node);
  } else {
    return kNoNode;
  }
  nodes_[at].up = kNoNode;
  nodes_[at].users = 1;
  if (node.up != kNoNode) follow(at, node.up);
  return at;
}

void Lineage::follow(std::uint32_t node, std::uint32_t up) {
  std::size_t above = 0;
  for (std::uint32_t at = up; at != kNoNode; at = nodes_[at].up) {
    if (at == node || ++above >= 8 * kMaxLinks) return;
  }
  if (up == kNoNode || nodes_[node].up != kNoNode) return;
  nodes_[node].up = up;
  ++nodes_[up].users;
}

void Lineage::release(std::uint32_t node) {
  while (node != kNoNode && --nodes_[node].users == 0) {
    const std::uint32_t up = nodes_[node].up;
    nodes_[node] = {};
    free_.push_back(node);
    node = up;
  }
}

}  // namespace gorotrace
