// The modules of a Go runtime in a process's memory: runtime.firstmoduledata and what is chained behind it,
// one struct for each plugin (runtime/symtab.go moduledata, runtime/plugin.go, addmoduledata in asm_*.s).
// Threads: one owner. Hostile input: the chain is bounded, may be a ring, may lead anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "process/process.h"

namespace gorotrace {

struct ChainedModule {
  std::uint64_t moduledata = 0;       // its address
  std::uint64_t text = 0, etext = 0;  // of its code
};

class ModuleChain {
 public:
  static constexpr std::size_t kMax = 64;  // that are followed in all

  // first: address of runtime.firstmoduledata; its text.
  ModuleChain(const Memory& memory, const ChainedModule& first) : memory_(memory), known_{first} {}

  // Those that were chained since the last call, each once; what overlaps the text of one before it is left
  // out. While there are none it costs one short read.
  [[nodiscard]] std::vector<ChainedModule> more();

 private:
  [[nodiscard]] std::optional<ChainedModule> next();
  [[nodiscard]] bool is_known(std::uint64_t moduledata) const;

  const Memory& memory_;
  std::vector<ChainedModule> known_;  // in the order of the chain
  std::vector<std::uint8_t> tail_;    // the bytes of the last one, in which no `next` was found
  int searches_ = 0;
};

}  // namespace gorotrace
