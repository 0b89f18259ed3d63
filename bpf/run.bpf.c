/* Getting and giving up a thread. */
#include "lib/event.bpf.h"
#include "lib/go.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("uprobe.multi")
int gt_run(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns(), cookie = gt_cookie(ctx), pid_tgid = bpf_get_current_pid_tgid();
	struct gt_target *t = gt_hit(ctx, cookie, pid_tgid);
	if (!t)
		return 0;
	__u64 gp = gt_reg(ctx, gt_cookie_reg(cookie));
	struct gt_scratch *s = gt_claim(t, cookie, now, pid_tgid);
	if (!s)
		return 0;
	int ok;
	if (gt_cookie_hook(cookie) == GT_HOOK_EXECUTE) {
		gt_m_runs(t, gt_current_g(ctx), gp);
		ok = gt_read_goid(s, t, gp);
	} else { /* YIELD */
		ok = gt_read_actor(s, t, gp);
		s->record.goid = gt_actor_field(s, t->g_goid);
		gt_want_saved_stack(s, t);
	}
	gt_end(s, t, ok);
	return 0;
}
