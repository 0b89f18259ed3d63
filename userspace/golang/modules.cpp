#include "golang/modules.h"

#include <utility>

namespace gorotrace {

bool Modules::add(Module module) {
  const std::lock_guard lock(adding_);
  const std::size_t size = size_.load(std::memory_order_relaxed);
  if (size == kMax || module.text() >= module.etext()) return false;
  for (std::size_t i = 0; i < size; ++i) {
    if (module.text() < modules_[i]->etext() && modules_[i]->text() < module.etext()) return false;
  }
  modules_[size] = std::make_unique<const Module>(std::move(module));
  size_.store(size + 1, std::memory_order_release);
  return true;
}

const Module* Modules::at(std::uint64_t pc) const {
  const std::size_t size = this->size();
  for (std::size_t i = 0; i < size; ++i) {
    if (modules_[i]->holds(pc)) return modules_[i].get();
  }
  return nullptr;
}

std::optional<GoFunction> Modules::function_at(std::uint64_t pc) const {
  const Module* module = at(pc);
  auto function = module != nullptr ? module->table->function_at(pc - module->bias) : std::nullopt;
  if (function) {
    function->entry += module->bias;
    function->end += module->bias;
  }
  return function;
}

std::vector<Frame> Modules::frames(std::uint64_t pc) const {
  const Module* module = at(pc);
  if (module == nullptr) return {};
  std::vector<Frame> frames = module->table->frames(pc - module->bias);
  for (Frame& frame : frames) {
    frame.pc += module->bias - first().bias;
    frame.entry += module->bias - first().bias;
  }
  return frames;
}

std::optional<std::int32_t> Modules::sp_delta(std::uint64_t pc) const {
  const Module* module = at(pc);
  return module != nullptr ? module->table->sp_delta(pc - module->bias) : std::nullopt;
}

}  // namespace gorotrace
