#include "capture/load.h"

#include <fmt/format.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>
#include <vector>

#include "capture/selftest.h"
#include "probe/hooks.h"

namespace gorotrace {
namespace {

constexpr std::uint32_t kMaxDefaultRing = 2u << 20;
constexpr std::uint32_t kMinDefaultRing = 1u << 20;
constexpr std::uint32_t kDefaultRingsTotal = 16u << 20;
constexpr std::uint32_t kRecordInRing = 8 + sizeof(gt_record);

// r0 = 0; *(u64 *)(r10 - 8) = 0; fetch-and-add there; exit. See gt_atomics in bpf/lib/maps.bpf.h.
bool kernel_has_fetching_atomics() {
  const auto insn = [](int code, int dst, int src, int off, int imm) {
    bpf_insn i{};
    i.code = static_cast<__u8>(code);
    i.dst_reg = static_cast<__u8>(dst & 0xf);
    i.src_reg = static_cast<__u8>(src & 0xf);
    i.off = static_cast<__s16>(off);
    i.imm = imm;
    return i;
  };
  const bpf_insn program[] = {
      insn(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
      insn(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, BPF_REG_0, -8, 0),
      insn(BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_10, BPF_REG_0, -8, BPF_ADD | BPF_FETCH),
      insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
  };
  const UniqueFd fd(
      bpf_prog_load(BPF_PROG_TYPE_KPROBE, "gt_atomics", "GPL", program, std::size(program), nullptr));
  return fd.get() >= 0;
}

// Before 5.12 the verifier refuses such an instruction wherever it stands, even behind a constant that leaves
// it dead (kernel/bpf/verifier.c resolve_pseudo_ldimm64, "BPF_STX uses reserved fields"): it becomes a plain
// add there.
int without_fetching_atomics(bpf_program* program, bpf_prog_load_opts*, long) {
  const bpf_insn* begin = bpf_program__insns(program);
  std::vector<bpf_insn> code(begin, begin + bpf_program__insn_cnt(program));
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (code[i].code == (BPF_LD | BPF_IMM | BPF_DW)) {
      ++i;  // its second half is no instruction
    } else if (BPF_CLASS(code[i].code) == BPF_STX && BPF_MODE(code[i].code) == BPF_ATOMIC) {
      code[i].imm = BPF_ADD;
    }
  }
  return bpf_program__set_insns(program, code.data(), code.size());
}

// Once for the process: programs keep pointers to their section's handler.
int drop_fetching_atomics() {
  static const int id = [] {
    libbpf_prog_handler_opts handler{};
    handler.sz = sizeof(handler);
    handler.prog_prepare_load_fn = without_fetching_atomics;
    return libbpf_register_prog_handler("uprobe.multi", BPF_PROG_TYPE_KPROBE, static_cast<bpf_attach_type>(0),
                                        &handler);
  }();
  return id;
}

// Whether a program is of use to one of the groups. Those that no hook has (gt_exec) are of use to all.
bool wanted(const gorotrace_bpf& skeleton, const bpf_program* program, GroupMask groups) {
  bool of_a_hook = false;
  for (int i = GT_HOOK_NONE; i < GT_HOOK_COUNT; ++i) {
    const auto hook = static_cast<gt_hook>(i);
    if (program_of(skeleton, hook) != program) continue;
    if ((possible_groups_of(hook) & groups) != 0) return true;
    of_a_hook = true;
  }
  return !of_a_hook;
}

Status size_maps(const gorotrace_bpf& skeleton, AttachMode mode, std::uint32_t targets) {
  if (targets == 0) return fail(ErrorKind::kUsage, "a capture of no target");
  // Twice: a target may have a plugin or two.
  const std::uint32_t by_ip = mode == AttachMode::kPerfEventIp ? targets * GT_MAX_SITES * 2 : 1;
  for (const auto& [map, entries] : {std::pair{skeleton.maps.targets, targets},
                                     {skeleton.maps.owners, targets},
                                     {skeleton.maps.site_stats, targets},
                                     {skeleton.maps.sites_by_ip, by_ip}}) {
    if (const int err = bpf_map__set_max_entries(map, entries)) return load_error(-err);
  }
  return {};
}

// Writing an inner map waits for an RCU grace period each time (kernel/bpf/syscall.c
// maybe_wait_bpf_programs), 15 ms; a batch waits once. Kernels without batches for maps of maps (5.10) refuse
// it.
Status place_rings(int map_fd, const RingReader& rings) {
  std::vector<std::uint32_t> keys;
  std::vector<int> fds;
  for (unsigned i = 0; i < rings.count(); ++i) {
    keys.push_back(i);
    fds.push_back(rings.fd(i));
  }
  auto count = static_cast<__u32>(keys.size());
  if (bpf_map_update_batch(map_fd, keys.data(), fds.data(), &count, nullptr) == 0) return {};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (bpf_map_update_elem(map_fd, &keys[i], &fds[i], BPF_ANY) != 0) return load_error(errno);
  }
  return {};
}

}  // namespace

