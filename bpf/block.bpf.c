/* Waiting and being woken. */
#include "lib/event.bpf.h"
#include "lib/go.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static __noinline int gt_read_channel(struct gt_scratch *s, struct gt_target *t)
{
	__u64 sudog = gt_field(s, t->g_waiting);
	if (sudog && !gt_read_u64(&s->record.object, sudog + t->sudog_c))
		gt_object_failed(t);
	return 0;
}

/* park_m(gp): g.waitreason is set (gopark), g.sched saved (mcall), g.waiting is the sudog list for channel waits. */
static __always_inline int gt_park(struct gt_scratch *s, struct gt_target *t, __u64 gp)
{
	if (!gt_read_g(s, t, gp, t->g_park_words))
		return 0;
	__u8 reason = gt_field_u8(s, t->g_waitreason);
	s->record.detail = reason;
	s->record.extra = gt_field(s, t->g_labels);
	s->pc = gt_field(s, t->g_sched_pc);
	s->fp = gt_field(s, t->g_sched_bp);
	s->base = s->fp ? s->fp : 1;
	s->hi = gt_field(s, t->g_stack_hi);
	if (reason < 64 && (t->sudog_reasons >> reason & 1))
		gt_read_channel(s, t);
	return 1;
}

/* preemptPark: a function stopped where it has no frame (prologue, epilogue, leaf) is in the chain, its caller is not.
 * The word in which its return address then is: at sp when newstack stopped it, above asyncPreempt's frame when a
 * signal did. Whether it is one, user space can tell, which has the pcsp table. */
static __noinline int gt_words_above_frames(struct gt_scratch *s, const struct gt_target *t)
{
	__u64 frame = 0;
	if (!gt_read_u64(&s->record.extra, gt_actor_field(s, t->g_sched_sp)))
		s->record.extra = 0;
	if (!gt_read_u64(&frame, s->fp) || !gt_read_u64(&s->record.object, frame + 16))
		s->record.object = 0;
	return 0;
}

SEC("uprobe.multi")
int gt_block(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns(), cookie = gt_cookie(ctx), pid_tgid = bpf_get_current_pid_tgid();
	struct gt_target *t = gt_hit(ctx, cookie, pid_tgid);
	if (!t)
		return 0;
	struct gt_scratch *s = gt_claim(t, cookie, now, pid_tgid);
	if (!s)
		return 0;
	int ok = 0;
	__u64 gp = gt_reg(ctx, gt_cookie_reg(cookie)), g0 = gt_current_g(ctx);
	switch (gt_cookie_hook(cookie)) {
	case GT_HOOK_PARK:
		ok = gt_park(s, t, gp);
		gt_m_stops(t, g0, gp);
		break;
	case GT_HOOK_SUSPEND:
		ok = gt_read_actor(s, t, gp);
		s->record.goid = gt_actor_field(s, t->g_goid);
		gt_want_saved_stack(s, t);
		gt_words_above_frames(s, t);
		break;
	default: /* READY, INJECT */
		ok = gt_read_goid(s, t, gp);
		if (gt_cookie_flags(cookie) & GT_SITE_BY_SCHEDULER) {
			s->record.flags |= GT_ACTOR_RUNTIME;
			gt_m_runs(t, g0, gp);
		} else {
			/* injectglist's go to the end of a queue. */
			gt_actor(s, t, g0, gt_cookie_hook(cookie) == GT_HOOK_READY ? gp : 0);
		}
	}
	gt_end(s, t, ok);
	return 0;
}
