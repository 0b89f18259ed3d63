// Everything we know of a Go executable or library (c-shared) without running it. The facade of golang/.
// Threads: immutable after open(); any thread may read.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "base/result.h"
#include "elf/image.h"
#include "golang/offsets.h"
#include "golang/pclntab.h"
#include "golang/version.h"

namespace gorotrace {

// Link-time addresses of runtime variables, found in code so that a stripped binary has them too
// (recipes: globals.cpp). An address that a checked recipe did not give is 0.
struct RuntimeGlobals {
  std::uint64_t allgs = 0;     // runtime.allgs: []*g {ptr, len, cap}
  std::uint64_t allp = 0;      // runtime.allp: []*p
  std::uint64_t sched = 0;     // runtime.sched
  std::uint64_t semtable = 0;  // runtime.semtable
  // Whether the finalizer goroutine is in a finalizer: runtime.fingStatus, an atomic.Uint32 of flags; up to
  // 1.19 runtime.fingRunning, a bool.
  std::uint64_t finalizing = 0;
  // runtime.debug.tracebacklabels, an atomic.Int32 (1.26+): whether tracebacks show goroutines' labels.
  std::uint64_t traceback_labels = 0;
};

enum class LinkMode { kStatic, kPie, kCgo, kCgoPie, kCShared };
template <>
inline constexpr auto kEnumNames<LinkMode> = enum_names<LinkMode>({
    {LinkMode::kStatic, "static"},
    {LinkMode::kPie, "pie"},
    {LinkMode::kCgo, "cgo"},
    {LinkMode::kCgoPie, "cgo-pie"},
    {LinkMode::kCShared, "c-shared"},
});

class GoBinary {
 public:
  // kUnsupported: not ELF, 32-bit, not Go, Go too old or too new; each says which and what to do.
  [[nodiscard]] static Result<std::unique_ptr<GoBinary>> open(const std::string& path,
                                                              OffsetsFrom from = OffsetsFrom::kBest);

  [[nodiscard]] const ElfImage& image() const { return *image_; }
  [[nodiscard]] const Pclntab& pclntab() const { return *pclntab_; }
  [[nodiscard]] const GoVersion& version() const { return version_; }
  [[nodiscard]] const RuntimeOffsets& offsets() const { return offsets_.offsets; }
  [[nodiscard]] const std::string& offsets_source() const { return offsets_.source; }
  [[nodiscard]] const RuntimeGlobals& globals() const { return globals_; }
  // Why the runtime's counters (snapshot/counters.h) cannot be read in this binary; "" = they can.
  [[nodiscard]] const std::string& counters_missing() const { return counters_missing_; }
  // runtime.waitReasonStrings as this binary has them, index = value of g.waitreason; sanitised.
  [[nodiscard]] const std::vector<std::string>& wait_reasons() const { return wait_reasons_; }
  [[nodiscard]] const std::string& main_module() const { return main_module_; }    // "" when no build info
  [[nodiscard]] const std::string& main_version() const { return main_version_; }  // "(devel)", "v1.2.3", ""
  [[nodiscard]] LinkMode link_mode() const;
  [[nodiscard]] bool stripped() const { return !image_->has_symtab(); }

 private:
  GoBinary() = default;
  void use(OffsetsWithSource offsets);

  std::unique_ptr<ElfImage> image_;
  std::unique_ptr<Pclntab> pclntab_;
  GoVersion version_;
  OffsetsWithSource offsets_;
  RuntimeGlobals globals_;
  std::string counters_missing_;
  std::vector<std::string> wait_reasons_;
  std::string main_module_, main_version_;
};

}  // namespace gorotrace
