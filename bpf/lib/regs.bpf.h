/* Registers of the probed thread, by hardware number. The loads are inline assembly because a compiler that merges
 * them into one load at a variable offset makes the verifier refuse the program (modified ctx pointer). */
#ifndef GOROTRACE_LIB_REGS_BPF_H
#define GOROTRACE_LIB_REGS_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "shared/abi.h"

#define GT_LOAD_CTX(value, ctx, offset) asm volatile("%0 = *(u64 *)(%1 + %2)" : "=r"(value) : "r"(ctx), "i"(offset))
#define GT_REG_CASE(number, member)                                                                                    \
	case number:                                                                                                   \
		GT_LOAD_CTX(value, ctx, __builtin_offsetof(struct pt_regs, member));                                   \
		break;

#if defined(__TARGET_ARCH_x86)

static __always_inline __u64 gt_reg(struct pt_regs *ctx, __u32 number)
{
	__u64 value = 0;
	switch (number) {
		GT_REG_CASE(0, ax)
		GT_REG_CASE(1, cx)
		GT_REG_CASE(2, dx)
		GT_REG_CASE(3, bx)
		GT_REG_CASE(5, bp)
		GT_REG_CASE(6, si)
		GT_REG_CASE(7, di)
		GT_REG_CASE(8, r8)
		GT_REG_CASE(9, r9)
		GT_REG_CASE(10, r10)
		GT_REG_CASE(11, r11)
		GT_REG_CASE(12, r12)
		GT_REG_CASE(13, r13)
		GT_REG_CASE(14, r14)
		GT_REG_CASE(15, r15)
	}
	return value;
}

static __always_inline __u64 gt_ip(struct pt_regs *ctx) { return ctx->ip; }
static __always_inline __u64 gt_sp(struct pt_regs *ctx) { return ctx->sp; }
static __always_inline __u64 gt_fp(struct pt_regs *ctx) { return ctx->bp; }
/* g of ABIInternal: cmd/compile/abi-internal.md, Go 1.17+ */
static __always_inline __u64 gt_current_g(struct pt_regs *ctx) { return ctx->r14; }
#define GT_REG_G GT_REG_AMD64_R14
/* `jbe`, the stack check's branch to morestack: taken when CF or ZF */
static __always_inline int gt_branch_taken(struct pt_regs *ctx) { return (ctx->flags & 0x41) != 0; }
#define GT_RETURN_ADDRESS_ON_STACK 1
/* the second argument of ABIInternal */
static __always_inline __u64 gt_argument1(struct pt_regs *ctx) { return ctx->bx; }
static __always_inline __u64 gt_link_register(struct pt_regs *ctx) { return 0; }

#elif defined(__TARGET_ARCH_arm64)

static __always_inline __u64 gt_reg(struct pt_regs *ctx, __u32 number)
{
	__u64 value = 0;
	switch (number) {
		GT_REG_CASE(0, regs[0])
		GT_REG_CASE(1, regs[1])
		GT_REG_CASE(2, regs[2])
		GT_REG_CASE(3, regs[3])
		GT_REG_CASE(4, regs[4])
		GT_REG_CASE(5, regs[5])
		GT_REG_CASE(6, regs[6])
		GT_REG_CASE(7, regs[7])
		GT_REG_CASE(8, regs[8])
		GT_REG_CASE(9, regs[9])
		GT_REG_CASE(10, regs[10])
		GT_REG_CASE(11, regs[11])
		GT_REG_CASE(12, regs[12])
		GT_REG_CASE(13, regs[13])
		GT_REG_CASE(14, regs[14])
		GT_REG_CASE(15, regs[15])
		GT_REG_CASE(16, regs[16])
		GT_REG_CASE(17, regs[17])
		GT_REG_CASE(18, regs[18])
		GT_REG_CASE(19, regs[19])
		GT_REG_CASE(20, regs[20])
		GT_REG_CASE(21, regs[21])
		GT_REG_CASE(22, regs[22])
		GT_REG_CASE(23, regs[23])
		GT_REG_CASE(24, regs[24])
		GT_REG_CASE(25, regs[25])
		GT_REG_CASE(26, regs[26])
		GT_REG_CASE(27, regs[27])
		GT_REG_CASE(28, regs[28])
		GT_REG_CASE(29, regs[29])
		GT_REG_CASE(30, regs[30])
	}
	return value;
}

static __always_inline __u64 gt_ip(struct pt_regs *ctx) { return ctx->pc; }
static __always_inline __u64 gt_sp(struct pt_regs *ctx) { return ctx->sp; }
static __always_inline __u64 gt_fp(struct pt_regs *ctx) { return ctx->regs[29]; }
static __always_inline __u64 gt_current_g(struct pt_regs *ctx) { return ctx->regs[28]; }
#define GT_REG_G GT_REG_ARM64_X28
/* `b.ls`: taken when C is clear or Z is set (pstate bits 29 and 30) */
static __always_inline int gt_branch_taken(struct pt_regs *ctx)
{
	return !(ctx->pstate & (1ULL << 29)) || (ctx->pstate & (1ULL << 30));
}
#define GT_RETURN_ADDRESS_ON_STACK 0
static __always_inline __u64 gt_argument1(struct pt_regs *ctx) { return ctx->regs[1]; }
static __always_inline __u64 gt_link_register(struct pt_regs *ctx) { return ctx->regs[30]; }

#endif
#endif
