/* Its own object: who executes a program, told to user space at once, for whoever looks for new processes. */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* include/linux/ns_common.h, include/linux/pid_namespace.h: where they lie, the running kernel says. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct ns_common {
	unsigned int inum;
};
struct pid_namespace {
	struct ns_common ns;
};
#pragma clang attribute pop

#define GT_MOST_LEVELS 33 /* MAX_PID_NS_LEVEL and the initial one, include/linux/pid_namespace.h */

const volatile __u32 gt_reader_namespace = 0; /* inode number of the reader's PID namespace */
__u64 gt_execs_lost = 0;                      /* for which the ring had no room */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024); /* 4,000 of them */
} gt_execs SEC(".maps");

/* The number by which the reader knows a process; 0: it is not of the reader's namespace or one below. */
static __always_inline __u32 gt_number_for_reader(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	if (!pid)
		return 0;
	__u32 last = BPF_CORE_READ(pid, level);
	const char *numbers = (const char *)pid + bpf_core_field_offset(struct pid, numbers);
	for (__u32 level = 0; level < GT_MOST_LEVELS && level <= last; level++) {
		const struct upid *at = (const struct upid *)(numbers + level * bpf_core_type_size(struct upid));
		if (BPF_CORE_READ(at, ns, ns.inum) == gt_reader_namespace)
			return BPF_CORE_READ(at, nr);
	}
	return 0;
}

/* fs/exec.c exec_binprm: in the thread that is left, which by then has the process's number. A raw tracepoint: there
 * need be no tracefs. */
SEC("raw_tp/sched_process_exec")
int gt_exec_seen(void *ctx)
{
	__u32 number = gt_number_for_reader((struct task_struct *)bpf_get_current_task());
	if (number != 0 && bpf_ringbuf_output(&gt_execs, &number, sizeof number, 0) != 0)
		__sync_fetch_and_add(&gt_execs_lost, 1);
	return 0;
}
