// What a goroutine's header shows but its runtime.g only points to: the thread (m.procid) and the
// testing/synctest bubble. Pointers are hostile: each is read with process_vm_readv or counts as absent.
#pragma once

#include <vector>

#include "golang/offsets.h"
#include "process/process.h"

namespace gorotrace {

struct GoroutineSnapshot;

// Replaces `bubble`, an address, by the number that runtime/traceback.go prints, and fills thread_id. Read
// once per distinct address: goroutines of one m or bubble are few against all.
void read_thread_words(const Memory& memory, const RuntimeOffsets& offsets,
                       std::vector<GoroutineSnapshot>& goroutines);

}  // namespace gorotrace
