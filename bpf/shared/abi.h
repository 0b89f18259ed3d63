/* The wire between the kernel side and userspace/: the one record type, the per-target configuration, the
 * attach cookie and the counters. Included by BPF C and by C++; version GT_ABI_VERSION; every struct is
 * naturally aligned with explicit padding, sizes asserted at the end in both languages.
 */
#ifndef GOROTRACE_SHARED_ABI_H
#define GOROTRACE_SHARED_ABI_H

#ifdef __bpf__
typedef __u8 gt_u8;
typedef __u16 gt_u16;
typedef __u32 gt_u32;
typedef __u64 gt_u64;
#else
#include <stddef.h>
#include <stdint.h>
typedef uint8_t gt_u8;
typedef uint16_t gt_u16;
typedef uint32_t gt_u32;
typedef uint64_t gt_u64;
#endif

#define GT_ABI_VERSION 3
#define GT_MAX_SITES 64 /* sites of one target, a bit of a word for each; the planner refuses more */
#define GT_MAX_STACK_FRAMES 64
#define GT_STACK_WINDOW 4096 /* bytes of stack one bulk copy takes: 97 % of real stacks end within it */
#define GT_G_WINDOW 448      /* bytes of runtime.g one read takes: covers every g field in golang/offsets.h */
#define GT_MAX_RINGS 16

/* What a probe site means. One value per transition of the goroutine state machine, whatever function of
 * whatever Go version it sits in. Order is ABI. */
enum gt_hook {
	GT_HOOK_NONE = 0,
	/* lifecycle */
	GT_HOOK_CREATE,      /* the new g in cookie.reg, on g0; creator = m.curg */
	GT_HOOK_CREATE_CORO, /* the same in newcoro.func1: born waiting (coroutine) */
	GT_HOOK_EXIT,        /* goexit0(gp) */
	GT_HOOK_CORO_OUT,    /* coroswitch_m(gp): gp leaves the M; with g.coroexit set it ends */
	GT_HOOK_CORO_IN,     /* call gogo(&newg.sched) in coroswitch_m: newg = cookie.reg - offsetof(g.sched) */
	GT_HOOK_EXTRA_IN,    /* needm: goroutine of a C thread appears, in syscall state */
	GT_HOOK_EXTRA_OUT,   /* dropm: and goes */
	/* block */
	GT_HOOK_PARK,    /* park_m(gp) */
	GT_HOOK_READY,   /* ready(gp); call casgstatus(gp, ...) where the scheduler wakes without it */
	GT_HOOK_INJECT,  /* call casgstatus(gp, ...) in injectglist, once per g */
	GT_HOOK_SUSPEND, /* preemptPark(gp): waits for the GC to scan it */
	/* run; GT_HOOK_EXECUTE serves block in binaries that hide wake-ups (userspace/probe/plan.cpp) */
	GT_HOOK_EXECUTE, /* execute(gp) */
	GT_HOOK_YIELD,   /* goschedImpl(gp), goyield_m(gp) */
	/* syscall: current goroutine, on its own stack */
	GT_HOOK_SYSCALL_ENTER,
	GT_HOOK_SYSCALL_EXIT,
	GT_HOOK_SYSCALL_EXIT_SLOW, /* exitsyscall0(gp) / exitsyscallNoP(gp), on g0: lost its P, now runnable */
	/* sync: current goroutine */
	GT_HOOK_SEM_ACQUIRE, /* semacquire1(addr, ...) */
	GT_HOOK_SEM_RELEASE, /* semrelease1(addr, ...) */
	/* chan: current goroutine */
	GT_HOOK_CHAN_SEND,  /* chansend(c, ...) */
	GT_HOOK_CHAN_RECV,  /* chanrecv(c, ...) */
	GT_HOOK_CHAN_CLOSE, /* closechan(c) */
	GT_HOOK_LIMIT,      /* no site: a target's hits passed its limit, record.extra is gt_target.limited_groups */
	GT_HOOK_CALIBRATE,  /* the tracer's own probed instructions: counts nothing, emits nothing */
	/* panic */
	GT_HOOK_PANIC,     /* gopanic(value): current goroutine */
	GT_HOOK_RECOVERED, /* call gogo(&gp.sched) in recovery(gp): gp goes on where sched says */
	GT_HOOK_THROW,     /* throw(text), fatal(text) */
	GT_HOOK_EXIT_CALL, /* exit(code): os.Exit, the end of main, and of whatever is fatal */
	GT_HOOK_SIGNAL,    /* dieFromSignal(signal); call startpanic_m() in sighandler */
	GT_HOOK_ENDED,     /* no site: the kernel ends the process, record.extra is its exit code as wait(2) has it */
	/* gc */
	GT_HOOK_STW_BEGIN, /* stopTheWorldWithSema(reason) */
	GT_HOOK_STW_END,   /* startTheWorldWithSema() */
	GT_HOOK_GC_BEGIN,  /* gcResetMarkState(): a cycle has begun, the world still runs */
	GT_HOOK_GC_END,    /* gcMarkTermination(): marking is over, the world is stopped */
	GT_HOOK_COUNT
};

