#include "golang/presence.h"

#include "golang/buildinfo.h"
#include "golang/foreign.h"
#include "golang/pclntab.h"

namespace gorotrace {

bool has_go(const ElfImage& image) {
  return read_buildinfo(image).has_value() || Pclntab::make(image).has_value() ||
         foreign_by_headers(image).has_value() || foreign_by_contents(image).has_value();
}

bool has_loaded_runtime(const ElfImage& image) {
  // cmd/link/internal/ld/data.go: in every file, stripped or not.
  if (!image.section(".go.buildinfo")) return false;
  // lib.go, ELF_NOTE_GOABIHASH: of -buildmode=shared.
  if (image.section(".note.go.abihash")) return false;
  const auto table = Pclntab::make(image);
  // Where a runtime begins (runtime/asm_*.s). The linker leaves it out of a plugin, which nothing starts. Of
  // a library whose table is not read we say why, as of a program.
  return !table || (*table)->function_named("runtime.rt0_go");
}

}  // namespace gorotrace
