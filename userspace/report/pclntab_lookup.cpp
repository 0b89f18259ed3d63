#include "report/symbols.h"

namespace gorotrace {

PcLookup pclntab_lookup(const Pclntab& pclntab) {
  return {
      .frames = [&pclntab](std::uint64_t pc) { return pclntab.frames(pc); },
      .entry = [&pclntab](std::uint64_t pc) -> std::optional<std::uint64_t> {
        const auto function = pclntab.function_at(pc);
        return function ? std::optional(function->entry) : std::nullopt;
      },
  };
}

}  // namespace gorotrace
