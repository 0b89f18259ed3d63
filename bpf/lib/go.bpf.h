/* Readers of runtime.g. Offsets come from the target's configuration (golang/offsets.h: runtime/runtime2.go of the
 * target's own version); 0xffff means the version has no such field. Every value is the target's word: it is used
 * as data, and as an address only for further checked user reads. Return 0 = could not be read. */
#ifndef GOROTRACE_LIB_GO_BPF_H
#define GOROTRACE_LIB_GO_BPF_H

#include "lib/known.bpf.h"
#include "lib/maps.bpf.h"
#include "lib/regs.bpf.h"

#define GT_ABSENT 0xffff

/* By way of the frame, for subprograms to use (README.md, "Preemption"): hardened usercopy looks a destination on the
 * stack through in less time than one in a map (mm/usercopy.c, __check_object_size), a quarter of the read's cost. */
static __always_inline int gt_read_u64(__u64 *out, __u64 address)
{
	__u64 word;
	if (bpf_probe_read_user(&word, sizeof(word), (void *)address))
		return 0;
	*out = word;
	return 1;
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

static __noinline __attribute__((unused)) int gt_read_goid(struct gt_scratch *s, const struct gt_target *t, __u64 gp)
{
	s->record.goid = gt_known_goid(t, gp);
	if (s->record.goid)
		return 1;
	if (!gp || !gt_read_u64(&s->record.goid, gp + t->g_goid))
		return 0;
	gt_remember_goid(t, gp, s->record.goid);
	return 1;
}

/* The first words of g, in one copy: as many as the hook uses. */
static __always_inline int gt_read_g(struct gt_scratch *s, const struct gt_target *t, __u64 gp, __u32 words)
{
	__u32 size = words * 8;
	if (size > GT_G_WINDOW)
		size = GT_G_WINDOW;
	if (!gp || bpf_probe_read_user(s->g, size, (void *)gp))
		return 0;
	s->record.goid = gt_field(s, t->g_goid);
	gt_remember_goid(t, gp, s->record.goid);
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

/* m.curg of the g0 we are on, into s->actor; 1: it could be read, and *curg says whether there is one (nil).
 *
 * The m: g0.m is set once (runtime/proc.go allocm, rt0_go), so a g0 has another m only where its memory has become
 * another M's g0, behind the end of the M. An M ends in one way, mexit, which it comes to when a goroutine that is
 * locked to it ends: in goexit0, or as a coroutine in coroswitch_m. Both are hooks of the lifecycle group, on this very
 * g0, and forget the entry (lifecycle.bpf.c); behind them no goroutine is woken or made there. The Ms of C threads
 * never end: needm takes one from a list, dropm puts it back. m0 parks for good in mexit. So with those hooks an m
 * that is known need not be read again.
 *
 * Its curg: a goroutine that names the m as its own is its curg. execute and coroswitch_m set both, dropg clears both
 * (runtime/proc.go, coro.go), and nobody does while this thread is in the probe. So the one that `known` guesses is
 * tried first; not where the last guess was wrong, which is dearer than none: where Ps take goroutines from each other,
 * most are. One place in 1.25+ hides curg, while synctestRun runs its bubble's timers (synctest.go): there the
 * goroutine that called synctest is the waker. */
static __always_inline int gt_read_curg(struct gt_scratch *s, const struct gt_target *t, struct gt_known_m *known,
					__u64 g0, __u64 *curg)
{
	__u64 m = gt_known_m_of(known, t, g0);
	__u64 guess = m ? GT_ONCE(known->curg) : 0;
	*curg = guess;
	if (guess && !GT_ONCE(known->wrong) && gt_read_actor(s, t, guess) && gt_actor_field(s, t->g_m) == m)
		return 1;
	if (!m || !t->goids_hold) {
		if (!gt_read_u64(&m, g0 + t->g_m) || !m)
			return 0;
		gt_remember_m(known, t, g0, m);
	}
	if (!gt_read_u64(curg, m + t->m_curg))
		return 0;
	GT_ONCE(known->curg) = *curg;
	if (guess)
		GT_ONCE(known->wrong) = guess != *curg;
	return !*curg || gt_read_actor(s, t, *curg);
}

/* The goroutine for which the thread acts whose g this is, a g0 or a signal's g included: into s->actor, record.goid
 * and s->word[0]. 0: there is none (word[0] is 0), or it could not be read (word[0] is not). */
static __noinline __attribute__((unused)) int gt_read_goroutine_of(struct gt_scratch *s, const struct gt_target *t,
								   __u64 g)
{
	__u64 m = 0;
	s->word[0] = 1;
	if (!g || !gt_read_u64(&m, g + t->g_m) || !m || !gt_read_u64(&s->word[0], m + t->m_curg) || !s->word[0])
		return 0;
	if (!gt_read_actor(s, t, s->word[0]))
		return 0;
	s->record.goid = gt_actor_field(s, t->g_goid);
	return 1;
}

/* Who does this to another goroutine: m.curg of the g0 we are on; nil when the scheduler itself acts (timers,
 * netpoll, GC, boot). Fills record.other and the actor's kind, asks for the actor's stack. `next` is the goroutine
 * that the M will run next if nothing comes in between; 0: the hook says nothing of that. */
static __noinline __attribute__((unused)) int gt_actor(struct gt_scratch *s, const struct gt_target *t, __u64 g0,
						       __u64 next)
{
	struct gt_known_m *known = gt_known_m(t, g0);
	__u64 curg;
	if (!known)
		return 0;
	if (!gt_read_curg(s, t, known, g0, &curg)) {
		s->record.flags |= GT_ACTOR_UNKNOWN;
		return 0;
	}
	if (!curg) {
		s->record.flags |= GT_ACTOR_RUNTIME;
		return 0;
	}
	if (next)
		GT_ONCE(known->woken) = next;
	s->record.other = gt_actor_field(s, t->g_goid);
	gt_want_saved_stack(s, t);
	return 0;
}

#endif
