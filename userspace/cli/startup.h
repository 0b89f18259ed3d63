// What the process needs before its first thread and its first file.
#pragma once

namespace gorotrace {

// Streams 0 to 2 are open afterwards: one that the parent closed takes no byte, so that no file, map or
// memory opened later gets its number and with it a report or a message. And the soft limit of descriptors is
// the hard one: each probe is one where the kernel has no uprobe_multi.
void prepare_process();

}  // namespace gorotrace
