#include "golang/derived_offsets.h"

#include "golang/code.h"

namespace gorotrace {
namespace {

constexpr std::int64_t kMaxOffset =
    8192;  // runtime.p, the largest struct of ours, has about 10 KB; g and m less

// An instruction "register <- [base + offset]" or "[base + offset] <- register".
struct Access {
  bool store = false;
  unsigned reg = 0, base = 0, size = 0;
  std::uint16_t offset = 0;
};

bool fits(std::int64_t offset) {
  return offset >= 0 && offset <= kMaxOffset;
}

std::optional<Access> access_amd64(const cs_insn& insn) {
  const cs_x86& x = insn.detail->x86;
  if (insn.id != X86_INS_MOV || x.op_count != 2) return std::nullopt;
  const bool store = x.operands[0].type == X86_OP_MEM;
  const cs_x86_op& memory = x.operands[store ? 0 : 1];
  const cs_x86_op& reg = x.operands[store ? 1 : 0];
  if (memory.type != X86_OP_MEM || reg.type != X86_OP_REG || memory.mem.index != X86_REG_INVALID ||
      memory.mem.segment != X86_REG_INVALID || !fits(memory.mem.disp))
    return std::nullopt;
  return Access{store, reg.reg, memory.mem.base, memory.size, static_cast<std::uint16_t>(memory.mem.disp)};
}

std::optional<Access> access_arm64(const cs_insn& insn) {
  const cs_arm64& a = insn.detail->arm64;
  const bool store = insn.id == ARM64_INS_STR;
  if ((!store && insn.id != ARM64_INS_LDR) || a.op_count != 2 || a.operands[1].type != ARM64_OP_MEM ||
      a.operands[1].mem.index != ARM64_REG_INVALID || !fits(a.operands[1].mem.disp))
    return std::nullopt;
  const unsigned reg = a.operands[0].reg;
  const bool narrow = reg >= ARM64_REG_W0 && reg <= ARM64_REG_W30;
  return Access{store, reg, a.operands[1].mem.base, narrow ? 4u : 8u,
                static_cast<std::uint16_t>(a.operands[1].mem.disp)};
}

class Deriver {
 public:
  Deriver(const ElfImage& image, const Pclntab& pclntab) : image_(image), pclntab_(pclntab) {}

  std::vector<DerivedOffset> run() {
    const bool amd64 = image_.arch() == Arch::kAmd64;
    each("runtime.systemstack", amd64 ? systemstack_amd64() : systemstack_arm64());
    each("runtime.mcall", amd64 ? mcall_amd64() : mcall_arm64());
    each("runtime.casgstatus", amd64 ? casgstatus_amd64() : casgstatus_arm64());
    return std::move(out_);
  }

 private:
  using Visit = std::function<bool(const cs_insn&)>;

  void each(const char* function, const Visit& visit) {
    from_ = function;
    if (const auto f = pclntab_.function_named(function)) disassemble(image_, *f, visit);
  }
  void found(const char* member, std::uint16_t value, bool by_distance = false) {
    out_.push_back({member, value, from_, by_distance});
  }

  // BX = g_m(AX); compare AX with m_gsignal(BX), then with m_curg(BX); m_g0 is loaded in between.
  Visit systemstack_amd64() {
    return [this, step = 0, m = 0u](const cs_insn& insn) mutable {
      if (step == 0) {
        if (const auto a = access_amd64(insn); a && !a->store && a->base == X86_REG_RAX) {
          found("g_m", a->offset);
          m = a->reg;
          step = 1;
        }
        return true;
      }
      const cs_x86& x = insn.detail->x86;
      if (insn.id != X86_INS_CMP || x.op_count != 2) return true;
      for (std::size_t i = 0; i < 2; ++i) {
        const cs_x86_op& op = x.operands[i];
        if (op.type != X86_OP_MEM || op.mem.base != m || !fits(op.mem.disp)) continue;
        found(step == 1 ? "m_gsignal" : "m_curg", static_cast<std::uint16_t>(op.mem.disp));
        ++step;
      }
      return step < 3;
    };
  }

