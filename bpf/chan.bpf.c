/* Channel operations. A send or receive that blocks has its stack in the park that follows, one that wakes another
 * goroutine in the ready; only close, which may do neither, carries its own. */
#include "lib/event.bpf.h"
#include "lib/go.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* hchan.qcount and, behind it, hchan.dataqsiz: in one read, by way of the frame (gt_read_u64). */
static __noinline int gt_read_lengths(struct gt_scratch *s, const struct gt_target *t, __u64 channel)
{
	__u64 both[2];
	if (t->hchan_qcount == GT_ABSENT ||
	    bpf_probe_read_user(both, sizeof(both), (void *)(channel + t->hchan_qcount)))
		return 0;
	s->word[0] = both[0];
	s->word[1] = both[1];
	return 1;
}

/* Was there no free slot (send) or no element (receive) at entry? On a nil channel both block for ever. */
static __always_inline void gt_would_block(struct gt_scratch *s, struct gt_target *t, __u32 hook)
{
	__u64 channel = s->record.object;
	s->word[0] = s->word[1] = 0;
	if (channel && !gt_read_lengths(s, t, channel)) {
		gt_object_failed(t);
		return;
	}
	if (hook == GT_HOOK_CHAN_SEND ? s->word[0] >= s->word[1] : s->word[0] == 0)
		s->record.flags |= GT_REC_WOULD_BLOCK;
}

SEC("uprobe.multi")
int gt_chan(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns(), cookie = gt_cookie(ctx), pid_tgid = bpf_get_current_pid_tgid();
	struct gt_target *t = gt_hit(ctx, cookie, pid_tgid);
	if (!t)
		return 0;
	struct gt_scratch *s = gt_claim(t, cookie, now, pid_tgid);
	if (!s)
		return 0;
	int ok = 0;
	__u32 hook = gt_cookie_hook(cookie);
	s->record.object = gt_reg(ctx, gt_cookie_reg(cookie));
	if (hook == GT_HOOK_CHAN_CLOSE) {
		ok = gt_read_actor(s, t, gt_current_g(ctx));
		s->record.goid = gt_actor_field(s, t->g_goid);
		gt_want_live_stack(s, t, ctx, gt_cookie_flags(cookie) & GT_SITE_FRAME_SET);
	} else {
		ok = gt_read_goid(s, t, gt_current_g(ctx));
		gt_would_block(s, t, hook);
	}
	if (ok && !s->record.goid) { /* on g0: a timer's channel (sendTime) */
		s->record.flags |= GT_ACTOR_RUNTIME;
		s->base = 0;
	}
	gt_end(s, t, ok);
	return 0;
}
