/* Sites like those of the Go runtime, and a way to run into one with chosen registers.
 *   gt_fake_sites: FAKE_SITES functions of 16 bytes, each beginning with the branch of a stack check
 *   gt_fake_hit(struct fake_regs *): loads the registers, calls regs->site, restores everything. */
	.text
#if defined(__x86_64__)
	.globl gt_fake_sites
	.p2align 4
gt_fake_sites:
	.rept 48
	.p2align 4
	jbe 1f
1:	ret
	.endr
	.p2align 4

	.globl gt_fake_hit
	.type gt_fake_hit, @function
gt_fake_hit:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rdi, %r15
	mov %rsp, %r13
	mov 0(%r15), %rax
	mov 8(%r15), %rbx
	mov 16(%r15), %r14
	mov 24(%r15), %rbp
	mov 40(%r15), %r12
	mov 32(%r15), %rsp
	cmpq $1, 48(%r15)  /* taken: 0 below 1 sets the carry; else 2 above 1 clears it and zero */
	call *%r12
	.globl gt_fake_return
gt_fake_return:
	mov %r13, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret
	.size gt_fake_hit, . - gt_fake_hit
#elif defined(__aarch64__)
	.globl gt_fake_sites
	.p2align 4
gt_fake_sites:
	.rept 48
	.p2align 4
	b.ls 1f
1:	ret
	.endr
	.p2align 4

	.globl gt_fake_hit
	.type gt_fake_hit, %function
gt_fake_hit:
	stp x29, x30, [sp, #-48]!
	stp x19, x20, [sp, #16]
	str x28, [sp, #32]
	mov x19, x0
	mov x20, sp
	ldr x0, [x19, #0]
	ldr x1, [x19, #8]
	ldr x28, [x19, #16]
	ldr x29, [x19, #24]
	ldr x9, [x19, #32]
	ldr x10, [x19, #40]
	ldr x11, [x19, #48]
	mov sp, x9
	cmp x11, #1        /* b.ls: taken for 0 (below), not for 2 (higher) */
	blr x10
	.globl gt_fake_return
gt_fake_return:
	mov sp, x20
	ldr x28, [sp, #32]
	ldp x19, x20, [sp, #16]
	ldp x29, x30, [sp], #48
	ret
	.size gt_fake_hit, . - gt_fake_hit
#endif
	.section .note.GNU-stack, "", %progbits
