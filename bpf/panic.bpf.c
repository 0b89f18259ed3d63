/* Panics, recoveries, and how the process ends. Rare events, of which much is read. */
#include "lib/event.bpf.h"
#include "lib/go.bpf.h"
#include "lib/signal.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define GT_KIND_AT 23 /* Kind_ in internal/abi.Type (up to 1.19 runtime._type): behind three words and three bytes */
#define GT_KIND_MASK 31
#define GT_LONGEST_TEXT (1ULL << 30) /* what claims more is no text */

static __always_inline void gt_clear_value(struct gt_value *v, __u64 type, __u32 kind)
{
	__builtin_memset(v, 0, sizeof(*v));
	v->type = type;
	v->kind = kind;
}

static __always_inline void gt_read_text(struct gt_value *v, __u64 text, __u64 size)
{
	__u32 length = size < GT_VALUE_TEXT ? (__u32)size : GT_VALUE_TEXT;
	if (!text || !size || size > GT_LONGEST_TEXT)
		return;
	if (length > GT_VALUE_TEXT || bpf_probe_read_user(v->text, length, (void *)text))
		return;
	v->length = length;
	v->size = size;
}

/* An interface: the type, and the address of the value (of a pointer type: the pointer). */
static __noinline int gt_read_value(struct gt_scratch *s, __u64 type, __u64 data)
{
	struct gt_value *v = (struct gt_value *)s->window;
	__u8 kind = 0;
	if (type && bpf_probe_read_user(&kind, sizeof(kind), (void *)(type + GT_KIND_AT)))
		return 0;
	kind &= GT_KIND_MASK;
	gt_clear_value(v, type, kind);
	if (!data)
		return 1;
	if (bpf_probe_read_user(v->words, sizeof(v->words), (void *)data) &&
	    bpf_probe_read_user(v->words, 2 * sizeof(__u64), (void *)data) &&
	    bpf_probe_read_user(v->words, sizeof(__u64), (void *)data))
		return 1; /* the type is known all the same */
	if (kind == GT_KIND_STRING || kind == GT_KIND_POINTER || kind == GT_KIND_STRUCT)
		gt_read_text(v, v->words[0], v->words[1]);
	/* Addresses and what lies behind them would make each of them another value. */
	if (v->length || kind == GT_KIND_STRING || kind == GT_KIND_POINTER)
		__builtin_memset(v->words, 0, sizeof(v->words));
	return 1;
}

/* Puts what lies in s->window into `values` under the hash of its bytes, names it in the record. */
static __noinline int gt_store_value(struct gt_scratch *s, struct gt_target *t)
{
	const __u64 *words = (const __u64 *)s->window;
	__u64 hash = t->stack_seed;
	for (__u32 i = 0; i < sizeof(struct gt_value) / sizeof(__u64); i++)
		hash = gt_stack_hash_step(hash, words[i]);
	s->record.object = gt_stack_hash_end(hash, 0);
	int err = (int)bpf_map_update_elem(&values, &s->record.object, s->window, BPF_NOEXIST);
	if (err && err != -17 /* EEXIST */) {
		s->record.object = 0;
		gt_object_failed(t);
	}
	return 0;
}

static __noinline int gt_panic_begins(struct gt_scratch *s, struct gt_target *t, struct pt_regs *ctx, __u64 cookie)
{
	if (!gt_read_actor(s, t, gt_current_g(ctx)))
		return 0;
	s->record.goid = gt_actor_field(s, t->g_goid);
	s->record.extra = gt_actor_field(s, t->g_stack_hi) - gt_sp(ctx);
	if (gt_read_value(s, gt_reg(ctx, gt_cookie_reg(cookie)), gt_argument1(ctx)))
		gt_store_value(s, t);
	else
		gt_object_failed(t);
	gt_want_live_stack(s, t, ctx, gt_cookie_flags(cookie) & GT_SITE_FRAME_SET);
	return 1;
}

/* recovery(gp), on g0, has put into gp.sched where the deferring function goes on, for gogo. */
static __noinline int gt_recovered(struct gt_scratch *s, struct gt_target *t, __u64 gobuf)
{
	if (!gt_read_actor(s, t, gobuf - t->g_sched_sp))
		return 0;
	s->record.goid = gt_actor_field(s, t->g_goid);
	s->record.extra = gt_actor_field(s, t->g_stack_hi) - gt_actor_field(s, t->g_sched_sp);
	__u64 pc = gt_actor_field(s, t->g_sched_pc);
	if (!t->stacks || !pc)
		return 1;
	s->stack.pcs[0] = pc;
	s->stack.depth = 1;
	s->stack.truncated = 0;
	s->record.stack = gt_stack_hash_end(gt_stack_hash_step(t->stack_seed, pc), 1);
	gt_store_stack(s, t);
	return 1;
}

/* The stack of the goroutine that came here on its own stack, or by way of systemstack. */
static __always_inline void gt_want_own_stack(struct gt_scratch *s, struct gt_target *t, struct pt_regs *ctx,
					      __u64 cookie)
{
	if (s->word[0] == gt_current_g(ctx))
		gt_want_live_stack(s, t, ctx, gt_cookie_flags(cookie) & GT_SITE_FRAME_SET);
	else
		gt_want_saved_stack(s, t);
}

static __always_inline void gt_fatal_text(struct gt_scratch *s, struct gt_target *t, __u64 text, __u64 size)
{
	struct gt_value *v = (struct gt_value *)s->window;
	gt_clear_value(v, 0, GT_KIND_STRING);
	gt_read_text(v, text, size);
	gt_store_value(s, t);
}

