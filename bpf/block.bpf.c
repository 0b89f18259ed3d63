/* Waiting and being woken. */
#include "lib/event.bpf.h"
#include "lib/go.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline int gt_on_channel(const struct gt_target *t, __u8 reason)
{
	return reason < 64 && (t->sudog_reasons >> reason & 1);
}

/* park_m(gp): g.waitreason is set (gopark), g.sched saved (mcall), g.waiting is the sudog list for channel waits.
 * A subprogram, for its caller's frame (README.md, "Preemption"). */
static __noinline int gt_park(struct gt_scratch *s, const struct gt_target *t, __u64 gp)
{
	gt_remember_curg(t, s->record.tid, 0);
	if (!gt_read_g(s, t, gp))
		return 0;
	__u8 reason = gt_field_u8(s, t->g_waitreason);
	s->record.detail = reason;
	s->pc = gt_field(s, t->g_sched_pc);
	s->fp = gt_field(s, t->g_sched_bp);
	s->base = s->fp ? s->fp : 1;
	s->hi = gt_field(s, t->g_stack_hi);
	if (gt_on_channel(t, reason)) {
		__u64 sudog = gt_field(s, t->g_waiting);
		if (sudog && !gt_read_u64(&s->record.object, sudog + t->sudog_c))
			gt_object_failed();
	}
	return 1;
}

/* Who parks, and where its stack ends. */
static __always_inline int gt_parking(struct gt_scratch *s, const struct gt_target *t, __u64 gp)
{
	s->record.goid = gt_known_goid(t, gp);
	if (s->record.goid) {
		s->hi = gt_known_stack_hi(t, gp, s->fp);
		s->guess = gp;
		if (s->hi)
			return 1;
		s->guess = 0;
	}
	if (!gt_read_actor(s, t, gp))
		return 0;
	gt_remember_actor(s, t, gp);
	s->record.goid = gt_actor_field(s, t->g_goid);
	s->hi = gt_actor_field(s, t->g_stack_hi);
	return 1;
}

/* gopark(unlockf, lock, reason, ...), which does nothing but note its arguments and call mcall(park_m), cannot be
 * preempted on the way and nowhere else is park_m called (runtime/proc.go, 1.18-1.27). What park_m would find in g is
 * here in registers: the reason, the stack, and of a channel operation the channel, by the lock that chanparkcommit
 * will release (chan.go). A select has none (select.go): its first channel is in g.waiting, set before. */
static __noinline int gt_gopark(struct gt_scratch *s, const struct gt_target *t, struct pt_regs *ctx)
{
	__u64 gp = gt_current_g(ctx), lock = gt_argument1(ctx);
	__u8 reason = (__u8)gt_argument2(ctx);
	gt_remember_curg(t, s->record.tid, 0);
	s->record.detail = reason;
	s->first = GT_FIRST_GOPARK;
	s->pc = t->gopark_pc;
	s->link = gt_fp(ctx);
	s->fp = s->base = gt_sp(ctx) - 8; /* below the return address, where gopark pushes it */
	if (!gt_parking(s, t, gp))
		return 0;
	if (!gt_on_channel(t, reason))
		return 1;
	if (lock) {
		s->record.object = lock - t->hchan_lock;
	} else if (!gt_read_u64(&s->word[0], gp + t->g_waiting) ||
		   (s->word[0] && !gt_read_u64(&s->record.object, s->word[0] + t->sudog_c))) {
		gt_object_failed();
	}
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
	__u64 gp = gt_reg(ctx, gt_cookie_reg(cookie));
	struct gt_scratch *s = gt_claim(cookie, now, pid_tgid);
	if (!s)
		return 0;
	int ok = 0;
	switch (gt_cookie_hook(cookie)) {
	case GT_HOOK_PARK:
		ok = gt_cookie_flags(cookie) & GT_SITE_GOPARK ? gt_gopark(s, t, ctx) : gt_park(s, t, gp);
		break;
	case GT_HOOK_SUSPEND:
		ok = gt_read_actor(s, t, gp);
		s->record.goid = gt_actor_field(s, t->g_goid);
		gt_want_saved_stack(s, t);
		gt_words_above_frames(s, t);
		break;
	default: /* READY, INJECT */
		ok = gt_read_goid(s, t, gp);
		gt_actor(s, t, gt_current_g(ctx));
	}
	gt_end(s, t, ok);
	return 0;
}
