/* Getting and giving up a thread. */
#include "lib/event.bpf.h"
#include "lib/go.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("uprobe.multi")
int gt_run(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns(), cookie = gt_cookie(ctx);
	struct gt_target *t = gt_hit(ctx, cookie);
	if (!t)
		return 0;
	__u64 gp = gt_reg(ctx, gt_cookie_reg(cookie));
	int execute = gt_cookie_hook(cookie) == GT_HOOK_EXECUTE, ok;
	if (execute)
		gt_remember_curg(t, gt_current_g(ctx), gp);
	struct gt_scratch *s = gt_claim(t, cookie, now);
	if (!s)
		return 0;
	if (execute) {
		ok = gt_read_goid(s, t, gp);
	} else { /* YIELD */
		ok = gt_read_actor(s, t, gp);
		s->record.goid = gt_actor_field(s, t->g_goid);
		gt_want_saved_stack(s, t);
	}
	gt_end(s, t, ok);
	return 0;
}
