#include "probe/disassembler.h"

#include <capstone/capstone.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

namespace gorotrace {
namespace {

// Capstone numbers registers by name and width; the wire and the ABI by hardware number.
int amd64_number(unsigned reg) {
  static constexpr std::array<std::array<unsigned, 5>, 16> kNames{{
      {X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL, X86_REG_AH},
      {X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH},
      {X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH},
      {X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL, X86_REG_BH},
      {X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL, 0},
      {X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL, 0},
      {X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL, 0},
      {X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL, 0},
      {X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B, 0},
      {X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B, 0},
      {X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B, 0},
      {X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B, 0},
      {X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B, 0},
      {X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B, 0},
      {X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B, 0},
      {X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B, 0},
  }};
  if (reg == X86_REG_INVALID) return -1;
  for (std::size_t n = 0; n < kNames.size(); ++n) {
    for (const unsigned name : kNames[n]) {
      if (name == reg) return static_cast<int>(n);
    }
  }
  return -1;
}

int arm64_number(unsigned reg) {
  if (reg >= ARM64_REG_X0 && reg <= ARM64_REG_X28) return static_cast<int>(reg - ARM64_REG_X0);
  if (reg >= ARM64_REG_W0 && reg <= ARM64_REG_W30) return static_cast<int>(reg - ARM64_REG_W0);
  if (reg == ARM64_REG_X29) return 29;
  if (reg == ARM64_REG_X30) return 30;
  if (reg == ARM64_REG_SP || reg == ARM64_REG_WSP) return 31;
  return -1;
}

// What an atomic of ARMv8.1 writes, which Capstone 4 does not know; nullopt when the word is none. The
// runtime has them where the CPU has (Arm ARM C4.1.94, "Compare and swap", "Atomic memory operations").
std::optional<RegMask> written_by_atomic(Bytes bytes) {
  const auto word = load<std::uint32_t>(bytes, 0);
  if (!word) return std::nullopt;
  unsigned loaded = 0;  // what was there before
  if ((*word & 0x3fa07c00) == 0x08a07c00) {
    loaded = *word >> 16 & 31;  // cas
  } else if ((*word & 0x3f200c00) == 0x38200000) {
    loaded = *word & 31;  // swp, ldadd, ldset, ...
  } else {
    return std::nullopt;
  }
  return loaded == 31 ? 0 : reg_bit(loaded);  // 31: nowhere
}

bool in_group(const cs_insn& insn, unsigned group) {
  for (unsigned i = 0; i < insn.detail->groups_count; ++i) {
    if (insn.detail->groups[i] == group) return true;
  }
  return false;
}

void describe_amd64(const cs_insn& insn, Instruction& out) {
  const cs_x86& x = insn.detail->x86;
  const auto* op = x.operands;
  const bool immediate = x.op_count >= 1 && op[x.op_count - 1].type == X86_OP_IMM;
  if (insn.id == X86_INS_CALL) {
    out.flow = Instruction::Flow::kCall;
  } else if (insn.id == X86_INS_JMP) {
    out.flow = Instruction::Flow::kJump;
  } else if (in_group(insn, CS_GRP_JUMP)) {
    out.flow = Instruction::Flow::kConditional;
  } else if (in_group(insn, CS_GRP_RET) || insn.id == X86_INS_INT3 || insn.id == X86_INS_UD2) {
    out.flow = Instruction::Flow::kEnd;
  }
  if (out.flow != Instruction::Flow::kNext && immediate) {
    out.target = static_cast<std::uint64_t>(op[x.op_count - 1].imm);
  }
  out.unsigned_below_or_equal = insn.id == X86_INS_JBE;
  if (insn.id != X86_INS_MOV || x.op_count != 2) return;
  if (op[0].type == X86_OP_REG && op[1].type == X86_OP_REG && op[0].size >= 4) {
    out.copy_from = amd64_number(op[1].reg), out.copy_to = amd64_number(op[0].reg);
    out.copy_bytes = op[0].size;
  } else if (op[0].type == X86_OP_REG && op[1].type == X86_OP_IMM && op[0].size >= 4) {
    out.constant_reg = amd64_number(op[0].reg), out.constant = op[1].imm;
  } else if (op[0].type == X86_OP_MEM && op[1].type == X86_OP_REG && op[1].size == 8 &&
             op[0].mem.base == X86_REG_RSP && op[0].mem.index == X86_REG_INVALID) {
    out.store_reg = amd64_number(op[1].reg), out.store_at = op[0].mem.disp;
  }
}

void describe_arm64(const cs_insn& insn, Instruction& out) {
  const cs_arm64& a = insn.detail->arm64;
  const auto* op = a.operands;
  switch (insn.id) {
    case ARM64_INS_BL:
    case ARM64_INS_BLR:
      out.flow = Instruction::Flow::kCall;
      break;
    case ARM64_INS_B:
      out.flow = a.cc == ARM64_CC_INVALID || a.cc == ARM64_CC_AL ? Instruction::Flow::kJump
                                                                 : Instruction::Flow::kConditional;
      out.unsigned_below_or_equal = a.cc == ARM64_CC_LS;
      break;
    case ARM64_INS_BR:
      out.flow = Instruction::Flow::kJump;
      break;
    case ARM64_INS_CBZ:
    case ARM64_INS_CBNZ:
    case ARM64_INS_TBZ:
    case ARM64_INS_TBNZ:
      out.flow = Instruction::Flow::kConditional;
      break;
    case ARM64_INS_RET:
    case ARM64_INS_BRK:
    case ARM64_INS_HLT:
      out.flow = Instruction::Flow::kEnd;
      break;
    default:
      break;
  }
  if (out.flow != Instruction::Flow::kNext && a.op_count != 0 && op[a.op_count - 1].type == ARM64_OP_IMM) {
    out.target = static_cast<std::uint64_t>(op[a.op_count - 1].imm);
  }
  const auto is_x = [](unsigned reg) {
    return (reg >= ARM64_REG_X0 && reg <= ARM64_REG_X28) || reg == ARM64_REG_X29 || reg == ARM64_REG_X30;
  };
  // Capstone 4 takes the first operand of these for written: `cmp sp, x16` is `subs xzr, sp, x16` under an
  // alias.
  if (insn.id == ARM64_INS_CMP || insn.id == ARM64_INS_CMN || insn.id == ARM64_INS_TST) out.writes = 0;
  // The base of a pre- or post-indexed access is not among the operands Capstone 4 reports as written.
  for (unsigned i = 0; a.writeback && i < a.op_count; ++i) {
    if (op[i].type != ARM64_OP_MEM) continue;
    if (const int n = arm64_number(op[i].mem.base); n >= 0) out.writes |= reg_bit(static_cast<unsigned>(n));
  }
  if (a.op_count == 0 || op[0].type != ARM64_OP_REG) return;
  // The Go assembler sets small constants by `orr x1, xzr, #4`.
  if (insn.id == ARM64_INS_ORR && a.op_count == 3 && op[1].type == ARM64_OP_REG &&
      (op[1].reg == ARM64_REG_XZR || op[1].reg == ARM64_REG_WZR) && op[2].type == ARM64_OP_IMM) {
    out.constant_reg = arm64_number(op[0].reg), out.constant = op[2].imm;
  }
  if (a.op_count != 2) return;
  if ((insn.id == ARM64_INS_MOV || insn.id == ARM64_INS_MOVZ) && op[1].type == ARM64_OP_IMM) {
    out.constant_reg = arm64_number(op[0].reg), out.constant = op[1].imm;
  }
  if (insn.id == ARM64_INS_MOV && op[1].type == ARM64_OP_REG && is_x(op[1].reg) == is_x(op[0].reg)) {
    out.copy_from = arm64_number(op[1].reg), out.copy_to = arm64_number(op[0].reg);
    out.copy_bytes = is_x(op[0].reg) ? 8 : 4;
  } else if (!is_x(op[0].reg)) {
    return;
  } else if (insn.id == ARM64_INS_STR && op[1].type == ARM64_OP_MEM && op[1].mem.base == ARM64_REG_SP &&
             op[1].mem.index == ARM64_REG_INVALID && !a.writeback) {
    out.store_reg = arm64_number(op[0].reg), out.store_at = op[1].mem.disp;
  }
}

}  // namespace

Result<Disassembler> Disassembler::make(Arch arch) {
  csh handle = 0;
  const cs_err error = arch == Arch::kAmd64 ? cs_open(CS_ARCH_X86, CS_MODE_64, &handle)
                                            : cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &handle);
  if (error != CS_ERR_OK || cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON) != CS_ERR_OK) {
    return fail(ErrorKind::kFailed, std::string("Capstone: ") + cs_strerror(error));
  }
  return Disassembler(arch, handle);
}

