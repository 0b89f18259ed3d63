// The code that one Go runtime knows, as a process has it: the program's or library's own, and that of the
// plugins it has opened, each with a line table of its own (runtime/symtab.go, modules). Addresses are the
// process's.
// Threads: any; it only grows, and what it gave out stays.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "elf/image.h"
#include "golang/pclntab.h"

namespace gorotrace {

struct Module {
  const ElfImage* image = nullptr;
  const Pclntab* table = nullptr;
  std::uint64_t bias = 0;                       // process address minus link-time address
  std::string path, open_path;                  // as the process sees it; opens this very file from here
  std::shared_ptr<const void> keeps = nullptr;  // what the others point into

  [[nodiscard]] std::uint64_t text() const { return table->text() + bias; }
  [[nodiscard]] std::uint64_t etext() const { return table->etext() + bias; }
  [[nodiscard]] bool holds(std::uint64_t pc) const { return pc - text() < etext() - text(); }
};

class Modules {
 public:
  // A program with more plugins is not known; the others' frames stay without names.
  static constexpr std::size_t kMax = 64;

  explicit Modules(Module first) { add(std::move(first)); }

  // False: there are kMax, or its text overlaps that of another one.
  bool add(Module module);
  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_acquire); }
  [[nodiscard]] const Module& operator[](std::size_t i) const { return *modules_[i]; }
  [[nodiscard]] const Module& first() const { return *modules_[0]; }
  // nullptr: in none of them.
  [[nodiscard]] const Module* at(std::uint64_t pc) const;

  // As of the module's Pclntab; entry and end of a function are process addresses, those in frames the
  // linker's of the first module, so that its bias makes process addresses of them.
  [[nodiscard]] std::optional<GoFunction> function_at(std::uint64_t pc) const;
  [[nodiscard]] std::vector<Frame> frames(std::uint64_t pc) const;  // empty: in none of them
  [[nodiscard]] std::optional<std::int32_t> sp_delta(std::uint64_t pc) const;

 private:
  std::mutex adding_;
  std::array<std::unique_ptr<const Module>, kMax> modules_;
  std::atomic<std::size_t> size_ = 0;  // of modules_: those below are there for good
};

}  // namespace gorotrace
