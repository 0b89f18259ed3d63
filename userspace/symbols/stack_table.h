// From a process's stack ids and program counters to frames with names a terminal and JSON can take.
// Threads: control thread only. Pure but for the lookups it is given.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/seeded_hash.h"
#include "golang/modules.h"
#include "golang/pclntab.h"
#include "snapshot/stack_set.h"
#include "symbols/frame_table.h"
#include "symbols/outside_code.h"

namespace gorotrace {

// Whether a pc is the address after a call (everything found on a stack) or of the instruction itself
// (startpc).
enum class PcKind { kReturnAddress, kExact };

// A physical frame of a stack with the logical ones of its pc, innermost first: names printable(). Addresses
// are the linker's, that of the process is load_bias() more. `frames` lives as long as the table it came
// from.
struct Call {
  std::uint64_t pc = 0;  // that was found
  const std::vector<Frame>* frames = nullptr;
};

// How the pc behind a callee's is looked up: StackTable has the rule. The innermost one of a stack is a
// return address.
[[nodiscard]] PcKind kind_below(const std::vector<Frame>& callee);

// What reports ask. Addresses that they give are the process's own, those in frames the linker's.
class Symbolizer {
 public:
  virtual ~Symbolizer() = default;
  // Leaf first, inlined frames included, names printable(). Empty: no stack of that id is known (id 0 too).
  [[nodiscard]] virtual const std::vector<Frame>& stack(std::uint64_t id) = 0;
  [[nodiscard]] virtual bool truncated(std::uint64_t id) = 0;  // deeper than could be recorded
  // Never empty; outside of all Go code one frame: of the mapping ("[libc.so.6]", outside_of_program()), or
  // "?0x..." without file.
  [[nodiscard]] virtual const std::vector<Frame>& frames(std::uint64_t pc, PcKind kind) = 0;
};

// Which pc of a stack is looked up as it is and which at pc - 1 follows runtime/traceback.go (unwinder.symPC
// and its injected calls, 1.21..1.27): pc - 1, except at a function's first instruction, and except where the
// callee is runtime.sigpanic, asyncPreempt or debugCallV2, below which the pc is the interrupted instruction
// itself. Up to 1.20 (gentraceback) the runtime made that exception for sigpanic only, and named the
// instruction before the interrupted one: we name the interrupted one in every version. A leaf taken from
// registers at a probe site is exact, yet pc - 1 serves it too: sites that are not the entry lie in the
// prologue behind another instruction of it, where nothing is inlined and the line is the function's own.
class StackTable : public Symbolizer {
 public:
  struct Stack {
    std::vector<std::uint64_t> pcs;
    bool truncated = false;
  };
  // More distinct stacks than this are not kept but counted: the table is bounded whatever the target does.
  static constexpr std::size_t kMaxStacks = 1u << 17;

  // Program counters outside of Go's text that are shown with their address; others are "?".
  static constexpr std::size_t kMaxUnknown = 1u << 16;

  // frames: of the binary, shared by all processes that run it.
  StackTable(std::shared_ptr<FrameTable> frames, std::uint64_t load_bias);
  // Names program counters in plugins, whose frames have addresses that load_bias() makes the process's, too.
  void name_plugins(std::shared_ptr<const Modules> modules);
  // Names program counters in code without a line table. What it refers to outlives this.
  void name_outside(OutsideCode outside) { outside_.emplace(std::move(outside)); }

  // A stack that was read from memory (snapshot). The first definition of an id wins. False when full.
  bool add(std::uint64_t id, std::span<const std::uint64_t> pcs, bool truncated);
  void add(const StackSet& stacks);  // all of them, as far as there is room

  [[nodiscard]] const std::vector<Frame>& stack(std::uint64_t id) override;
  [[nodiscard]] bool truncated(std::uint64_t id) override;
  [[nodiscard]] const std::vector<Frame>& frames(std::uint64_t pc, PcKind kind) override;

  // The stack of these pcs, leaf first, whether or not it was added.
  [[nodiscard]] std::vector<Call> calls(std::span<const std::uint64_t> pcs);

  [[nodiscard]] const std::vector<std::uint64_t>* pcs(std::uint64_t id) const;  // nullptr when unknown
  [[nodiscard]] std::size_t size() const { return stacks_.size(); }
  [[nodiscard]] std::uint64_t load_bias() const { return load_bias_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }  // stacks beyond kMaxStacks

 private:
  struct Entry {
    Stack stack;
    std::unique_ptr<const std::vector<Frame>> frames;
    std::size_t modules = 0;  // that were known when a pc of it was in none; 0: none was
  };
  using ByPc = SeededMap<std::uint64_t, const std::vector<Frame>*>;
  [[nodiscard]] std::size_t modules() const { return modules_ ? modules_->size() : 0; }
  [[nodiscard]] FrameTable& table_of(std::uint64_t pc);
  [[nodiscard]] const std::vector<Frame>* known(std::uint64_t pc, std::uint64_t link_pc);
  [[nodiscard]] const std::vector<Frame>& unknown(std::uint64_t pc);

  std::shared_ptr<FrameTable> frames_, own_;  // own_: once the shared one is full
  std::uint64_t load_bias_;
  SeededMap<std::uint64_t, Entry> stacks_;
  ByPc of_return_, of_exact_;  // into frames_ or own_
  std::shared_ptr<const Modules> modules_;
  std::unique_ptr<FrameTable> of_plugins_;
  SeededMap<std::uint64_t, std::vector<Frame>> unknown_;
  // Frames that were given out of stacks that are told better since.
  std::vector<std::unique_ptr<const std::vector<Frame>>> outdated_;
  std::optional<OutsideCode> outside_;
  std::uint64_t refused_ = 0;
};

// Whether it stands for code that is not the program's own ("[plug.so]"): no name of Go's begins so.
[[nodiscard]] inline bool outside_of_program(const Frame& frame) {
  return frame.function.starts_with('[');
}

}  // namespace gorotrace