enum gt_group {
	GT_GROUP_LIFECYCLE,
	GT_GROUP_BLOCK,
	GT_GROUP_RUN,
	GT_GROUP_SYSCALL,
	GT_GROUP_SYNC,
	GT_GROUP_CHAN,
	GT_GROUP_PANIC,
	GT_GROUP_GC,
	GT_GROUP_COUNT
};

/* The attach cookie (bpf_get_attach_cookie; on kernels without it, the value of the ip map). Whose hit it is the
 * process decides and not the cookie: the slot's tgid must be that of the process that was hit. */
struct gt_cookie {
	gt_u16 target;    /* slot in `targets`; GT_BY_OWNER: of a link that targets of one file share */
	gt_u8 generation; /* which owner of that slot; 0 with GT_BY_OWNER */
	gt_u8 site;       /* index in the target's plan, < GT_MAX_SITES */
	gt_u8 hook;       /* enum gt_hook */
	gt_u8 reg;        /* enum gt_reg holding the g (or object) */
	gt_u8 flags;      /* GT_SITE_* */
	gt_u8 file;       /* with GT_BY_OWNER: whose targets share the link, 1 .. GT_MAX_SHARED_FILES; else 0 */
};
#define GT_BY_OWNER 0xffff
#define GT_MAX_SHARED_FILES 255
/* Value of `owners`; key: the tgid of a target, in the initial PID namespace. */
struct gt_owner {
	gt_u16 target;
	gt_u8 generation;
	gt_u8 file; /* gt_cookie.file of the links that it shares; 0: its links are its own */
};
/* Key of `sites_by_ip`, which gives the cookie on kernels that have none. */
struct gt_ip_key {
	gt_u64 ip;
	gt_u32 tgid;
	gt_u32 pad;
};
#define GT_SITE_SKIP_TAKEN 1 /* the probed branch goes to morestack when taken: such a hit is not an event */
#define GT_SITE_FRAME_SET 2  /* frame already pushed: caller pc at [fp + 8]; else at [sp] (arm64: in x30) */
#define GT_SITE_MUTED 4      /* set by the kernel side: another target wants the site, the one that was hit does not */
#define GT_SITE_BY_SCHEDULER 8 /* READY: on a thread that runs no goroutine (m.curg is nil); it runs this one next */

/* cookie.reg: the hardware's own numbers (amd64 rax rcx rdx rbx rsp rbp rsi rdi r8..r15; arm64 x0..x30) */
enum gt_reg { GT_REG_AMD64_RAX = 0, GT_REG_AMD64_RBX = 3, GT_REG_AMD64_R14 = 14, GT_REG_ARM64_X28 = 28 };

/* Who made a goroutine runnable or created it. */
enum gt_actor {
	GT_ACTOR_GOROUTINE, /* record.other is its goid */
	GT_ACTOR_RUNTIME,   /* g0 with no curg: timers, netpoll, GC, boot */
	GT_ACTOR_UNKNOWN    /* a read failed */
};

/* Why a record or a stack was not delivered; names in capture/drop_reason.cpp. Order is ABI. */
enum gt_drop {
	GT_DROP_RING_FULL,    /* no room in the ring buffer */
	GT_DROP_SCRATCH_BUSY, /* every scratch slot of this CPU is claimed (nested preempted programs) */
	GT_DROP_BAD_G,        /* g could not be read */
	GT_DROP_COUNT
};
enum gt_stack_fail {
	GT_STACK_READ_FAILED, /* the stack's bytes could not be read */
	GT_STACK_MAP_FULL,    /* `stacks` is full */
	GT_STACK_NO_BASE,     /* no frame pointer where there should be one */
	GT_STACK_FAIL_COUNT
};

/* What did not get through. */
struct gt_losses {
	gt_u64 dropped[GT_DROP_COUNT];
	gt_u64 stack_failed[GT_STACK_FAIL_COUNT];
	/* the channel of a PARK or CHAN_*, or a panic's value, could not be read or kept: record sent without it */
	gt_u64 object_failed;
};

/* One target. The first cache line is its configuration, written by user space before its first link and then only
 * read: offsets in bytes from golang/offsets.h; 0xffff = this Go version has no such field. The second one is the
 * account of what it lost, which the programs write and user space has mapped, and what only shared links look at.
 * The third one is its limit, the fourth what is held against that, which is written all the time. */
