/* What this kernel can do: attached to the tracer's own code. gt_empty also to sites that an earlier tracer left. */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "shared/abi.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} selftest_hits SEC(".maps");

/* Whether the mode under test has attach cookies. Not by CO-RE: without relocations libbpf need not read the kernel's
 * BTF for this object, which takes longer than the whole trial. Where the helper is unknown (before 5.15) a program
 * that reaches the call is refused, and the trial of that mode has its answer. */
const volatile __u32 gt_cookies = 1;

/* Counts per cookie, so that a lost cookie shows as hits of cookie 0. */
SEC("uprobe.multi")
int gt_selftest(void *ctx)
{
	__u32 key = 0;
	if (gt_cookies)
		key = (__u32)bpf_get_attach_cookie(ctx);
	__u64 *hits = bpf_map_lookup_elem(&selftest_hits, &key);
	if (hits)
		__sync_fetch_and_add(hits, 1);
	return 0;
}

SEC("uprobe.multi")
int gt_empty(void *ctx) { return 0; }
