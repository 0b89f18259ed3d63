/* Its own object: the number that a process has in the initial PID namespace, which is the one that programs see
 * (bpf_get_current_pid_tgid), found by the number that the reader of the iterator knows it by. */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

int gt_wanted_pid = 0; /* in the reader's own PID namespace */
int gt_found_tgid = 0; /* 0: no such process */

/* The number of a task in the PID namespace of that level, of which it must be a member; 0 when it is none. A pid has a
 * number in its own namespace and in all above it (include/linux/pid.h, struct pid). */
static __always_inline int gt_number(struct task_struct *task, __u32 level)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	if (!pid || BPF_CORE_READ(pid, level) < level)
		return 0;
	const char *numbers = (const char *)pid + bpf_core_field_offset(struct pid, numbers);
	const struct upid *at = (const struct upid *)(numbers + level * bpf_core_type_size(struct upid));
	return BPF_CORE_READ(at, nr);
}

/* The kernel gives an iterator the tasks of its reader's namespace (kernel/bpf/task_iter.c), 5.8. */
SEC("iter/task")
int gt_find_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	if (!task || task->pid != task->tgid)
		return 0;
	struct task_struct *reader = (struct task_struct *)bpf_get_current_task();
	if (gt_number(task, BPF_CORE_READ(reader, thread_pid, level)) == gt_wanted_pid)
		gt_found_tgid = task->tgid;
	return 0;
}
