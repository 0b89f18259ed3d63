/* What earlier hits read of the target and what therefore need not be read again: a read of user memory costs about
 * as much as everything else an event does (tests/bench/README.md).
 *   g -> goid        from any hit that read it until the g's exit. Only while the lifecycle group is on: without its
 *                    hooks a g could be recycled unseen (gt_target.goids_hold).
 *   g0 -> m          until the M's end, with the same hooks: a goroutine that is locked to its M takes it along.
 *   m -> m.curg      a guess: who was executed, or woken by the one that stopped, or found to run; whoever uses it
 *                    checks g.m.
 * Both tables are shared by all CPUs and all targets, and written without a lock by programs that may be preempted
 * between two words. So an entry carries a check word made of its key, its values and the target's salt: parts of two
 * entries, or an entry of another target, do not fit together and count as not there. */
#ifndef GOROTRACE_LIB_KNOWN_BPF_H
#define GOROTRACE_LIB_KNOWN_BPF_H

#include "lib/maps.bpf.h"

static __always_inline __u32 gt_known_index(const struct gt_target *t, __u64 address, __u32 bits)
{
	return (__u32)(((address + t->salt) * GT_MIX_1) >> (64 - bits));
}

/* One load, which the compiler may not split or repeat. */
#define GT_ONCE(word) (*(volatile __u64 *)&(word))

static __always_inline struct gt_known_g *gt_known_g(const struct gt_target *t, __u64 gp)
{
	__u32 index = gt_known_index(t, gp, GT_KNOWN_GS_BITS);
	return bpf_map_lookup_elem(&known_gs, &index);
}

static __always_inline __u64 gt_known_g_check(const struct gt_target *t, __u64 gp, __u64 goid)
{
	return (gp + t->salt) ^ goid * GT_MIX_1;
}

/* The goid of gp, or 0: not known. */
static __always_inline __u64 gt_known_goid(const struct gt_target *t, __u64 gp)
{
	if (!t->goids_hold)
		return 0;
	struct gt_known_g *known = gt_known_g(t, gp);
	if (!known)
		return 0;
	__u64 goid = GT_ONCE(known->goid);
	return GT_ONCE(known->check) == gt_known_g_check(t, gp, goid) ? goid : 0;
}

static __always_inline void gt_remember_goid(const struct gt_target *t, __u64 gp, __u64 goid)
{
	if (!t->goids_hold || !goid)
		return;
	struct gt_known_g *known = gt_known_g(t, gp);
	if (!known)
		return;
	GT_ONCE(known->goid) = goid;
	GT_ONCE(known->check) = gt_known_g_check(t, gp, goid);
}

/* The g ends: the runtime will give it another goid. Also for hits that go without working memory. */
static __always_inline void gt_forget_goid(const struct gt_target *t, __u64 gp)
{
	struct gt_known_g *known = gt_known_g(t, gp);
	if (known)
		GT_ONCE(known->check) = 0;
}

static __always_inline struct gt_known_m *gt_known_m(const struct gt_target *t, __u64 g0)
{
	__u32 index = gt_known_index(t, g0, GT_KNOWN_MS_BITS);
	return bpf_map_lookup_elem(&known_ms, &index);
}

static __always_inline __u64 gt_known_m_check(const struct gt_target *t, __u64 g0, __u64 m)
{
	return (g0 + t->salt) ^ m * GT_MIX_1;
}

/* The m of g0, or 0: not known. */
static __always_inline __u64 gt_known_m_of(const struct gt_known_m *known, const struct gt_target *t, __u64 g0)
{
	__u64 m = GT_ONCE(known->m);
	return GT_ONCE(known->check) == gt_known_m_check(t, g0, m) ? m : 0;
}

static __always_inline void gt_remember_m(struct gt_known_m *known, const struct gt_target *t, __u64 g0, __u64 m)
{
	GT_ONCE(known->m) = m;
	GT_ONCE(known->check) = gt_known_m_check(t, g0, m);
}

/* The M of g0 starts to run gp. */
static __always_inline void gt_m_runs(const struct gt_target *t, __u64 g0, __u64 gp)
{
	struct gt_known_m *known = gt_known_m(t, g0);
	if (!known)
		return;
	GT_ONCE(known->curg) = gp;
	GT_ONCE(known->woken) = 0;
}

/* It stops running gp. The goroutine that gp woke or made last is next in its P's runnext (runtime/proc.go, runqput),
 * unless another P took it, or it is gp that was woken and has already had its turn. */
static __always_inline void gt_m_stops(const struct gt_target *t, __u64 g0, __u64 gp)
{
	struct gt_known_m *known = gt_known_m(t, g0);
	if (!known)
		return;
	__u64 next = GT_ONCE(known->woken);
	GT_ONCE(known->curg) = next == gp ? 0 : next;
	GT_ONCE(known->woken) = 0;
}

/* The M may end. Also for hits that go without working memory. */
static __always_inline void gt_forget_m(const struct gt_target *t, __u64 g0)
{
	struct gt_known_m *known = gt_known_m(t, g0);
	if (known)
		GT_ONCE(known->check) = 0;
}

#endif