struct gt_target {
	gt_u32 tgid; /* in the initial PID namespace; 0: nobody's */
	gt_u16 g_stack_hi, g_m, g_sched_sp, g_sched_pc, g_sched_bp;
	gt_u16 g_goid, g_waitreason, g_lockedm, g_gopc, g_startpc, g_waiting, g_labels, g_coroexit;
	gt_u16 m_curg, sudog_c;
	gt_u16 hchan_qcount; /* hchan.dataqsiz is the word behind it */
	/* 8 byte words of g to read, <= GT_G_WINDOW: up to the last field above, to the last that a PARK takes */
	gt_u8 g_words, g_park_words;
	gt_u8 stacks;         /* 0: record no stacks */
	gt_u8 goids_hold;     /* 1: a g keeps its goid until a hit says otherwise. capture/ sets it */
	gt_u64 sudog_reasons; /* bit r set: with wait reason r, g.waiting.c is the channel waited on */
	gt_u64 salt;          /* makes entries of lib/known.bpf.h this target's own. capture/ sets it */
	gt_u64 stack_seed;    /* where the hash of its stacks begins: secret, random, never 0 */
	struct gt_losses lost;
	gt_u64 muted; /* with shared links, bit = site: the target has none of its groups on. capture/ sets it */
	/* Once `hits` is above most_hits (0: never) a hit of the limited sites is a trap and nothing else, until user
	 * space, which GT_HOOK_LIMIT wakes, has taken them away. capture/ sets it */
	gt_u64 most_hits;
	gt_u64 limited; /* bit = site */
	gt_u64 over;    /* the kernel side: `limited` as it was then; 0: not above */
	gt_u32 limited_groups;
	gt_u32 pad1;
	gt_u64 pad2[4];
	gt_u64 hits; /* that led to a record, to GT_TIME_SAMPLE or so */
	gt_u64 pad3[7];
};

/* record.flags */
#define GT_REC_ACTOR_MASK 0x03  /* enum gt_actor; SIGNAL without goid: RUNTIME, the thread ran no goroutine */
#define GT_REC_NO_STACK 0x04    /* a stack was wanted and could not be read: counted in gt_stats */
#define GT_REC_TRUNCATED 0x08   /* stack deeper than GT_MAX_STACK_FRAMES or than the window */
#define GT_REC_ENDS 0x10        /* CORO_OUT with coroexit: the goroutine ends */
#define GT_REC_WOULD_BLOCK 0x20 /* chan: at entry no buffer slot / no element was free */

/* One event, 64 bytes. Times are bpf_ktime_get_ns (CLOCK_MONOTONIC), taken before the runtime publishes the
 * new state, so their order is the order of cause and effect. */
struct gt_record {
	gt_u64 time_ns;
	gt_u64 goid;   /* the goroutine whose state changes */
	gt_u64 other;  /* CREATE: creator's goid; READY/INJECT: waker's goid; 0 when not a goroutine */
	gt_u64 object; /* PARK: channel or 0; SEM_*: semaphore address; CHAN_*: channel; CREATE and ends: gopc;
			* SUSPEND: the word above the frame that g.sched.bp's frame points to;
			* PANIC, THROW: id in `values`, 0 = could not be read;
			* SIGNAL: words at the interrupted sp, here (arm64: lr) and in `other`, up to definer.h */
	gt_u64 stack;  /* id in `stacks`; 0 = none. PARK/YIELD/SUSPEND/SYSCALL and the groups panic and gc: goid's own;
			* CREATE/READY: the actor's; RECOVERED: one pc, where it goes on; SIGNAL: interrupted, from the
			* pc itself + 1 on, if that is on the goroutine's stack */
	gt_u64 extra;  /* CREATE and ends (EXIT, GT_REC_ENDS): startpc; PARK: g.labels;
			* SUSPEND: the word at [g.sched.sp]; PANIC, RECOVERED: bytes of stack above it, g.stack.hi - sp;
			* EXIT_CALL, ENDED: the code; SIGNAL: the signal */
	gt_u32 seq;    /* per cpu, consecutive; assigned also to records that are then dropped */
	gt_u32 tid;
	gt_u16 target; /* slot ... */
	gt_u16 cpu;
	gt_u8 generation; /* ... and which owner of that slot: the two name a target (model/target_id.h) */
	gt_u8 hook;
	gt_u8 detail; /* PARK: g.waitreason; STW_BEGIN: stwReason (runtime/proc.go), GT_NO_REASON up to Go 1.20;
		       * EXIT_CALL: 1 on the goroutine's own stack, so by the program and not by the runtime;
		       * SIGNAL: 1 it interrupted the thread, 0 the runtime itself kills the process with it */
	gt_u8 flags;
};

