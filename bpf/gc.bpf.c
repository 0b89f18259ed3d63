/* When the world stands still, and when a collection marks. */
#include "lib/event.bpf.h"
#include "lib/go.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("uprobe.multi")
int gt_gc(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns(), cookie = gt_cookie(ctx), pid_tgid = bpf_get_current_pid_tgid();
	struct gt_target *t = gt_hit(ctx, cookie, pid_tgid);
	if (!t)
		return 0;
	struct gt_scratch *s = gt_claim(t, cookie, now, pid_tgid);
	if (!s)
		return 0;
	__u64 g = gt_current_g(ctx);
	/* On g0 by way of systemstack, which has saved where the goroutine is; or nobody's, as in a worker's start. */
	s->record.goid = 0;
	if (gt_read_goroutine_of(s, t, g) && s->word[0] != g)
		gt_want_saved_stack(s, t);
	if (gt_cookie_hook(cookie) == GT_HOOK_STW_BEGIN) {
		__u64 reason = gt_reg(ctx, gt_cookie_reg(cookie));
		/* Up to Go 1.20 there is none, and the site's register is that of g. */
		s->record.detail = reason == g ? GT_NO_REASON : (__u8)reason;
	}
	gt_end(s, t, 1);
	return 0;
}
