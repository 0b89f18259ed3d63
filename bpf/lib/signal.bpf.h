/* What a signal interrupted: the registers that the kernel saved on the stack on which the handler runs. The frame is
 * found by what no other word there looks like, so it needs nothing of the Go version: sigaltstack's bounds, which the
 * kernel puts into every ucontext (save_altstack), around the stack pointer. The runtime's handlers all run on such a
 * stack (SA_ONSTACK; runtime/signal_unix.go, sigtrampgo). Where none is found nothing was interrupted: a goroutine
 * raises the signal itself (sigpipe, crash), or C code has no such stack. */
#ifndef GOROTRACE_LIB_SIGNAL_BPF_H
#define GOROTRACE_LIB_SIGNAL_BPF_H

#include "lib/go.bpf.h"
#include "lib/maps.bpf.h"
#include "lib/regs.bpf.h"
#include "lib/stack.bpf.h"

/* Words of the frame, from uc_stack on: struct rt_sigframe (arch/x86/include/asm/sigframe.h,
 * arch/arm64/kernel/signal.c) of struct ucontext and struct siginfo (arch/x86/include/uapi/asm/sigcontext.h,
 * arch/arm64/include/uapi/asm/ucontext.h and sigcontext.h). uc_link, which is always 0, is the word in front of them.
 */
#if defined(__TARGET_ARCH_x86)
#define GT_FRAME_BEFORE 1
#define GT_FRAME_FP 13
#define GT_FRAME_SP 18
#define GT_FRAME_PC 19
#define GT_FRAME_SIGNAL 36
#define GT_FRAME_WORDS 37
#elif defined(__TARGET_ARCH_arm64)
#define GT_FRAME_BEFORE 18
#define GT_FRAME_FP 50
#define GT_FRAME_LR 51
#define GT_FRAME_SP 52
#define GT_FRAME_PC 53
#define GT_FRAME_SIGNAL (-18)
#define GT_FRAME_WORDS 54
#endif
/* So many words above the probed function: those of the handler, 700 bytes at most in Go 1.18 to 1.27, twice. */
#define GT_FRAME_REACH 192
#define GT_FRAME_WINDOW ((GT_FRAME_REACH + GT_FRAME_WORDS) * 8)
#define GT_MOST_SIGNAL_STACK (16 << 20)

struct gt_interrupted {
	__u64 pc, sp, fp;
	__u64 caller; /* where the function returns to while it has no frame */
	__u64 pushed; /* and while it has pushed fp and not set it yet; 0: it has, or there is no such moment (arm64) */
	__u64 signal;
};
/* In the place of the copy of g, which this family does not take. */
static __always_inline struct gt_interrupted *gt_interrupted(struct gt_scratch *s)
{
	return (struct gt_interrupted *)s->g;
}

/* Into gt_interrupted(s); 0: no signal interrupted anything. What was found lives in memory, so that the verifier sees
 * one state behind the loop. */
static __noinline int gt_find_interrupted(struct gt_scratch *s, __u64 sp)
{
	struct gt_interrupted *at = gt_interrupted(s);
	const __u64 *w = (const __u64 *)s->window;
	__u32 words = GT_FRAME_WINDOW / 8;
	if (bpf_probe_read_user(s->window, GT_FRAME_WINDOW, (void *)sp)) {
		__u64 page_end = GT_STACK_PAGE - (sp & (GT_STACK_PAGE - 1));
		if (page_end >= GT_FRAME_WINDOW || bpf_probe_read_user(s->window, (__u32)page_end, (void *)sp))
			return 0;
		words = page_end / 8;
	}
	s->word[1] = 0;
	for (__u32 i = GT_FRAME_BEFORE; i < GT_FRAME_REACH; i++) {
		__u64 low = w[i], size = w[i + 2];
		if (w[i - 1] || (__u32)w[i + 1] || low > sp || sp - low >= size || size > GT_MOST_SIGNAL_STACK)
			continue;
		s->word[1] = i;
		break;
	}
	__u64 i = s->word[1];
	if (i < GT_FRAME_BEFORE || i >= GT_FRAME_REACH || i + GT_FRAME_WORDS > words)
		return 0;
	at->pc = w[i + GT_FRAME_PC];
	at->sp = w[i + GT_FRAME_SP];
	at->fp = w[i + GT_FRAME_FP];
	at->signal = (__u32)w[i + GT_FRAME_SIGNAL];
#if GT_RETURN_ADDRESS_ON_STACK
	if (!gt_read_u64(&at->caller, at->sp))
		at->caller = 0;
	if (at->fp == at->sp || !gt_read_u64(&at->pushed, at->sp + 8))
		at->pushed = 0;
#else
	at->caller = w[i + GT_FRAME_LR];
	at->pushed = 0;
#endif
	return 1;
}

#endif
