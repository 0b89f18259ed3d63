#include "golang/code.h"

#include <algorithm>
#include <map>
#include <memory>

namespace gorotrace {
namespace {

constexpr std::uint64_t kMaxFunctionBytes = 1u << 20;

void refs_amd64(const cs_insn& insn, std::vector<DataRef>& out) {
  const cs_x86& x86 = insn.detail->x86;
  for (std::size_t i = 0; i < x86.op_count; ++i) {
    const cs_x86_op& op = x86.operands[i];
    if (op.type != X86_OP_MEM || op.mem.base != X86_REG_RIP) continue;
    const std::uint64_t address = insn.address + insn.size + static_cast<std::uint64_t>(op.mem.disp);
    out.push_back({address, insn.id == X86_INS_LEA ? std::uint8_t{0} : op.size, insn.address});
  }
}

// What registers hold, as far as adrp, adr and add say.
class Arm64Addresses {
 public:
  void visit(const cs_insn& insn, std::vector<DataRef>& out) {
    const cs_arm64& arm = insn.detail->arm64;
    switch (insn.id) {
      case ARM64_INS_ADRP:
        known_[arm.operands[0].reg] = static_cast<std::uint64_t>(arm.operands[1].imm);
        return;
      case ARM64_INS_ADR:
        take(arm.operands[0].reg, static_cast<std::uint64_t>(arm.operands[1].imm), insn.address, out);
        return;
      case ARM64_INS_ADD:
        if (arm.op_count == 3 && arm.operands[2].type == ARM64_OP_IMM) {
          const auto base = known_.find(arm.operands[1].reg);
          if (base != known_.end()) {
            auto add = static_cast<std::uint64_t>(arm.operands[2].imm);
            if (arm.operands[2].shift.type == ARM64_SFT_LSL) add <<= arm.operands[2].shift.value & 63;
            take(arm.operands[0].reg, base->second + add, insn.address, out);
            return;
          }
        }
        break;
      default:
        access(insn, arm, out);
    }
    for (const cs_arm64_op* op = arm.operands; op != arm.operands + arm.op_count; ++op) {
      if (op->type == ARM64_OP_REG && (op->access & CS_AC_WRITE) != 0) known_.erase(canonical(op->reg));
    }
    // Registers do not survive a call; after a jump or return other code begins.
    if (insn.id == ARM64_INS_BL || insn.id == ARM64_INS_BLR || insn.id == ARM64_INS_B ||
        insn.id == ARM64_INS_RET) {
      if (insn.id != ARM64_INS_B || arm.cc == ARM64_CC_INVALID || arm.cc == ARM64_CC_AL) known_.clear();
    }
  }

 private:
  static unsigned canonical(unsigned reg) {
    return reg >= ARM64_REG_W0 && reg <= ARM64_REG_W28 ? ARM64_REG_X0 + (reg - ARM64_REG_W0) : reg;
  }

  // x27 is the assembler's scratch register (cmd/internal/obj/arm64, REGTMP): an address built there is only
  // a step towards the load or store that follows.
  void take(unsigned reg, std::uint64_t address, std::uint64_t at, std::vector<DataRef>& out) {
    known_[reg] = address;
    if (reg != ARM64_REG_X27) out.push_back({address, 0, at});
  }

  void access(const cs_insn& insn, const cs_arm64& arm, std::vector<DataRef>& out) {
    for (std::size_t i = 0; i < arm.op_count; ++i) {
      const cs_arm64_op& op = arm.operands[i];
      if (op.type != ARM64_OP_MEM || op.mem.index != ARM64_REG_INVALID) continue;
      const auto base = known_.find(op.mem.base);
      if (base == known_.end()) continue;
      const std::uint64_t address = base->second + static_cast<std::uint64_t>(std::int64_t{op.mem.disp});
      const std::uint8_t size = access_size(insn, arm);
      out.push_back({address, size, insn.address});
      if (insn.id == ARM64_INS_LDP || insn.id == ARM64_INS_STP)
        out.push_back({address + size, size, insn.address});
    }
  }

