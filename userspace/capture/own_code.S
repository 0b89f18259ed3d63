/* Instructions of the tracer itself that it probes to learn what the kernel makes of them. Each function is called
 * with nothing and does nothing. */
	.text
#if defined(__x86_64__)
	.globl gt_own_trial
	.type gt_own_trial, @function
	.p2align 4
gt_own_trial:
	push %rbp
	pop %rbp
	ret
	.size gt_own_trial, . - gt_own_trial

	.globl gt_own_trial_thread
	.type gt_own_trial_thread, @function
	.p2align 4
gt_own_trial_thread:
	push %rbp
	pop %rbp
	ret
	.size gt_own_trial_thread, . - gt_own_trial_thread

	/* Emulated by every kernel, and what nearly every hot site is. (push and call cost a tenth more: the kernel
	 * writes to the stack for them.) */
	.globl gt_own_branch
	.type gt_own_branch, @function
	.p2align 4
gt_own_branch:
	jbe 1f
1:	ret
	.size gt_own_branch, . - gt_own_branch

	.globl gt_own_single_step
	.type gt_own_single_step, @function
	.p2align 4
gt_own_single_step: /* mov: executed out of line */
	mov %rdi, %rax
	ret
	.size gt_own_single_step, . - gt_own_single_step

	.globl gt_own_long_nop
	.type gt_own_long_nop, @function
	.p2align 4
gt_own_long_nop: /* 3 bytes: the 5-byte form recent kernels turn into a call */
	.byte 0x0f, 0x1f, 0x00
	ret
	.size gt_own_long_nop, . - gt_own_long_nop
#elif defined(__aarch64__)
	.globl gt_own_trial
	.type gt_own_trial, %function
	.p2align 4
gt_own_trial:
	b 1f
1:	ret
	.size gt_own_trial, . - gt_own_trial

	.globl gt_own_trial_thread
	.type gt_own_trial_thread, %function
	.p2align 4
gt_own_trial_thread:
	b 1f
1:	ret
	.size gt_own_trial_thread, . - gt_own_trial_thread

	.globl gt_own_branch
	.type gt_own_branch, %function
	.p2align 4
gt_own_branch: /* simulated by every kernel */
	b.ls 1f
1:	ret
	.size gt_own_branch, . - gt_own_branch

	.globl gt_own_single_step
	.type gt_own_single_step, %function
	.p2align 4
gt_own_single_step:
	mov x1, x0
	ret
	.size gt_own_single_step, . - gt_own_single_step

	.globl gt_own_long_nop
	.type gt_own_long_nop, %function
	.p2align 4
gt_own_long_nop: /* arm64 has one nop: simulated by 7.x only */
	nop
	ret
	.size gt_own_long_nop, . - gt_own_long_nop
#endif
	.section .note.GNU-stack, "", %progbits