/* THROW, EXIT_CALL: of whatever the thread was at, a goroutine's work or not. */
static __noinline int gt_process_dies(struct gt_scratch *s, struct gt_target *t, struct pt_regs *ctx, __u64 cookie)
{
	__u64 value = gt_reg(ctx, gt_cookie_reg(cookie));
	s->record.goid = 0;
	int found = gt_read_goroutine_of(s, t, gt_current_g(ctx));
	if (gt_cookie_hook(cookie) == GT_HOOK_THROW) {
		gt_fatal_text(s, t, value, gt_argument1(ctx));
	} else {
		/* ABI0: above the return address of amd64, above the saved link register of arm64. */
		__u64 code = 0;
		if (!gt_read_u64(&code, gt_sp(ctx) + 8))
			code = 0;
		s->record.extra = (__u32)code;
		s->record.detail = found && s->word[0] == gt_current_g(ctx);
	}
	if (found)
		gt_want_own_stack(s, t, ctx, cookie);
	return 0;
}

#define GT_GSCAN 0x1000 /* runtime/runtime2.go, the states of a goroutine */
#define GT_GRUNNING 2
#define GT_SWITCHED_FRAMES 16

/* A pc alone: the instruction itself, one on as if it were a return address (runtime/traceback.go, tracebackPCs). */
static __noinline int gt_lone_pc(struct gt_scratch *s, struct gt_target *t, __u64 pc)
{
	if (!t->stacks)
		return 0;
	s->stack.pcs[0] = pc;
	s->stack.depth = 1;
	s->stack.truncated = 1;
	s->record.flags |= GT_REC_TRUNCATED;
	s->record.stack = gt_stack_hash_end(gt_stack_hash_step(t->stack_seed, pc), 1);
	gt_store_stack(s, t);
	return 0;
}

/* A goroutine runs whose thread is on another stack: in systemstack, or in a call of the vDSO, which leaves g.sched as
 * it was (runtime/sys_linux_amd64.s, nanotime1). The frame pointers lead from there to its own stack. */
static __noinline int gt_want_stack_below(struct gt_scratch *s, __u64 low)
{
	__u64 fp = gt_interrupted(s)->fp;
	for (__u32 i = 0; i < GT_SWITCHED_FRAMES; i++) {
		if (fp >= low && fp < s->hi) {
			s->fp = s->base = fp;
			s->first = GT_FIRST_IN_FRAME;
			return 0;
		}
		if (!fp || !gt_read_u64(&fp, fp))
			return 0;
	}
	return 0;
}

/* Where the goroutine in s->actor was when the signal came. In C its state is that of a system call, and asmcgocall has
 * saved where it left its stack; atomicstatus lies two words of 32 bits in front of goid (runtime/runtime2.go, g). */
static __noinline int gt_want_interrupted_stack(struct gt_scratch *s, struct gt_target *t)
{
	const struct gt_interrupted *at = gt_interrupted(s);
	__u64 low = gt_actor_field(s, t->g_stack_hi - 8);
	s->hi = gt_actor_field(s, t->g_stack_hi);
	if (at->sp >= low && at->sp < s->hi) {
		s->record.object = at->caller;
		s->record.other = at->pushed;
		s->pc = at->pc + 1;
		s->fp = at->fp;
		/* Assembly may use the register for something else. */
		if (s->fp < at->sp || s->fp + 16 > s->hi || (s->fp & 7))
			gt_lone_pc(s, t, s->pc);
		else
			s->base = at->sp;
	} else if (((__u32)gt_actor_field(s, t->g_goid - 8) & ~GT_GSCAN) == GT_GRUNNING) {
		gt_want_stack_below(s, low);
	} else {
		gt_want_saved_stack(s, t);
	}
	return 0;
}

static __noinline int gt_signal(struct gt_scratch *s, struct gt_target *t, struct pt_regs *ctx, __u64 cookie)
{
	__u32 reg = gt_cookie_reg(cookie);
	s->record.goid = 0;
	s->record.detail = (__u8)gt_find_interrupted(s, gt_sp(ctx));
	if (reg != GT_REG_G)
		s->record.extra = (__u32)gt_reg(ctx, reg);
	else if (s->record.detail)
		s->record.extra = gt_interrupted(s)->signal;
	if (!gt_read_goroutine_of(s, t, gt_current_g(ctx))) {
		s->record.flags |= s->word[0] ? GT_ACTOR_UNKNOWN : GT_ACTOR_RUNTIME;
		return 0;
	}
	if (s->record.detail)
		gt_want_interrupted_stack(s, t);
	else
		gt_want_own_stack(s, t, ctx, cookie);
	return 0;
}

SEC("uprobe.multi")
int gt_panic(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns(), cookie = gt_cookie(ctx), pid_tgid = bpf_get_current_pid_tgid();
	struct gt_target *t = gt_hit(ctx, cookie, pid_tgid);
	if (!t)
		return 0;
	struct gt_scratch *s = gt_claim(t, cookie, now, pid_tgid);
	if (!s)
		return 0;
	int ok = 1;
	switch (gt_cookie_hook(cookie)) {
	case GT_HOOK_PANIC:
		ok = gt_panic_begins(s, t, ctx, cookie);
		break;
	case GT_HOOK_RECOVERED:
		ok = gt_recovered(s, t, gt_reg(ctx, gt_cookie_reg(cookie)));
		break;
	case GT_HOOK_SIGNAL:
		gt_signal(s, t, ctx, cookie);
		break;
	default:
		gt_process_dies(s, t, ctx, cookie);
	}
	gt_end(s, t, ok);
	return 0;
}
