/* What becomes of a target as a process: it executes another program, or ends. */
#include "lib/event.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* The new image may be the same file, with the same breakpoints in it: what it does must not be booked on the old one's
 * goroutines. At shared links it is a process like any other from here on. fs/exec.c exec_binprm: in the thread that is
 * left, before the new image runs its first instruction. */
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

#define GT_GROUP_EXIT 4 /* SIGNAL_GROUP_EXIT, include/linux/sched/signal.h */

/* As wait(2) has it: of exit_group and of a deadly signal the process has one, else it is that of its last thread. */
static __always_inline __u32 gt_exit_code(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	if (BPF_CORE_READ(signal, flags) & GT_GROUP_EXIT)
		return BPF_CORE_READ(signal, group_exit_code);
	return BPF_CORE_READ(task, exit_code);
}

/* kernel/exit.c do_exit, in each thread. Two threads that end at once may both find none left: the first record
 * counts. A record more than hits, so it is a hit of the target's first site, as GT_HOOK_LIMIT is. */
SEC("raw_tp/sched_process_exit")
int gt_process_exit(void *ctx)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u32 tgid = pid_tgid >> 32;
	struct gt_owner *owner = bpf_map_lookup_elem(&owners, &tgid);
	if (!owner)
		return 0;
	__u32 slot = owner->target;
	struct gt_target *target = bpf_map_lookup_elem(&targets, &slot);
	struct gt_target_stats *stats_of = bpf_map_lookup_elem(&site_stats, &slot);
	if (!target || !stats_of || target->tgid != tgid)
		return 0;
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0;
	__sync_fetch_and_add(&stats_of->site[0].hits, 1);
	__u64 cookie = slot | (__u64)owner->generation << 16 | (__u64)GT_HOOK_ENDED << 32;
	struct gt_scratch *s = gt_claim(target, cookie, bpf_ktime_get_ns(), pid_tgid);
	if (!s)
		return 0;
	s->record.goid = 0;
	s->record.extra = gt_exit_code(task);
	gt_emit(s, target, 1);
	*(volatile __u32 *)&s->busy = 0;
	return 0;
}
