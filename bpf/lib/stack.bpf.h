/* One stack: one copy of its innermost bytes, the frame pointer chain inside the copy, its id, its definition.
 * Go keeps [fp] = caller's fp and [fp + 8] = return address on amd64 and arm64 in every version from 1.18 to 1.27
 * (cmd/compile/abi-internal.md, "frame pointer"); the outermost frame returns into runtime.goexit and its saved fp
 * is 0. */
#ifndef GOROTRACE_LIB_STACK_BPF_H
#define GOROTRACE_LIB_STACK_BPF_H

#include "lib/emit.bpf.h"
#include "lib/maps.bpf.h"

/* The smallest page of both architectures: where pages are larger the cut comes earlier than it must. */
#define GT_STACK_PAGE 4096

static __always_inline int gt_stack_fail(struct gt_scratch *s, struct gt_target *t, enum gt_stack_fail why)
{
	s->record.flags |= GT_REC_NO_STACK;
	gt_stack_failed(t, why);
	return 0;
}

/* Sees to it that `stacks` has the definition of record.stack. */
static __always_inline int gt_store_stack(struct gt_scratch *s, struct gt_target *t)
{
	__u32 index = (__u32)(s->record.stack >> (64 - GT_KNOWN_STACKS_BITS));
	__u64 *known = bpf_map_lookup_elem(&known_stacks, &index);
	/* Before `stacks` is looked at: what is deleted from it while we do is not known to be there for long. */
	__u64 mark = s->record.stack ^ *(volatile __u64 *)&gt_stacks_generation;
	if (!known || *known == mark)
		return 0;
	if (bpf_map_lookup_elem(&stacks, &s->record.stack)) {
		*known = mark;
		return 0;
	}
	/* An int: until commit d7ba4cc900bf (6.4) the call goes to a function that leaves the upper half undefined. */
	int err = (int)bpf_map_update_elem(&stacks, &s->record.stack, &s->stack, BPF_NOEXIST);
	if (err == -17 /* EEXIST: another CPU was first */)
		return 0;
	struct gt_stats *st = gt_stats();
	if (!st)
		return 0;
	if (err) {
		s->record.stack = 0;
		return gt_stack_fail(s, t, GT_STACK_MAP_FULL);
	}
	*known = mark;
	__sync_fetch_and_add(&st->stacks_added, 1);
	return 0;
}

/* Walks what s->{base,fp,hi,pc,first} describe and sets record.stack. The chain must rise strictly, so a cycle ends
 * the walk; what cannot be followed further is marked truncated. Depth and truncation live in memory so that the
 * verifier, which keeps no account of map values, sees one state after the loop whichever way it was left. */
static __always_inline int gt_walk(struct gt_scratch *s, struct gt_target *t)
{
	__u64 base = s->base, fp = s->fp, hi = s->hi;
	if (fp < base || base >= hi || fp + 16 > hi || (fp & 7))
		return gt_stack_fail(s, t, GT_STACK_NO_BASE);
	__u64 length = hi - base;
	if (length > GT_STACK_WINDOW)
		length = GT_STACK_WINDOW;
	/* A length past stack.hi would make the whole copy fail at the end of the mapping. */
	if (bpf_probe_read_user(s->window, (__u32)length, (void *)base)) {
		/* A program cannot fault a page in, and a frame with a large local that was never written leaves such a
		 * page in the middle. The innermost page is there, its frame was just in use; what lies beyond the hole
		 * is cut off, so the stack is truncated, not lost. */
		__u64 page_end = GT_STACK_PAGE - (base & (GT_STACK_PAGE - 1));
		if (page_end >= length || bpf_probe_read_user(s->window, (__u32)page_end, (void *)base))
			return gt_stack_fail(s, t, GT_STACK_READ_FAILED);
		length = page_end;
	}

	__u64 pc = s->pc, next = fp;
	if (s->first == GT_FIRST_AT_BASE) {
		pc = *(__u64 *)s->window;
	} else if (s->first == GT_FIRST_IN_FRAME) { /* base is fp */
		pc = *(__u64 *)(s->window + 8);
		next = *(__u64 *)s->window;
	}
	if (!pc)
		return gt_stack_fail(s, t, GT_STACK_NO_BASE);
	s->stack.pcs[0] = pc;
	s->stack.depth = 1;
	s->stack.truncated = 0;
	__u64 hash = gt_stack_hash_step(t->stack_seed, pc), above = 0;
	for (__u32 i = 1;; i++) {
		if (!next || next >= hi)
			break; /* the outermost frame */
		__u64 offset = next - base;
		if (i == GT_MAX_STACK_FRAMES || next < base + above || offset > GT_STACK_WINDOW - 16 ||
		    offset + 16 > length) {
			s->stack.truncated = 1;
			break;
		}
		next = *(__u64 *)(s->window + offset);
		pc = *(__u64 *)(s->window + offset + 8);
		if (!pc)
			break;
		s->stack.pcs[i] = pc;
		s->stack.depth = i + 1;
		hash = gt_stack_hash_step(hash, pc);
		above = offset + 8;
	}
	s->record.stack = gt_stack_hash_end(hash, s->stack.depth);
	if (s->stack.truncated)
		s->record.flags |= GT_REC_TRUNCATED;
	return gt_store_stack(s, t);
}

#endif
