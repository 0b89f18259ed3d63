// Letting go of links so that the target's text is whole again, whatever happens to this process meanwhile.
//
// What apart.h says of a fatal signal holds here too, and more can be had: a process that is exiting takes no
// signal any more (kernel/signal.c prepare_signal), not even the one that ends its whole cgroup. So the last
// reference to a link is dropped by the exit of a process that does nothing else. Killed before, the tracer's
// own exit does the same.
#pragma once

#include "capture/bpf_handles.h"

namespace gorotrace {

// Links go side by side: each waits for the kernel's grace periods (40-120 ms), which overlap.
void detach_links(Links links);

}  // namespace gorotrace
