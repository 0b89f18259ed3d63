/* Its own object, attached to the tracer's own code: a program that does at its beginning and at its end what every
 * event's does (lib/event.bpf.h, lib/emit.bpf.h) and nothing in between. What its hit costs without what its own clock
 * sees of it is what a hit of any other costs without what that one's clock sees: the trap, and what lies outside the
 * two readings of the clock. */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "shared/calibration.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gt_reference);
} reference SEC(".maps");

/* Room for every record of a calibration: nobody reads them. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} unread SEC(".maps");

/* One thread's hits, one after the other. Only some are timed, as an event's are: the second clock is not part of what
 * the others cost. */
SEC("uprobe.multi")
int gt_reference(void *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 zero = 0;
	struct gt_reference *r = bpf_map_lookup_elem(&reference, &zero);
	if (!r)
		return 0;
	r->record.time_ns = now;
	/* Some 90 ns of a hit lie behind the second reading of the clock, all of them gone without the output into the
	 * ring; how is not known (tests/bench/README.md). */
	bpf_ringbuf_output(&unread, &r->record, sizeof(r->record), BPF_RB_NO_WAKEUP);
	if (r->hits++ % 8)
		return 0;
	r->sampled_ns += bpf_ktime_get_ns() - now;
	r->sampled++;
	return 0;
}
