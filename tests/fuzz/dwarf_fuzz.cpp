// Offsets of struct members from a file's debug information. The parser is libdw, which is not instrumented:
// what is looked for in it is crashes, endless loops and memory.
#include "check.h"
#include "golang/offsets.h"

using namespace gorotrace;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto image = ElfImage::from_bytes({data, data + size});
  if (!image) return 0;
  const auto found = offsets_from_dwarf(**image);
  if (!found) {
    fuzz::check_printable(found.error().message, "an error is printable");
    return 0;
  }
  fuzz::check(found->offsets.g_goid != kAbsent, "what was found has a goroutine's id");
  return 0;
}
