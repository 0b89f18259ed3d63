/* The frame every hook sits in: which site was hit, whether it counts, working memory, and the end. */
#ifndef GOROTRACE_LIB_EVENT_BPF_H
#define GOROTRACE_LIB_EVENT_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>

#include "lib/emit.bpf.h"
#include "lib/maps.bpf.h"
#include "lib/regs.bpf.h"
#include "lib/stack.bpf.h"

/* struct gt_cookie, taken apart in registers */
static __always_inline __u32 gt_cookie_target(__u64 c) { return c & 0xffff; }
static __always_inline __u32 gt_cookie_generation(__u64 c) { return (c >> 16) & 0xff; }
static __always_inline __u32 gt_cookie_site(__u64 c) { return (c >> 24) & 0xff; }
static __always_inline __u32 gt_cookie_hook(__u64 c) { return (c >> 32) & 0xff; }
static __always_inline __u32 gt_cookie_reg(__u64 c) { return (c >> 40) & 0xff; }
static __always_inline __u32 gt_cookie_flags(__u64 c) { return (c >> 48) & 0xff; }
static __always_inline __u32 gt_cookie_file(__u64 c) { return c >> 56; }
#define GT_NO_COOKIE (0xffULL << 24) /* no such site */

static __noinline __u64 gt_cookie_of_ip(struct pt_regs *ctx)
{
	struct gt_ip_key key = {.ip = gt_ip(ctx), .tgid = bpf_get_current_pid_tgid() >> 32};
	__u64 *found = bpf_map_lookup_elem(&sites_by_ip, &key);
	return found ? *found : GT_NO_COOKIE;
}

/* A link that targets share is hit by every process of its file: the cookie as a link of that process alone would have
 * it. A target of the file that has links of its own has been hit by those, too. */
static __noinline __u64 gt_cookie_of_owner(__u64 cookie)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32, file = gt_cookie_file(cookie);
	struct gt_owner *owner = bpf_map_lookup_elem(&owners, &tgid);
	if (!owner) {
		__u64 *others = bpf_map_lookup_elem(&others_hits, &file);
		if (others)
			__sync_fetch_and_add(others, 1);
		return GT_NO_COOKIE;
	}
	if (owner->file != file)
		return GT_NO_COOKIE;
	__u32 slot = owner->target;
	struct gt_target *target = bpf_map_lookup_elem(&targets, &slot);
	if (!target)
		return GT_NO_COOKIE;
	__u64 own = (cookie & ~0xffffffULL) | (__u64)owner->generation << 16 | slot;
	if (target->muted >> (gt_cookie_site(cookie) & 63) & 1)
		own |= (__u64)GT_SITE_MUTED << 48;
	return own;
}

static __always_inline __u64 gt_cookie(struct pt_regs *ctx)
{
	if (gt_cookie_by_ip)
		return gt_cookie_of_ip(ctx);
	/* 5.10 refuses a program that so much as contains the call (helper since 5.15, commit 7adfc6c9b315). */
	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_attach_cookie))
		return GT_NO_COOKIE;
	__u64 cookie = bpf_get_attach_cookie(ctx);
	return gt_cookie_target(cookie) == GT_BY_OWNER ? gt_cookie_of_owner(cookie) : cookie;
}

static __always_inline struct gt_site_stats *gt_site_stats(__u32 target, __u32 site)
{
	struct gt_target_stats *of = bpf_map_lookup_elem(&site_stats, &target);
	/* Or the compiler compares one copy of it and uses another, of which the verifier knows nothing. */
	barrier_var(site);
	return of && site < GT_MAX_SITES ? &of->site[site] : NULL;
}

static __always_inline int gt_no_event(struct pt_regs *ctx, const struct gt_target *target, __u64 cookie)
{
	__u32 flags = gt_cookie_flags(cookie);
	if ((flags & GT_SITE_MUTED) || (*(volatile const __u64 *)&target->over >> (gt_cookie_site(cookie) & 63) & 1))
		return 1;
	return (flags & GT_SITE_SKIP_TAKEN) && gt_branch_taken(ctx);
}

/* The target the hit belongs to, or NULL when it is none of ours or no event. Counts the hit: from here on it leads to
 * exactly one record or one counted drop. */
