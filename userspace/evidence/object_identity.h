// What the object of a row is to the program: a semaphore is a part of a sync.Mutex, RWMutex, Once or
// WaitGroup, under whose address a dump shows it.
#pragma once

#include <cstdint>
#include <string_view>

#include "evidence/facts.h"
#include "model/model.h"
#include "symbols/stack_table.h"

namespace gorotrace {

struct ObjectIdentity {
  std::string_view kind;       // "channel", or as name_of(SyncKind)
  std::uint64_t address = 0;   // of the whole object
  bool behind_writer = false;  // as SyncPlace
};
// By the stack of one that waited; where nobody did a semaphore is only that.
[[nodiscard]] ObjectIdentity object_identity(const ObjectRow& row, const StatFacts& facts,
                                             Symbolizer& symbols);

}  // namespace gorotrace
