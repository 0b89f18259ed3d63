#include "evidence/object_identity.h"

#include "waits/sync_place.h"

namespace gorotrace {

ObjectIdentity object_identity(const ObjectRow& row, const StatFacts& facts, Symbolizer& symbols) {
  if (row.kind == ObjectRow::Kind::kChannel) return {name_of(row.kind), row.address};
  SyncFunctions functions;
  for (const Frame& frame : symbols.stack(row.waiter_stack)) functions.add(frame.function);
  const auto& reasons = facts.wait_reasons;
  const SyncPlace place =
      functions.place(row.waiter_reason < reasons.size() ? reasons[row.waiter_reason] : std::string_view{});
  if (row.address < place.semaphore_at) return {name_of(row.kind), row.address};
  return {name_of(place.kind), row.address - place.semaphore_at, place.behind_writer};
}

}  // namespace gorotrace
