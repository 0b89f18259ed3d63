/* What this kernel can do and what a trap costs on it: attached to the tracer's own code only. */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "shared/abi.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} selftest_hits SEC(".maps");

/* Counts per cookie, so that a lost cookie shows as hits of cookie 0. */
SEC("uprobe.multi")
int gt_selftest(void *ctx)
{
	__u32 key = 0;
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_attach_cookie))
		key = (__u32)bpf_get_attach_cookie(ctx);
	__u64 *hits = bpf_map_lookup_elem(&selftest_hits, &key);
	if (hits)
		__sync_fetch_and_add(hits, 1);
	return 0;
}

SEC("uprobe.multi")
int gt_empty(void *ctx)
{
	return 0;
}
