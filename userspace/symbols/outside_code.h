// Which file, or memory of no file, a pc outside of the program's text lies in: plugins, code made at run
// time. Threads: one owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "process/process.h"

namespace gorotrace {

class OutsideCode {
 public:
  explicit OutsideCode(const Process& process) : process_(process) {}

  struct Place {
    std::string name;        // "[plug.so]", "[jit]" in memory of no file
    std::string file;        // "" without
    std::uint64_t base = 0;  // process address of the file's beginning, or of the memory's
  };
  // nullopt where no code is, or when the process is gone.
  [[nodiscard]] std::optional<Place> find(std::uint64_t pc);

 private:
  [[nodiscard]] const Mapping* mapping(std::uint64_t pc) const;

  const Process& process_;
  std::vector<Mapping> mappings_;
  int reads_ = 0;
};

}  // namespace gorotrace
