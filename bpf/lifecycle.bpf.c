/* Birth and death of goroutines, iter.Pull's coroutines and C threads' goroutines included. */
#include "lib/event.bpf.h"
#include "lib/go.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Which goroutine, and its creation site: an exit carries it too, for goroutines whose creation nobody saw. */
static __always_inline int gt_read_origin(struct gt_scratch *s, const struct gt_target *t, __u64 gp)
{
	if (!gt_read_g(s, t, gp, t->g_words))
		return 0;
	s->record.object = gt_field(s, t->g_gopc);
	s->record.extra = gt_field(s, t->g_startpc);
	return 1;
}

static __always_inline int gt_create(struct gt_scratch *s, const struct gt_target *t, struct pt_regs *ctx, __u64 gp)
{
	if (!gt_read_origin(s, t, gp))
		return 0;
	/* newproc puts it into runnext; newcoro's waits until it is switched to. */
	gt_actor(s, t, gt_current_g(ctx), s->record.hook == GT_HOOK_CREATE ? gp : 0);
	return 1;
}

/* coroswitch_m(gp), after mcall: gp.sched is where it left off. With g.coroexit set (coroexit, Go 1.22+) it is gone. */
static __always_inline int gt_coro_out(struct gt_scratch *s, const struct gt_target *t, __u64 gp)
{
	if (!gt_read_g(s, t, gp, t->g_words) || !gt_read_actor(s, t, gp))
		return 0;
	s->record.detail = gt_field_u8(s, t->g_waitreason);
	if (gt_field_u8(s, t->g_coroexit)) {
		s->record.flags |= GT_REC_ENDS;
		s->record.object = gt_field(s, t->g_gopc);
		s->record.extra = gt_field(s, t->g_startpc);
	}
	gt_want_saved_stack(s, t);
	return 1;
}

/* Does the hook end the life of the goid that the g has? coroexit too, whatever g.coroexit says: to forget one that
 * lives costs a read. */
static __always_inline int gt_ends_goid(__u32 hook)
{
	return hook == GT_HOOK_EXIT || hook == GT_HOOK_CORO_OUT || hook == GT_HOOK_EXTRA_OUT;
}

/* The goroutine that s->g is of leaves its M for good. If it is locked to it, that ends, too (gt_read_curg). */
static __always_inline void gt_leave_m(const struct gt_scratch *s, const struct gt_target *t, __u64 g0, __u64 gp,
				       int ok)
{
	if (!ok || gt_field(s, t->g_lockedm))
		gt_forget_m(t, g0);
	else
		gt_m_stops(t, g0, gp);
}

SEC("uprobe.multi")
int gt_lifecycle(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns(), cookie = gt_cookie(ctx), pid_tgid = bpf_get_current_pid_tgid();
	struct gt_target *t = gt_hit(ctx, cookie, pid_tgid);
	if (!t)
		return 0;
	__u64 gp = gt_reg(ctx, gt_cookie_reg(cookie));
	struct gt_scratch *s = gt_claim(t, cookie, now, pid_tgid);
	if (!s) {
		if (gt_ends_goid(gt_cookie_hook(cookie))) {
			gt_forget_goid(t, gp);
			gt_forget_m(t, gt_current_g(ctx));
		}
		return 0;
	}
	int ok = 0;
	switch (gt_cookie_hook(cookie)) {
	case GT_HOOK_CREATE:
	case GT_HOOK_CREATE_CORO:
		ok = gt_create(s, t, ctx, gp);
		break;
	case GT_HOOK_CORO_OUT:
		ok = gt_coro_out(s, t, gp);
		gt_leave_m(s, t, gt_current_g(ctx), gp, ok);
		break;
	case GT_HOOK_CORO_IN: /* the register holds &newg.sched, whose first field is sp (runtime2.go, gobuf) */
		ok = gt_read_goid(s, t, gp - t->g_sched_sp);
		break;
	case GT_HOOK_EXIT:
		ok = gt_read_origin(s, t, gp);
		gt_leave_m(s, t, gt_current_g(ctx), gp, ok);
		break;
	default: /* EXTRA_IN, EXTRA_OUT */
		ok = gt_read_goid(s, t, gp);
	}
	if (gt_ends_goid(gt_cookie_hook(cookie)))
		gt_forget_goid(t, gp);
	gt_end(s, t, ok);
	return 0;
}
