#include "evidence/creation_chain.h"

#include "golang/frame_class.h"

namespace gorotrace {
namespace {

bool user(const Frame& frame) {
  return is_user_code(frame.function);
}

const Frame* first_user(const std::vector<Frame>& frames) {
  const auto found = std::ranges::find_if(frames, user);
  return found != frames.end() ? &*found : nullptr;
}

}  // namespace

bool has_user_code(const std::vector<Frame>& frames) {
  return first_user(frames) != nullptr;
}

std::vector<Frame> way_from_user_code(const std::vector<ChainLink>& chain) {
  std::vector<Frame> out;
  const ChainLink* made = nullptr;  // the link before
  for (const ChainLink& link : chain) {
    // Where a creator began is on its stack, whatever else was.
    const bool began = link.start && (user(*link.start) || link.site.empty());
    if (made != nullptr && made->stack.empty() && began) {
      out.push_back(*link.start);
      break;
    }
    if (made != nullptr && !link.site.empty()) out.push_back(link.site.front());
    if (!link.site.empty() && user(link.site.front())) break;
    if (const Frame* frame = first_user(link.stack.empty() ? link.site : link.stack); frame != nullptr) {
      out.push_back(*frame);
      break;
    }
    made = &link;
  }
  return out;
}

void KnownCreations::add(std::uint64_t goid, const KnownCreation& creation) {
  const auto [known, fresh] = known_.try_emplace(goid, creation);
  if (fresh) return;
  KnownCreation& k = known->second;
  const auto contradicts = [](std::uint64_t a, std::uint64_t b) { return a != 0 && b != 0 && a != b; };
  if (contradicts(k.gopc, creation.gopc) || contradicts(k.creator, creation.creator)) {
    k = {};
    return;
  }
  if (k.gopc == 0) return;  // contradicted before
  if (k.creator == 0) k.creator = creation.creator;
  if (k.startpc == 0) k.startpc = creation.startpc;
  if (k.pcs.empty()) {
    k.pcs = creation.pcs;
    k.kind = creation.kind;
  }
}

}  // namespace gorotrace
