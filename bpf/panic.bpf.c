/* Panics, recoveries, and how the process ends. Rare events, of which much is read. */
#include "lib/event.bpf.h"
#include "lib/go.bpf.h"

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

/* THROW, EXIT_CALL, SIGNAL: of whatever the thread was at, a goroutine's work or not. */
static __noinline int gt_process_dies(struct gt_scratch *s, struct gt_target *t, struct pt_regs *ctx, __u64 cookie)
{
	__u64 value = gt_reg(ctx, gt_cookie_reg(cookie));
	s->record.goid = 0;
	int found = gt_read_goroutine_of(s, t, gt_current_g(ctx));
	if (gt_cookie_hook(cookie) == GT_HOOK_THROW) {
		gt_fatal_text(s, t, value, gt_argument1(ctx));
	} else if (gt_cookie_hook(cookie) == GT_HOOK_SIGNAL) {
		s->record.extra = (__u32)value;
		return 0; /* on the signal's stack: where the goroutine was, is in no register */
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
	default:
		gt_process_dies(s, t, ctx, cookie);
	}
	gt_end(s, t, ok);
	return 0;
}