  static std::uint8_t access_size(const cs_insn& insn, const cs_arm64& arm) {
    switch (insn.id) {
      case ARM64_INS_LDRB:
      case ARM64_INS_STRB:
      case ARM64_INS_LDARB:
      case ARM64_INS_STLRB:
        return 1;
      case ARM64_INS_LDRH:
      case ARM64_INS_STRH:
        return 2;
      default:
        return arm.operands[0].reg >= ARM64_REG_W0 && arm.operands[0].reg <= ARM64_REG_W30 ? 4 : 8;
    }
  }

  std::map<unsigned, std::uint64_t> known_;
};

}  // namespace

void disassemble(const ElfImage& image, const GoFunction& function,
                 const std::function<bool(const cs_insn&)>& visit) {
  const bool amd64 = image.arch() == Arch::kAmd64;
  csh handle = 0;
  if (cs_open(amd64 ? CS_ARCH_X86 : CS_ARCH_ARM64, amd64 ? CS_MODE_64 : CS_MODE_LITTLE_ENDIAN, &handle) !=
      CS_ERR_OK)
    return;
  cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
  const std::unique_ptr<cs_insn, void (*)(cs_insn*)> insn(cs_malloc(handle),
                                                          [](cs_insn* i) { cs_free(i, 1); });
  const std::vector<std::uint8_t> code =
      image.bytes_at(function.entry, std::min(function.end - function.entry, kMaxFunctionBytes));
  const std::uint8_t* at = code.data();
  std::size_t left = code.size();
  std::uint64_t address = function.entry;
  while (left > 0) {
    if (cs_disasm_iter(handle, &at, &left, &address, insn.get())) {
      if (!visit(*insn)) break;
    } else {
      if (amd64 || left < 4) break;
      at += 4, left -= 4, address += 4;
    }
  }
  cs_close(&handle);
}

std::vector<DataRef> data_refs(const ElfImage& image, const GoFunction& function) {
  std::vector<DataRef> out;
  Arm64Addresses addresses;
  const bool amd64 = image.arch() == Arch::kAmd64;
  disassemble(image, function, [&](const cs_insn& insn) {
    if (amd64)
      refs_amd64(insn, out);
    else
      addresses.visit(insn, out);
    return true;
  });
  return out;
}

std::vector<Displacement> displacements(const ElfImage& image, const GoFunction& function) {
  std::vector<Displacement> out;
  const bool amd64 = image.arch() == Arch::kAmd64;
  disassemble(image, function, [&](const cs_insn& insn) {
    const auto add = [&](std::int64_t offset) {
      if (offset > 0) out.push_back({static_cast<std::uint64_t>(offset), insn.address});
    };
    if (amd64) {
      const cs_x86& x86 = insn.detail->x86;
      for (const cs_x86_op* op = x86.operands; op != x86.operands + x86.op_count; ++op) {
        if (op->type == X86_OP_MEM && op->mem.base != X86_REG_RIP && op->mem.base != X86_REG_RSP)
          add(op->mem.disp);
      }
      return true;
    }
    const cs_arm64& arm = insn.detail->arm64;
    // Of the stack, or (x27) of an address that is being made: see Arm64Addresses.
    const auto no_object = [](unsigned base) { return base == ARM64_REG_SP || base == ARM64_REG_X27; };
    if (insn.id == ARM64_INS_ADD && arm.operands[1].type == ARM64_OP_REG && no_object(arm.operands[1].reg))
      return true;
    for (const cs_arm64_op* op = arm.operands; op != arm.operands + arm.op_count; ++op) {
      if (op->type == ARM64_OP_MEM && !no_object(op->mem.base)) add(op->mem.disp);
      if ((insn.id == ARM64_INS_ADD || insn.id == ARM64_INS_MOV || insn.id == ARM64_INS_MOVZ) &&
          op->type == ARM64_OP_IMM)
        add(op->shift.type == ARM64_SFT_LSL ? op->imm << (op->shift.value & 31) : op->imm);
    }
    return true;
  });
  return out;
}

}  // namespace gorotrace
