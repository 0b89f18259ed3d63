// Whether a file has Go in it, for whoever looks through many that have not.
#pragma once

#include "elf/image.h"
#include "golang/pclntab.h"

namespace gorotrace {

// A Go linker made it, or it bears the mark of Go that we do not read (foreign.h). Reads much of a file that
// has neither.
[[nodiscard]] bool has_go(const ElfImage& image);

// It begins a runtime: the linker leaves that out of a plugin, which nothing starts, and of a program of
// -linkshared, whose runtime is in a library.
[[nodiscard]] bool has_own_runtime(const Pclntab& pclntab);

// It is a shared library with a Go runtime of its own (-buildmode=c-shared), or a program that a loader
// mapped. Cheap for what Go's linker did not make, which it tells by the sections' names; a library without
// any is none. Plugins and libraries of -buildmode=shared have code of the runtime, which serves the
// program's.
[[nodiscard]] bool has_loaded_runtime(const ElfImage& image);

}  // namespace gorotrace
