// Finds what a process has added to a runtime's modules, and opens the files they are in: plugins, loaded at
// any time.
// Threads: any; look() reads the process's memory, so it is for those who may be held up by that.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "golang/modules.h"
#include "process/code_file.h"
#include "process/process.h"
#include "snapshot/module_chain.h"

namespace gorotrace {

class ModuleLoader {
 public:
  // modules: its first one is the runtime's own. Refers to the process.
  ModuleLoader(const Process& process, std::shared_ptr<Modules> modules);

  // Adds those that have come. Who finds another one at it does not wait.
  void look();
  // Of those whose functions stay without names.
  struct Refused {
    std::string path, why;
  };
  [[nodiscard]] std::vector<Refused> refused() const;

 private:
  void open(const ChainedModule& module);

  const Process& process_;
  const std::shared_ptr<Modules> modules_;
  std::mutex looking_;
  ModuleChain chain_;
  mutable std::mutex refused_mutex_;
  std::vector<Refused> refused_;
};

}  // namespace gorotrace
