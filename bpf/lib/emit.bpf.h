/* A record's way out: its sequence number, its ring, the wake-up, and the account of what did not get through: per CPU
 * of all targets, which closes with the sequence numbers, and of each target. */
#ifndef GOROTRACE_LIB_EMIT_BPF_H
#define GOROTRACE_LIB_EMIT_BPF_H

#include "lib/maps.bpf.h"

static __always_inline struct gt_stats *gt_stats(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&stats, &zero);
}

/* Number of the next record of this CPU. */
static __always_inline __u64 gt_next_seq(struct gt_stats *st)
{
	if (gt_atomics)
		return __sync_fetch_and_add(&st->produced, 1);
	return st->produced++;
}

static __always_inline void gt_dropped(struct gt_stats *st, struct gt_target *t, enum gt_drop why)
{
	__sync_fetch_and_add(&st->lost.dropped[why], 1);
	__sync_fetch_and_add(&t->lost.dropped[why], 1);
}

static __always_inline void gt_drop(struct gt_target *t, enum gt_drop why)
{
	struct gt_stats *st = gt_stats();
	if (!st)
		return;
	__sync_fetch_and_add(&st->produced, 1);
	gt_dropped(st, t, why);
}

static __always_inline void gt_stack_failed(struct gt_target *t, enum gt_stack_fail why)
{
	struct gt_stats *st = gt_stats();
	if (st)
		__sync_fetch_and_add(&st->lost.stack_failed[why], 1);
	__sync_fetch_and_add(&t->lost.stack_failed[why], 1);
}

static __always_inline void gt_object_failed(struct gt_target *t)
{
	struct gt_stats *st = gt_stats();
	if (st)
		__sync_fetch_and_add(&st->lost.object_failed, 1);
	__sync_fetch_and_add(&t->lost.object_failed, 1);
}

/* No wake-up per record but for an urgent one: it costs more than the trap. The reader comes on its timer, and is woken
 * only when a look at every (gt_wake_mask + 1)-th record finds the ring filling up. bpf_ringbuf_output rather than
 * reserve + submit: one helper call less, and its place in the ring is held shut for the time of a copy only (userspace
 * stream/watermark.h waits for a program that loses the CPU in it). */
static __always_inline int gt_emit(struct gt_scratch *s, struct gt_target *t, int urgent)
{
	struct gt_stats *st = gt_stats();
	if (!st)
		return 0;
	__u64 seq = gt_next_seq(st);
	s->record.seq = (__u32)seq;
	__u32 cpu = bpf_get_smp_processor_id();
	s->record.cpu = (__u16)cpu;
	__u32 index = cpu & gt_ring_mask;
	void *ring = bpf_map_lookup_elem(&rings, &index);
	if (!ring) {
		gt_dropped(st, t, GT_DROP_RING_FULL);
		return 0;
	}
	__u64 flags = urgent ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
	if (!urgent && (seq & gt_wake_mask) == 0 && bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) > gt_wake_bytes)
		flags = BPF_RB_FORCE_WAKEUP;
	if (bpf_ringbuf_output(ring, &s->record, sizeof(s->record), flags))
		gt_dropped(st, t, GT_DROP_RING_FULL);
	return 0;
}

#endif
