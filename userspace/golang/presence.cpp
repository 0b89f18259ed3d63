#include "golang/presence.h"

#include "golang/buildinfo.h"
#include "golang/foreign.h"

namespace gorotrace {

bool has_go(const ElfImage& image) {
  return read_buildinfo(image).has_value() || Pclntab::make(image).has_value() ||
         foreign_by_headers(image).has_value() || foreign_by_contents(image).has_value();
}

// Where a runtime begins (runtime/asm_*.s).
bool has_own_runtime(const Pclntab& pclntab) {
  return pclntab.function_named("runtime.rt0_go").has_value();
}

bool has_loaded_runtime(const ElfImage& image) {
  // cmd/link/internal/ld/data.go: in every file, stripped or not.
  if (!image.section(".go.buildinfo")) return false;
  // lib.go, ELF_NOTE_GOABIHASH: of -buildmode=shared.
  if (image.section(".note.go.abihash")) return false;
  const auto table = Pclntab::make(image);
  // Of a library whose table is not read we say why, as of a program.
  return !table || has_own_runtime(**table);
}

}  // namespace gorotrace
