#include "elf/refusal.h"

#include <elf.h>
#include <fmt/format.h>

#include <cstring>
#include <string_view>

namespace gorotrace {
namespace {

std::string_view machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_386:
      return "i386";
    case EM_ARM:
      return "32-bit ARM";
    case EM_RISCV:
      return "RISC-V";
    case EM_PPC64:
      return "ppc64";
    case EM_S390:
      return "s390x";
    case EM_LOONGARCH:
      return "LoongArch";
    case EM_MIPS:
      return "MIPS";
    default:
      return "";
  }
}

}  // namespace

std::optional<std::string> elf_refusal(Bytes file) {
  if (file.size() < EI_NIDENT || std::memcmp(file.data(), ELFMAG, SELFMAG) != 0) return "is not an ELF file";
  if (file[EI_CLASS] == ELFCLASS32)
    return "is a 32-bit executable; only 64-bit amd64 and arm64 are supported";
  if (file[EI_CLASS] != ELFCLASS64) return "has an unknown ELF class";
  if (file[EI_DATA] != ELFDATA2LSB) return "is a big-endian executable; only amd64 and arm64 are supported";
  const auto header = load<Elf64_Ehdr>(file, 0);
  if (!header) return "is cut off inside its ELF header";
  if (header->e_machine != EM_X86_64 && header->e_machine != EM_AARCH64) {
    const std::string_view name = machine_name(header->e_machine);
    return fmt::format("is for another machine ({}); only amd64 and arm64 are supported",
                       name.empty() ? fmt::format("e_machine {}", header->e_machine) : std::string(name));
  }
  if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
    return fmt::format("is an ELF {}, not an executable", header->e_type == ET_REL ? "object file"
                                                          : header->e_type == ET_CORE
                                                              ? "core dump"
                                                              : "file of an unknown type");
  return std::nullopt;
}

}  // namespace gorotrace
