/* Readers of runtime.g. Offsets come from the target's configuration (golang/offsets.h: runtime/runtime2.go of the
 * target's own version); 0xffff means the version has no such field. Every value is the target's word: it is used
 * as data, and as an address only for further checked user reads. Return 0 = could not be read. */
#ifndef GOROTRACE_LIB_GO_BPF_H
#define GOROTRACE_LIB_GO_BPF_H

#include "lib/maps.bpf.h"
#include "lib/regs.bpf.h"

#define GT_ABSENT 0xffff

static __always_inline int gt_read_u64(__u64 *out, __u64 address)
{
	return bpf_probe_read_user(out, sizeof(*out), (void *)address) == 0;
}

/* Field of the copy of g in s->g; `absent` when this Go version has none. */
static __always_inline __u64 gt_field(const struct gt_scratch *s, __u32 offset)
{
	return offset <= GT_G_WINDOW - 8 ? *(__u64 *)(s->g + offset) : 0;
}
static __always_inline __u8 gt_field_u8(const struct gt_scratch *s, __u32 offset)
{
	return offset < GT_G_WINDOW ? s->g[offset] : 0;
}

static __always_inline int gt_read_goid(struct gt_scratch *s, const struct gt_target *t, __u64 gp)
{
	return gp && gt_read_u64(&s->record.goid, gp + t->g_goid);
}

/* All of g that hooks use, in one copy. */
static __always_inline int gt_read_g(struct gt_scratch *s, const struct gt_target *t, __u64 gp)
{
	__u32 size = t->g_window;
	if (size > GT_G_WINDOW)
		size = GT_G_WINDOW;
	if (!gp || bpf_probe_read_user(s->g, size, (void *)gp))
		return 0;
	s->record.goid = gt_field(s, t->g_goid);
	return 1;
}

static __always_inline __u64 gt_actor_field(const struct gt_scratch *s, __u32 offset)
{
	return offset <= GT_ACTOR_WINDOW - 8 ? *(__u64 *)(s->actor + offset) : 0;
}

/* g up to its goid, with the stack bounds and the saved registers: enough for "who, and where". */
static __always_inline int gt_read_actor(struct gt_scratch *s, const struct gt_target *t, __u64 gp)
{
	__u32 size = t->g_goid + 8;
	if (size > GT_ACTOR_WINDOW)
		return 0;
	return gp && bpf_probe_read_user(s->actor, size, (void *)gp) == 0;
}

/* The stack of a goroutine that is off its stack, from the copy in s->actor: g.sched as mcall and systemstack left
 * it (runtime/asm_*.s). */
static __always_inline void gt_want_saved_stack(struct gt_scratch *s, const struct gt_target *t)
{
	s->pc = gt_actor_field(s, t->g_sched_pc);
	s->fp = gt_actor_field(s, t->g_sched_bp);
	s->base = s->fp ? s->fp : 1; /* a missing base is for the walk to count */
	s->hi = gt_actor_field(s, t->g_stack_hi);
}

/* The stack below the probed function, from the registers: its caller's pc first, as g.syscallpc would have it. */
static __always_inline void gt_want_live_stack(struct gt_scratch *s, const struct gt_target *t, struct pt_regs *ctx,
					       int frame_set)
{
	s->fp = gt_fp(ctx);
	s->hi = gt_actor_field(s, t->g_stack_hi);
	s->base = s->fp ? s->fp : 1;
	if (frame_set) {
		s->first = GT_FIRST_IN_FRAME;
	} else if (GT_RETURN_ADDRESS_ON_STACK) {
		s->base = gt_sp(ctx);
		s->first = GT_FIRST_AT_BASE;
	} else {
		s->pc = gt_link_register(ctx);
	}
}

static __always_inline void gt_actor_is_curg(struct gt_scratch *s, const struct gt_target *t)
{
	s->record.other = gt_actor_field(s, t->g_goid);
	gt_want_saved_stack(s, t);
}

/* Who does this to another goroutine: m.curg of the g0 we are on; nil when the scheduler itself acts (timers,
 * netpoll, GC, boot). Fills record.other and the actor's kind, asks for the actor's stack.
 * User reads are what this path costs, so g0.m is remembered: a g0 keeps its m for life (allocm, runtime/proc.go).
 * But another g0 may come to the same address, in another process even. So a known m counts only if its curg names
 * it as its m, or if it has no curg and g0.m still says the same; else everything is read again. */
static __noinline __attribute__((unused)) int gt_actor(struct gt_scratch *s, const struct gt_target *t, __u64 g0)
{
	__u32 i = s->record.tid % GT_KNOWN_MS;
	__u64 *m = &s->word[0], *curg = &s->word[1];
	__u64 known = s->known_m[i].g0 == g0 ? s->known_m[i].m : 0;
	int idle = 0;
	if (known && gt_read_u64(curg, known + t->m_curg)) {
		idle = !*curg;
		if (!idle && gt_read_actor(s, t, *curg) && gt_actor_field(s, t->g_m) == known) {
			gt_actor_is_curg(s, t);
			return 0;
		}
	}
	if (!gt_read_u64(m, g0 + t->g_m) || !*m)
		goto unknown;
	if (!idle || *m != known) {
		s->known_m[i].g0 = g0;
		s->known_m[i].m = *m;
		if (!gt_read_u64(curg, *m + t->m_curg) || (*curg && !gt_read_actor(s, t, *curg)))
			goto unknown;
	}
	if (*curg)
		gt_actor_is_curg(s, t);
	else
		s->record.flags |= GT_ACTOR_RUNTIME;
	return 0;
unknown:
	s->record.flags |= GT_ACTOR_UNKNOWN;
	return 0;
}

#endif