Result<LoadedTracer> load_tracer(AttachMode mode, const CaptureOptions& options) {
  std::uint32_t ring_bytes = options.ring_bytes;
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0 && ::access("/sys/kernel", F_OK) != 0) return load_error(ESRCH);
  if (cpus < 0) return fail_errno(-cpus, "counting CPUs");
  const unsigned rings = std::min<unsigned>(GT_MAX_RINGS, std::bit_ceil(static_cast<unsigned>(cpus)));
  if (ring_bytes == 0) ring_bytes = std::clamp(kDefaultRingsTotal / rings, kMinDefaultRing, kMaxDefaultRing);
  const auto page = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
  if (!std::has_single_bit(ring_bytes) || ring_bytes < page)
    return fail(ErrorKind::kUsage, fmt::format("ring size {} is not a power of two >= {}", ring_bytes, page));

  LoadedTracer out;
  auto reader = RingReader::make(rings, ring_bytes);
  if (!reader) return std::unexpected(reader.error());
  out.rings = std::move(*reader);
  const bool atomics = kernel_has_fetching_atomics();
  if (!atomics) {
    if (const int err = drop_fetching_atomics(); err < 0) return load_error(-err);
  }
  out.skeleton.reset(gorotrace_bpf__open());
  if (!out.skeleton) return load_error(errno);
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, out.skeleton->obj) {
    // Verifying takes 5-10 ms a program: only what may be attached is loaded.
    bpf_program__set_autoload(program, wanted(*out.skeleton, program, options.groups));
    if (mode != AttachMode::kUprobeMulti)
      bpf_program__set_expected_attach_type(program, static_cast<bpf_attach_type>(0));
  }
  auto* constants = out.skeleton->rodata;
  constants->gt_ring_mask = rings - 1;
  constants->gt_wake_bytes = ring_bytes / 4;
  constants->gt_wake_mask = std::min(256u, std::bit_floor(ring_bytes / 4 / kRecordInRing)) - 1;
  constants->gt_cookie_by_ip = mode == AttachMode::kPerfEventIp;
  constants->gt_atomics = atomics;
  if (const int err = bpf_map__set_inner_map_fd(out.skeleton->maps.rings, out.rings->fd(0)))
    return load_error(-err);
  if (auto sized = size_maps(*out.skeleton, mode, options.max_targets); !sized)
    return std::unexpected(sized.error());
  if (const int err = gorotrace_bpf__load(out.skeleton.get())) return load_error(-err);
  if (auto placed = place_rings(bpf_map__fd(out.skeleton->maps.rings), *out.rings); !placed)
    return std::unexpected(placed.error());
  return out;
}

const bpf_program* program_of(const gorotrace_bpf& skeleton, gt_hook hook) {
  switch (hook) {
    case GT_HOOK_CREATE:
    case GT_HOOK_CREATE_CORO:
    case GT_HOOK_EXIT:
    case GT_HOOK_CORO_OUT:
    case GT_HOOK_CORO_IN:
    case GT_HOOK_EXTRA_IN:
    case GT_HOOK_EXTRA_OUT:
      return skeleton.progs.gt_lifecycle;
    case GT_HOOK_PARK:
    case GT_HOOK_READY:
    case GT_HOOK_INJECT:
    case GT_HOOK_SUSPEND:
      return skeleton.progs.gt_block;
    case GT_HOOK_EXECUTE:
    case GT_HOOK_YIELD:
      return skeleton.progs.gt_run;
    case GT_HOOK_SYSCALL_ENTER:
    case GT_HOOK_SYSCALL_EXIT:
    case GT_HOOK_SYSCALL_EXIT_SLOW:
      return skeleton.progs.gt_syscall;
    case GT_HOOK_SEM_ACQUIRE:
    case GT_HOOK_SEM_RELEASE:
      return skeleton.progs.gt_sync;
    case GT_HOOK_CHAN_SEND:
    case GT_HOOK_CHAN_RECV:
    case GT_HOOK_CHAN_CLOSE:
      return skeleton.progs.gt_chan;
    case GT_HOOK_PANIC:
    case GT_HOOK_RECOVERED:
    case GT_HOOK_THROW:
    case GT_HOOK_EXIT_CALL:
    case GT_HOOK_SIGNAL:
      return skeleton.progs.gt_panic;
    case GT_HOOK_STW_BEGIN:
    case GT_HOOK_STW_END:
    case GT_HOOK_GC_BEGIN:
    case GT_HOOK_GC_END:
      return skeleton.progs.gt_gc;
    case GT_HOOK_ENDED:
    case GT_HOOK_NONE:
    case GT_HOOK_LIMIT:
    case GT_HOOK_CALIBRATE:
    case GT_HOOK_COUNT:
      break;
  }
  return nullptr;
}

}  // namespace gorotrace