/* Value of the `stacks` hash map; key: gt_stack_hash_step over pcs[0..depth) from the target's stack_seed, then
 * gt_stack_hash_end: without the seeds no target can make a stack that has the id of another target's. User
 * space may pull (and delete) entries any time: a deleted stack is put back at its next use. Every pc is a return
 * address (look up pc - 1): pcs[0] is g.sched.pc, or for the hooks of a running goroutine (SYSCALL_ENTER,
 * SEM_RELEASE, CHAN_CLOSE) the return address of the probed function, which is g.syscallpc in a syscall. */
struct gt_stack {
	gt_u32 depth;
	gt_u32 truncated;
	gt_u64 pcs[GT_MAX_STACK_FRAMES];
};
#define GT_MAX_STACKS 16384

/* Value of the `values` hash map: what a goroutine panicked with, or the text of a fatal error. Key: a hash of it all
 * from the target's stack_seed. User space takes an entry out when a record names it. */
#define GT_VALUE_TEXT 256
#define GT_VALUE_WORDS 4
#define GT_MAX_VALUES 512
struct gt_value {
	gt_u64 type;                  /* address of the internal/abi.Type; 0: a fatal error's text, or nil */
	gt_u64 size;                  /* of the text in the target; more than GT_VALUE_TEXT: it is cut */
	gt_u64 words[GT_VALUE_WORDS]; /* the value's first ones, where there is no text */
	gt_u32 length;                /* of text that was read */
	gt_u32 kind;                  /* internal/abi.Kind */
	gt_u8 text[GT_VALUE_TEXT];    /* a string's, or what the first words of a struct may be */
};
#define GT_KIND_POINTER 22 /* internal/abi/type.go; the same numbers since Go 1.0 */
#define GT_KIND_STRING 24
#define GT_KIND_STRUCT 25
#define GT_NO_REASON 0xff

/* Per CPU, of all targets. produced = received + sum(dropped), exactly, whenever no program is running. */
struct gt_stats {
	gt_u64 produced;     /* records attempted; low 32 bits are the next seq */
	gt_u64 stacks_added; /* entries put into `stacks` */
	struct gt_losses lost;
};

/* Per CPU and target: what the governor charges, and how many records it produced: hits - skipped, of all sites. A
 * GT_HOOK_LIMIT counts as one hit more of the site whose hit it was. */
struct gt_site_stats {
	gt_u64 hits;    /* every trap, filtered ones included */
	gt_u64 skipped; /* hits that are no event: the branch goes to morestack, the site is muted, or over its limit */
	gt_u64 sampled; /* hits whose program time was taken (1 in GT_TIME_SAMPLE) */
	gt_u64 sampled_ns;
};
struct gt_target_stats {
	struct gt_site_stats site[GT_MAX_SITES];
};
#define GT_TIME_SAMPLE 64

#ifdef __cplusplus
static_assert(sizeof(gt_cookie) == 8);
static_assert(sizeof(gt_owner) == 4);
static_assert(offsetof(gt_target, lost) == 64);
static_assert(offsetof(gt_target, most_hits) == 128 && offsetof(gt_target, hits) == 192);
static_assert(sizeof(gt_target) == 256);
static_assert(sizeof(gt_ip_key) == 16);
static_assert(sizeof(gt_record) == 64);
static_assert(sizeof(gt_stack) == 520);
static_assert(sizeof(gt_value) == 312);
#else
_Static_assert(sizeof(struct gt_cookie) == 8, "gt_cookie");
_Static_assert(sizeof(struct gt_owner) == 4, "gt_owner");
_Static_assert(__builtin_offsetof(struct gt_target, lost) == 64, "gt_target");
_Static_assert(sizeof(struct gt_target) == 256, "gt_target");
_Static_assert(sizeof(struct gt_ip_key) == 16, "gt_ip_key");
_Static_assert(sizeof(struct gt_record) == 64, "gt_record");
_Static_assert(sizeof(struct gt_stack) == 520, "gt_stack");
_Static_assert(sizeof(struct gt_value) == 312, "gt_value");
#endif

/* Identity of a stack: the same function in the kernel and in snapshot/, so that a stack read from memory and
 * one walked by a probe have one id. Multiply-xorshift per pc (constants of splitmix64). Never 0. */
static inline gt_u64 gt_stack_hash_step(gt_u64 h, gt_u64 pc)
{
	h = (h ^ pc) * 0x9e3779b97f4a7c15ULL;
	return h ^ (h >> 29);
}
static inline gt_u64 gt_stack_hash_end(gt_u64 h, gt_u32 depth)
{
	h = (h ^ depth) * 0xbf58476d1ce4e5b9ULL;
	h ^= h >> 32;
	return h ? h : 1;
}

#endif