static __always_inline struct gt_target *gt_hit(struct pt_regs *ctx, __u64 cookie, __u64 pid_tgid)
{
	__u32 slot = gt_cookie_target(cookie);
	struct gt_target *target = bpf_map_lookup_elem(&targets, &slot);
	if (!target || target->tgid != pid_tgid >> 32)
		return NULL;
	struct gt_site_stats *hit = gt_site_stats(slot, gt_cookie_site(cookie));
	if (!hit)
		return NULL;
	__sync_fetch_and_add(&hit->hits, 1);
	if (gt_no_event(ctx, target, cookie)) {
		__sync_fetch_and_add(&hit->skipped, 1);
		return NULL;
	}
	return target;
}

/* Working memory with a record to fill, or NULL: counted as a drop. */
static __always_inline struct gt_scratch *gt_claim(struct gt_target *t, __u64 cookie, __u64 now, __u64 pid_tgid)
{
	struct gt_scratch *s = NULL;
	for (__u32 i = 0; i < GT_SCRATCH_SLOTS; i++) {
		__u32 key = i;
		s = bpf_map_lookup_elem(&scratch, &key);
		if (!s)
			return NULL;
		if (!gt_atomics || __sync_val_compare_and_swap(&s->busy, 0, 1) == 0)
			break;
		s = NULL;
	}
	if (!s) {
		gt_drop(t, GT_DROP_SCRATCH_BUSY);
		return NULL;
	}
	s->site = gt_cookie_site(cookie);
	s->base = 0;
	s->first = GT_FIRST_GIVEN;
	struct gt_record *r = &s->record;
	r->time_ns = now;
	r->other = 0;
	r->object = 0;
	r->stack = 0;
	r->extra = 0;
	r->tid = (__u32)pid_tgid;
	r->target = (__u16)gt_cookie_target(cookie);
	r->generation = (__u8)gt_cookie_generation(cookie);
	r->hook = (__u8)gt_cookie_hook(cookie);
	r->detail = 0;
	r->flags = 0;
	return s;
}

/* The first hit above a target's limit says so, in its place among the records: all before it were told, and none of
 * the limited sites' after it. Counted as a hit more, for it is a record more. */
static __noinline int gt_limit(struct gt_scratch *s, struct gt_target *target, struct gt_site_stats *hit)
{
	if (!s || !target || !hit)
		return 0;
	__u64 limited = target->limited;
	if (!limited || __sync_val_compare_and_swap(&target->over, 0, limited) != 0)
		return 0;
	__sync_fetch_and_add(&hit->hits, 1);
	struct gt_record *r = &s->record;
	r->time_ns = bpf_ktime_get_ns();
	r->goid = 0;
	r->other = 0;
	r->object = 0;
	r->stack = 0;
	r->extra = target->limited_groups;
	r->hook = GT_HOOK_LIMIT;
	r->detail = 0;
	r->flags = 0;
	gt_emit(s, target, 1);
	return 0;
}

/* 1 hit in GT_TIME_SAMPLE is timed, picked by the noise of its clock: a count would keep step with targets that
 * repeat themselves. The same hits are held against the target's limit, each for all of them. */
static __always_inline void gt_sample(struct gt_scratch *s, struct gt_target *target)
{
	__u64 began = s->record.time_ns;
	/* Two rounds: hits that come at a steady pace would fall into step with one multiplication. */
	__u64 mixed = began * GT_MIX_1;
	mixed = (mixed ^ mixed >> 32) * GT_MIX_2;
	if ((mixed >> 32) % GT_TIME_SAMPLE)
		return;
	/* Before the account of it, which the other hits do without. */
	__u64 took = bpf_ktime_get_ns() - began, longest = gt_longest_sample_ns;
	if (took > longest)
		took = longest;
	struct gt_site_stats *hit = gt_site_stats(s->record.target, s->site);
	if (!hit)
		return;
	__sync_fetch_and_add(&hit->sampled, 1);
	__sync_fetch_and_add(&hit->sampled_ns, took);
	__u64 most = target->most_hits;
	if (gt_atomics && most && __sync_fetch_and_add(&target->hits, GT_TIME_SAMPLE) >= most)
		gt_limit(s, target, hit);
}

/* Walks the stack that was asked for, sends the record (unless `ok` is 0: its goroutine could not be read), gives
 * the working memory back. */
static __always_inline void gt_end(struct gt_scratch *s, struct gt_target *target, int ok)
{
	if (ok) {
		if (s->base && target->stacks)
			gt_walk(s, target);
		gt_emit(s, target, 0);
	} else {
		gt_drop(target, GT_DROP_BAD_G);
	}
	gt_sample(s, target);
	/* A plain store will do: only programs of this CPU, which interleave but never run at once, look at it. */
	*(volatile __u32 *)&s->busy = 0;
}

#endif