  // R4 = g_m(g); loads of m_gsignal, m_g0 (at 0), m_curg from it.
  Visit systemstack_arm64() {
    return [this, step = 0, m = 0u](const cs_insn& insn) mutable {
      const auto a = access_arm64(insn);
      if (!a || a->store) return true;
      if (step == 0 && a->base == ARM64_REG_X28) {
        found("g_m", a->offset);
        m = a->reg;
        step = 1;
      } else if (step > 0 && a->base == m && a->offset != 0) {
        found(step == 1 ? "m_gsignal" : "m_curg", a->offset);
        ++step;
      }
      return step < 3;
    };
  }

  // The first three stores through g (R14): pc, sp, bp.
  Visit mcall_amd64() {
    return [this, step = 0u](const cs_insn& insn) mutable {
      static constexpr const char* kOrder[] = {"g_sched_pc", "g_sched_sp", "g_sched_bp"};
      if (const auto a = access_amd64(insn); a && a->store && a->base == X86_REG_R14)
        found(kOrder[step++], a->offset);
      return step < 3;
    };
  }

  // Stores through g (R28): sp from R0, bp from R29, pc from R30.
  Visit mcall_arm64() {
    return [this, step = 0](const cs_insn& insn) mutable {
      const auto a = access_arm64(insn);
      if (!a || !a->store || a->base != ARM64_REG_X28) return true;
      if (a->reg == ARM64_REG_X0) found("g_sched_sp", a->offset), ++step;
      if (a->reg == ARM64_REG_X29) found("g_sched_bp", a->offset), ++step;
      if (a->reg == ARM64_REG_X30) found("g_sched_pc", a->offset), ++step;
      return step < 3;
    };
  }

  // atomicstatus is the word of the compare-and-swap; goid, schedlink and waitreason lie at fixed distances
  // behind it in every version (runtime/runtime2.go, type g: stackLock, goid, schedlink, waitsince,
  // waitreason).
  void status(std::uint16_t offset) {
    found("g_atomicstatus", offset);
    found("g_goid", static_cast<std::uint16_t>(offset + 8), true);
    found("g_schedlink", static_cast<std::uint16_t>(offset + 16), true);
    found("g_waitreason", static_cast<std::uint16_t>(offset + 32), true);
  }

  Visit casgstatus_amd64() {
    return [this](const cs_insn& insn) {
      const cs_x86& x = insn.detail->x86;
      if (insn.id != X86_INS_CMPXCHG || x.operands[0].type != X86_OP_MEM || !fits(x.operands[0].mem.disp))
        return true;
      status(static_cast<std::uint16_t>(x.operands[0].mem.disp));
      return false;
    };
  }

  Visit casgstatus_arm64() {
    return [this](const cs_insn& insn) {
      const cs_arm64& a = insn.detail->arm64;
      if (insn.id != ARM64_INS_ADD || a.op_count != 3 || a.operands[1].type != ARM64_OP_REG ||
          a.operands[1].reg != ARM64_REG_X0 || a.operands[0].reg == ARM64_REG_X0 ||
          a.operands[2].type != ARM64_OP_IMM || !fits(a.operands[2].imm))
        return true;
      status(static_cast<std::uint16_t>(a.operands[2].imm));
      return false;
    };
  }

  const ElfImage& image_;
  const Pclntab& pclntab_;
  const char* from_ = "";
  std::vector<DerivedOffset> out_;
};

}  // namespace

std::vector<DerivedOffset> derive_offsets(const ElfImage& image, const Pclntab& pclntab) {
  return Deriver(image, pclntab).run();
}

std::optional<std::uint16_t> derive_m_syscalltick(const ElfImage& image, const Pclntab& pclntab,
                                                  std::uint16_t p_syscalltick) {
  // reentersyscall holds "gp.m.syscalltick = gp.m.p.ptr().syscalltick"; PGO may have inlined it into
  // entersyscall.
  for (const char* name : {"runtime.reentersyscall", "runtime.entersyscall"}) {
    const auto f = pclntab.function_named(name);
    if (!f) continue;
    std::optional<std::uint16_t> found;
    std::optional<Access> load;
    disassemble(image, *f, [&](const cs_insn& insn) {
      const auto a = image.arch() == Arch::kAmd64 ? access_amd64(insn) : access_arm64(insn);
      if (a && a->store && load && a->size == 4 && a->reg == load->reg) found = a->offset;
      load = a && !a->store && a->size == 4 && a->offset == p_syscalltick ? a : std::nullopt;
      return !found;
    });
    if (found) return found;
  }
  return std::nullopt;
}

}  // namespace gorotrace
