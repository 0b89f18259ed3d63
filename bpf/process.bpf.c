/* A target that executes another program. Its new image may be the same file, with the same breakpoints in it: what it
 * does must not be booked on the old one's goroutines. At shared links it is a process like any other from here on. */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "lib/maps.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* fs/exec.c exec_binprm: in the thread that is left, before the new image runs its first instruction. */
SEC("raw_tp/sched_process_exec")
int gt_exec(void *ctx)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct gt_owner *owner = bpf_map_lookup_elem(&owners, &tgid);
	if (!owner)
		return 0;
	__u32 slot = owner->target;
	struct gt_target *target = bpf_map_lookup_elem(&targets, &slot);
	if (target && target->tgid == tgid)
		target->tgid = 0; /* no process has it */
	bpf_map_delete_elem(&owners, &tgid);
	return 0;
}
