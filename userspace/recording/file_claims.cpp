#include "recording/file_claims.h"

#include <fmt/format.h>

#include "base/overloaded.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMostStacks = 65536;

Status claims(std::string_view what) {
  return fail(ErrorKind::kFailed,
              fmt::format("the capture file is damaged: more {} than its bytes can tell of", what));
}

}  // namespace

std::size_t rows_of(const FileItem& item) {
  if (const auto* told = std::get_if<CheckpointTold>(&item)) {
    const OpenState& open = told->checkpoint.model;
    return open.goroutines.size() + open.lineage.size() + open.exits.size();
  }
  const auto* of = std::get_if<Item>(&item);
  if (of == nullptr) return 0;
  return std::visit(Overloaded{[](const Snapshot& s) { return s.goroutines.size(); },
                               [](const SeenObjects& s) { return s.objects.size(); },
                               [](const SampleTick& t) { return t.changed.size(); },
                               [](const auto&) { return std::size_t{0}; }},
                    of->what);
}

Status FileClaims::take(const FileItem& item) {
  const auto* of = std::get_if<Item>(&item);
  return of == nullptr ? Status{} : take_item(*of);
}

Status FileClaims::take_item(const Item& item) {
  if (std::holds_alternative<TargetBegun>(item.what)) {
    targets_.insert(item.target);
    if (targets_.size() > kTargets) return claims("targets");
  } else if (const auto* run = std::get_if<Records>(&item.what)) {
    records_ += run->records.size();
    if (records_ > kRecords + kRecordsOfByte * bytes_) return claims("events");
  } else if (const auto* defined = std::get_if<StackDefined>(&item.what)) {
    if (stacks_.size() >= kMostStacks) stacks_.clear();
    if (stacks_.insert(defined->id).second) pcs_ += defined->stack->pcs.size();
    if (pcs_ > kPcs + kPcsOfByte * bytes_) return claims("program counters");
  }
  return {};
}

}  // namespace gorotrace
