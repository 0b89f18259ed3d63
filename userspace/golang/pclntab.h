// The Go line table, in every form from Go 1.18 to 1.27: functions, file:line, inline trees, stack deltas.
// Source of the layout: runtime/symtab.go and cmd/internal/... of each version.
// Addresses are link-time (the process's load bias is subtracted by the caller).
// Threads: immutable after make(); any thread may read. All input is hostile: every loop is bounded.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "elf/image.h"
#include "golang/version.h"

namespace gorotrace {

struct GoFunction {
  std::uint64_t entry = 0;  // link-time address
  std::uint64_t end = 0;    // entry of the next function
  std::string name;         // not sanitised
  std::uint8_t func_id = 0;
  std::uint8_t flag = 0;    // 1 top frame, 2 writes SP, 4 assembly (runtime/symtab.go abi.FuncFlag)
  std::uint32_t index = 0;  // in functab
};

// A logical frame, as runtime.Frame; pc and entry are link-time addresses.
struct Frame {
  std::string function;  // type arguments written "[...]"
  std::string file;
  int line = 0;
  bool inlined = false;     // this function's body was inlined into the next frame's
  bool wrapper = false;     // made by the compiler (abi.FuncIDWrapper): tracebacks leave most of them out
  int start_line = 0;       // of the func keyword; 0 before 1.20
  std::uint64_t pc = 0;     // the instruction this frame stands at; of an inlined call's caller, its mark
  std::uint64_t entry = 0;  // of the function whose code it is: the one everything was inlined into
  std::string
      type_arguments{};  // what "[...]" stands for, brackets included; the linker drops it before 1.21

  bool operator==(const Frame&) const = default;
};

class Pclntab {
 public:
  // Locates the table and moduledata (text base, gofunc) in the image. kUnsupported when there is none ("not
  // a Go binary").
  [[nodiscard]] static Result<std::unique_ptr<Pclntab>> make(const ElfImage& image);
  ~Pclntab();

  [[nodiscard]] std::uint64_t text() const;        // moduledata.text
  [[nodiscard]] std::uint64_t etext() const;       // moduledata.etext
  [[nodiscard]] std::uint64_t moduledata() const;  // address of runtime.firstmoduledata
  [[nodiscard]] std::uint64_t types() const;       // moduledata.types
  [[nodiscard]] std::size_t function_count() const;

  [[nodiscard]] std::optional<GoFunction> function_at(std::uint64_t pc) const;
  // The function of that name which is not an ABI0 wrapper (funcID of abi.FuncIDWrapper: the greatest of the
  // table, as it is the last of runtime/symtab.go's constants in every version).
  [[nodiscard]] std::optional<GoFunction> function_named(std::string_view name) const;
  // Every function whose inline tree holds `name`: where it was inlined (PGO).
  // What functions_inlining() reads once, at its first call otherwise.
  void read_inline_trees() const;
  [[nodiscard]] std::vector<GoFunction> functions_inlining(std::string_view name) const;
  [[nodiscard]] std::optional<GoFunction> function(std::size_t index) const;

  // Frames of one pc, innermost first, as runtime.CallersFrames gives them. `pc` is an exact pc inside the
  // instruction of interest: the caller subtracts 1 from return addresses. Never empty: an unknown pc gives
  // one frame with an empty function.
  [[nodiscard]] std::vector<Frame> frames(std::uint64_t pc) const;
  // Bytes between SP and the return address at pc (pcsp table); nullopt when unknown.
  [[nodiscard]] std::optional<std::int32_t> sp_delta(std::uint64_t pc) const;

 private:
  struct Impl;
  explicit Pclntab(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gorotrace
