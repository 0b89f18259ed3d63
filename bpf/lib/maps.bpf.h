/* Every map and every constant user space sets before the load. Weak: each object carries a copy, the static
 * linker keeps one. Hooks reach them only through the functions of lib/. */
#ifndef GOROTRACE_LIB_MAPS_BPF_H
#define GOROTRACE_LIB_MAPS_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "shared/abi.h"

/* As many targets as user space asks for, which sets the maps' sizes at the load. */
#define GT_SET_AT_LOAD 1

#define BPF_F_MMAPABLE (1U << 10) /* include/uapi/linux/bpf.h, an anonymous enum; 5.5 */

const volatile __u32 gt_ring_mask __weak = 0;    /* ring of a record: cpu & gt_ring_mask */
const volatile __u32 gt_wake_mask __weak = 255;  /* how often the fill level is looked at */
const volatile __u32 gt_wake_bytes __weak = 0;   /* above this many unread bytes the reader is woken */
const volatile __u32 gt_cookie_by_ip __weak = 0; /* 1: the kernel has no attach cookies, use `sites_by_ip` */
/* 0 on kernels without atomics that return a value (x86 < 5.12, arm64 < 5.18). Those run uprobe programs with
 * preemption off (trace_call_bpf; until commit 8c7dcb84e3b7, 6.0), so plain arithmetic is exact there. */
const volatile __u32 gt_atomics __weak = 1;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); /* of ring buffers; the inner map is set by user space */
	__uint(max_entries, GT_MAX_RINGS);
	__type(key, __u32);
	__type(value, __u32);
} rings __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH); /* not LRU: a stack whose id is in a record must still be there */
	__uint(max_entries, GT_MAX_STACKS);
	__type(key, __u64);
	__type(value, struct gt_stack);
} stacks __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, GT_SET_AT_LOAD);
	__type(key, __u32);
	__type(value, struct gt_target);
} targets __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GT_SET_AT_LOAD);
	__type(key, __u32);
	__type(value, struct gt_owner);
} owners __weak SEC(".maps");

/* Hits of shared links in processes that are no target, by gt_cookie.file. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GT_MAX_SHARED_FILES + 1);
	__type(key, __u32);
	__type(value, __u64);
} others_hits __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gt_stats);
} stats __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GT_SET_AT_LOAD);
	__type(key, __u32);
	__type(value, struct gt_target_stats);
} site_stats __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GT_SET_AT_LOAD);
	__type(key, struct gt_ip_key);
	__type(value, struct gt_cookie);
} sites_by_ip __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GT_MAX_VALUES);
	__type(key, __u64);
	__type(value, struct gt_value);
} values __weak SEC(".maps");

/* Odd multipliers that spread their product's bits (splitmix64). */
#define GT_MIX_1 0x9e3779b97f4a7c15ULL
#define GT_MIX_2 0xbf58476d1ce4e5b9ULL

/* Memory of earlier reads (lib/known.bpf.h), direct-mapped: a collision costs a read, no more. */
#define GT_KNOWN_GS_BITS 14
#define GT_KNOWN_MS_BITS 10
#define GT_KNOWN_STACKS_BITS 13

struct gt_known_g {
	__u64 check;
	__u64 goid;
};
struct gt_known_m {
	__u64 check;
	__u64 m;
	/* Not in the check: the word of anybody's, and whoever goes by it looks at the goroutine that it names. */
	__u64 curg;  /* who runs on the m; 0: no idea */
	__u64 woken; /* whom they made runnable last, since they run; 0: nobody */
	__u64 wrong; /* was curg, when it last came to the test? */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << GT_KNOWN_GS_BITS);
	__type(key, __u32);
	__type(value, struct gt_known_g);
} known_gs __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << GT_KNOWN_MS_BITS);
	__type(key, __u32);
	__type(value, struct gt_known_m);
} known_ms __weak SEC(".maps");

/* Ids that are in `stacks`, each combined with gt_stacks_generation as it was before `stacks` was looked at. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << GT_KNOWN_STACKS_BITS);
	__type(key, __u32);
	__type(value, __u64);
} known_stacks __weak SEC(".maps");

/* Raised by user space after it deleted from `stacks`: nothing in known_stacks holds any more. */
__u64 gt_stacks_generation __weak = 0;

/* Set once, before anything is attached: no timed hit counts for more. A program that was interrupted, or whose CPU was
 * taken away, would otherwise be charged GT_TIME_SAMPLE times. */
__u64 gt_longest_sample_ns __weak = 0;

#define GT_SCRATCH_SLOTS 4
#define GT_ACTOR_WINDOW 192 /* g up to and including goid, in every Go version (add_target checks) */

/* Where the innermost pc of a stack is. */
enum gt_first {
	GT_FIRST_GIVEN,    /* in a register or in g.sched */
	GT_FIRST_AT_BASE,  /* the word at base: amd64, frame not yet pushed */
	GT_FIRST_IN_FRAME, /* the return address of the frame at fp = base */
};

/* What one program works with. In a map because frames must stay below 64 bytes (README.md, "Preemption"). */
struct gt_scratch {
	__u32 busy; /* claimed by test-and-set */
	__u32 site; /* of the hit, in the target's plan */
	/* the stack to walk; base == 0: none */
	__u64 base;    /* lowest address to copy */
	__u64 fp;      /* frame pointer to start at, >= base */
	__u64 hi;      /* g.stack.hi */
	__u64 first;   /* enum gt_first */
	__u64 pc;      /* with GT_FIRST_GIVEN */
	__u64 word[2]; /* destinations of small reads */
	struct gt_record record;
	struct gt_stack stack;
	__u8 g[GT_G_WINDOW];
	__u8 actor[GT_ACTOR_WINDOW];
	__u8 window[GT_STACK_WINDOW];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GT_SCRATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct gt_scratch);
} scratch __weak SEC(".maps");

#endif