Disassembler::Disassembler(Disassembler&& other) noexcept
    : arch_(other.arch_), handle_(std::exchange(other.handle_, 0)) {}

Disassembler::~Disassembler() {
  csh handle = handle_;
  if (handle != 0) cs_close(&handle);
}

int Disassembler::argument(int n) const {
  static constexpr std::array<int, 3> kAmd64{0, 3, 1};  // rax rbx rcx
  return arch_ == Arch::kAmd64 ? kAmd64[static_cast<std::size_t>(n)] : n;
}

void Disassembler::each(Bytes code, std::uint64_t address,
                        const std::function<bool(const Instruction&)>& visit) const {
  const auto free_insn = [](cs_insn* i) { cs_free(i, 1); };
  const std::unique_ptr<cs_insn, decltype(free_insn)> insn(cs_malloc(handle_), free_insn);
  const std::uint8_t* at = code.data();
  std::size_t left = code.size();
  while (insn && left != 0) {
    Instruction out;
    out.address = address;
    out.bytes = {at, left};
    if (!cs_disasm_iter(handle_, &at, &left, &address, insn.get())) {
      const std::size_t unit = std::min<std::size_t>(arch_ == Arch::kAmd64 ? 1 : 4, left);
      out.bytes = out.bytes.first(unit);
      const auto writes = arch_ == Arch::kArm64 ? written_by_atomic(out.bytes) : std::nullopt;
      out.writes = writes.value_or(0);
      out.flow = writes ? Instruction::Flow::kNext : Instruction::Flow::kEnd;
      at += unit, left -= unit, address += unit;
      if (!visit(out)) return;
      continue;
    }
    out.bytes = out.bytes.first(insn->size);
    out.text = insn->mnemonic;
    if (insn->op_str[0] != '\0') out.text += std::string(" ") + insn->op_str;
    cs_regs read{}, written{};
    std::uint8_t reads = 0, writes = 0;
    if (cs_regs_access(handle_, insn.get(), read, &reads, written, &writes) != CS_ERR_OK) out.writes = ~0ull;
    for (unsigned i = 0; i < writes; ++i) {
      const int n = arch_ == Arch::kAmd64 ? amd64_number(written[i]) : arm64_number(written[i]);
      if (n >= 0) out.writes |= reg_bit(static_cast<unsigned>(n));
    }
    arch_ == Arch::kAmd64 ? describe_amd64(*insn, out) : describe_arm64(*insn, out);
    if (!visit(out)) return;
  }
}

}  // namespace gorotrace
