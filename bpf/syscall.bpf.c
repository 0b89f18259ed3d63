/* The runtime's own idea of a system call: entersyscall and exitsyscall, cgo calls included. */
#include "lib/event.bpf.h"
#include "lib/go.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("uprobe.multi")
int gt_syscall(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns(), cookie = gt_cookie(ctx), pid_tgid = bpf_get_current_pid_tgid();
	struct gt_target *t = gt_hit(ctx, cookie, pid_tgid);
	if (!t)
		return 0;
	struct gt_scratch *s = gt_claim(t, cookie, now, pid_tgid);
	if (!s)
		return 0;
	int ok = 0;
	switch (gt_cookie_hook(cookie)) {
	case GT_HOOK_SYSCALL_ENTER:
		ok = gt_read_actor(s, t, gt_current_g(ctx));
		s->record.goid = gt_actor_field(s, t->g_goid);
		gt_want_live_stack(s, t, ctx, gt_cookie_flags(cookie) & GT_SITE_FRAME_SET);
		break;
	case GT_HOOK_SYSCALL_EXIT:
		ok = gt_read_goid(s, t, gt_current_g(ctx));
		break;
	default: /* SYSCALL_EXIT_SLOW: on g0, the goroutine is the argument */
		ok = gt_read_goid(s, t, gt_reg(ctx, gt_cookie_reg(cookie)));
	}
	gt_end(s, t, ok);
	return 0;
}
