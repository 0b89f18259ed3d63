// A whole file: its headers, sections, symbols and relocations, and whose work it is.
#include "base/text.h"
#include "check.h"
#include "elf/image.h"
#include "golang/foreign.h"

using namespace gorotrace;
using fuzz::check;

namespace {

void look_at_words(const ElfImage& image, std::uint64_t vaddr) {
  constexpr std::size_t kLimit = 4, kSize = 24;
  const auto bytes = image.bytes_at(vaddr, kSize);
  check(bytes.empty() || bytes.size() == kSize, "bytes come whole or not at all");
  check(image.bytes_up_to(vaddr, kSize).size() <= kSize, "no more bytes than were asked for");
  check(bytes.empty() || image.bytes_after(vaddr) >= kSize, "bytes lie in their segment");
  const auto offset = image.offset_of(vaddr);
  check(!offset || *offset < image.file().size(), "an offset lies in the file");
  (void)image.in_writable_segment(vaddr);
  if (const auto word = image.word_at(vaddr))
    check(image.words_equal(*word, kLimit).size() <= kLimit, "no more words than were asked for");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto image = ElfImage::from_bytes({data, data + size});
  if (!image) {
    fuzz::check_printable(image.error().message, "an error is printable");
    return 0;
  }
  for (const ElfImage::Segment& s : (*image)->segments()) {
    check(s.offset + s.filesz <= size, "a segment's bytes lie in the file");
    check(s.vaddr + s.filesz >= s.vaddr && s.vaddr + s.memsz >= s.vaddr, "a segment does not wrap around");
    for (const std::uint64_t at : {s.vaddr, s.vaddr + 8, s.vaddr + s.filesz - 24, s.vaddr + s.filesz - 1})
      look_at_words(**image, at);
  }
  for (const char* name : {".symtab", ".go.buildinfo"}) {
    if (const auto section = (*image)->section(name)) look_at_words(**image, section->vaddr);
  }
  for (const char* name : {"", "runtime.main"}) (void)(*image)->symbol(name);
  (void)(*image)->has_symtab();
  for (const auto& said : {foreign_by_headers(**image), foreign_by_contents(**image)}) {
    if (said) fuzz::check_printable(*said, "what a file is called is printable");
  }
  check(!(*image)->fault(), "a file that nobody touches has no fault");
  return 0;
}
