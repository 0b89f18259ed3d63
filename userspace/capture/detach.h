// Letting go of links so that the target's text is whole again, whatever happens to this process meanwhile.
//
// A SIGKILL that finds a thread in the middle of removing breakpoints makes the kernel give up on the rest
// (mm/gup.c fails with EINTR under a fatal signal; kernel/events/uprobes.c then logs "failed to unregister,
// leaking uprobe"), and they stay in the target. A process that is exiting takes no signal any more
// (kernel/signal.c prepare_signal): so the last reference to a link is dropped by the exit of a child that
// does nothing else. Killed before, the tracer's own exit does the same.
#pragma once

#include "capture/bpf_handles.h"

namespace gorotrace {

// Links go side by side: each waits for the kernel's grace periods (40-120 ms), which overlap.
void detach_links(Links links);

}  // namespace gorotrace
