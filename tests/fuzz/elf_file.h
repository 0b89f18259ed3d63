// The smallest ELF executable around bytes of an input, for what reads one part of a file and not its
// headers.
#pragma once

#include <elf.h>

#include <array>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace gorotrace::fuzz {

struct Part {  // a segment and the section that it is
  std::string name;
  std::uint64_t vaddr = 0;
  std::vector<std::uint8_t> bytes;
  std::uint32_t flags = PF_R;
};

template <typename T>
void put(std::vector<std::uint8_t>& out, std::uint64_t at, const T& value) {
  if (out.size() < at + sizeof value) out.resize(at + sizeof value);
  std::memcpy(out.data() + at, &value, sizeof value);
}

inline std::vector<std::uint8_t> elf_file(const std::vector<Part>& parts) {
  const std::size_t segments_at = sizeof(Elf64_Ehdr),
                    sections_at = segments_at + parts.size() * sizeof(Elf64_Phdr),
                    contents_at = sections_at + (parts.size() + 2) * sizeof(Elf64_Shdr);
  std::vector<std::uint8_t> file(contents_at);  // the first section is none
  std::string names;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Part& part = parts[i];
    put(file, segments_at + i * sizeof(Elf64_Phdr),
        Elf64_Phdr{PT_LOAD, part.flags, file.size(), part.vaddr, part.vaddr, part.bytes.size(),
                   part.bytes.size(), 4096});
    put(file, sections_at + (i + 1) * sizeof(Elf64_Shdr),
        Elf64_Shdr{static_cast<Elf64_Word>(names.size()), SHT_PROGBITS, SHF_ALLOC, part.vaddr, file.size(),
                   part.bytes.size(), 0, 0, 1, 0});
    names += part.name + '\0';
    file.insert(file.end(), part.bytes.begin(), part.bytes.end());
  }
  put(file, sections_at + (parts.size() + 1) * sizeof(Elf64_Shdr),
      Elf64_Shdr{0, SHT_STRTAB, 0, 0, file.size(), names.size(), 0, 0, 1, 0});
  file.insert(file.end(), names.begin(), names.end());
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_version = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_X86_64;
  header.e_phoff = segments_at;
  header.e_shoff = sections_at;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = static_cast<Elf64_Half>(parts.size());
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = static_cast<Elf64_Half>(parts.size() + 2);
  header.e_shstrndx = static_cast<Elf64_Half>(parts.size() + 1);
  put(file, 0, header);
  return file;
}

}  // namespace gorotrace::fuzz
