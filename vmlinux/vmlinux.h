/* The few kernel types our programs need, for both architectures. Provenance: README.md. */
#ifndef GOROTRACE_VMLINUX_H
#define GOROTRACE_VMLINUX_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

enum { BPF_ANY = 0, BPF_NOEXIST = 1 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum { BPF_RB_AVAIL_DATA = 0 };
enum bpf_map_type {
  BPF_MAP_TYPE_HASH = 1,
  BPF_MAP_TYPE_ARRAY = 2,
  BPF_MAP_TYPE_PERCPU_ARRAY = 6,
  BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
  BPF_MAP_TYPE_RINGBUF = 27,
};
enum bpf_func_id { BPF_FUNC_get_attach_cookie = 174 };

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
  unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp,
      ss;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
  __u64 regs[31], sp, pc, pstate;
};
#else
#error "amd64 and arm64 only"
#endif

/* Kernel-internal: the loader finds the members in the running kernel's own types. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct pid_namespace;
struct upid {
  int nr;
  struct pid_namespace* ns;
};
struct pid {
  unsigned int level;
  struct upid numbers[1];
};
typedef struct {
  int counter;
} atomic_t;
struct signal_struct {
  atomic_t live;
  int group_exit_code;
  unsigned int flags;
};
struct task_struct {
  int pid;
  int tgid;
  int exit_code;
  struct pid* thread_pid;
  struct signal_struct* signal;
};
struct bpf_iter_meta;
struct bpf_iter__task {
  union {
    struct bpf_iter_meta* meta;
    __u64 : 64;
  };
  union {
    struct task_struct* task;
    __u64 : 64;
  };
};
#pragma clang attribute pop
#endif
