// What top -H, perf and a debugger call a thread of ours; it inherits its creator's name, which may be a
// library's.
#pragma once

#include <sys/prctl.h>

namespace gorotrace {

// Of the calling thread. At most 15 bytes: the kernel drops the rest (TASK_COMM_LEN).
inline void name_thread(const char* name) {
  ::prctl(PR_SET_NAME, name);
}

}  // namespace gorotrace
