// A Go program of tests/testprogs, built with any Go version, running, with what its DWARF and symbols say of
// it: the truth that the readers under test are given, so that nothing here depends on recipes for stripped
// binaries.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "golang/binary.h"
#include "golang/modules.h"
#include "process/process.h"
#include "snapshot/counters.h"
#include "snapshot/goroutines.h"

namespace gorotrace::testing {

// Versions of tools/toolchain --list.
std::vector<std::string> go_versions();

class GoTarget {
 public:
  // Builds on first use (kept in the build directory). Throws std::runtime_error: a test cannot go on without
  // it.
  // Linked as `link` says; without symbols and DWARF unless they are wanted.
  GoTarget(const std::string& program, const std::string& go_version,
           const std::vector<std::string>& arguments = {}, LinkMode link = LinkMode::kStatic,
           bool symbols = false);
  ~GoTarget();
  GoTarget(const GoTarget&) = delete;
  GoTarget& operator=(const GoTarget&) = delete;

  std::string line();                           // next line of its stdout, without the newline
  std::string ask(const std::string& command);  // a line to its stdin, the line it answers

  void kill();  // SIGKILL, and waits until the process is gone

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int minor() const { return binary_->version().minor; }
  [[nodiscard]] const Process& process() const { return *process_; }
  [[nodiscard]] const GoBinary& binary() const { return *binary_; }
  [[nodiscard]] const Pclntab& pclntab() const { return binary_->pclntab(); }
  [[nodiscard]] std::uint64_t bias() const { return bias_; }
  [[nodiscard]] std::shared_ptr<const Modules> modules() const;  // its own alone
  [[nodiscard]] GoroutineReader::Config goroutine_config() const;
  [[nodiscard]] CounterReader::Config counter_config() const;
  [[nodiscard]] const std::string& wait_reason(const GoroutineSnapshot& g) const;
  // function -> "file:line" of every frame, inlined ones too, innermost first.
  [[nodiscard]] std::vector<std::string> frames(std::span<const std::uint64_t> pcs) const;

 private:
  pid_t pid_ = -1;
  UniqueFd in_;
  std::FILE* out_ = nullptr;
  std::unique_ptr<GoBinary> binary_;
  std::unique_ptr<Process> process_;
  std::uint64_t bias_ = 0;
  InjectedCalls injected_calls_;
};

}  // namespace gorotrace::testing
