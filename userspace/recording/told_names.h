// What a segment of a capture file has told so far of one target's stacks, start functions and program
// counters: what is used for the first time is told in front of its use. Threads: the recorder's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/seeded_hash.h"
#include "recording/file_item.h"
#include "symbols/stack_table.h"

namespace gorotrace {

// Of one target's program counters; `keep` holds what it refers to.
struct PcNames {
  std::shared_ptr<const void> keep;
  std::unique_ptr<Symbolizer> symbols;
  std::vector<ExecutableMapping> mappings = {};  // that they lie in
};

class ToldNames {
 public:
  using Tell = std::function<void(const FileItem&)>;
  // names: absent for a target whose binary cannot be asked.
  ToldNames(TargetId target, PcNames names) : target_(target), names_(std::move(names)) {}

  // Forgets what was told: another segment begins, the first with the target.
  void begin_segment(const Tell& tell);
  void tell(const StackDefined& defined, std::uint64_t at_ns, const Tell& tell);
  void tell(const FunctionDescribed& described, std::uint64_t at_ns, const Tell& tell);
  // A stack that a record or a row names, unless it was told. `find` knows it.
  template <typename Find>
  void use_stack(std::uint64_t id, std::uint64_t at_ns, const Find& find, const Tell& tell) {
    if (id == 0 || id == last_stack_ || stacks_.contains(id)) return;
    if (const StackRef stack = find(id)) this->tell(StackDefined{id, stack}, at_ns, tell);
  }
  void use_function(std::uint64_t startpc, std::uint64_t at_ns, const Tell& tell);
  void use_site(std::uint64_t gopc, std::uint64_t startpc, std::uint64_t at_ns, const Tell& tell);
  // Again what was named by its address alone: a plugin that came since may have it.
  void name_anew(const Tell& tell);

 private:
  void name(std::uint64_t pc, PcKind kind, const Tell& tell);

  // Only a hostile target has so many.
  static constexpr std::size_t kMaxFunctions = 65536, kMaxPcs = 1u << 20;

  TargetId target_;
  PcNames names_;
  SeededSet<std::uint64_t> stacks_, functions_, of_return_, of_exact_;
  SeededMap<std::uint64_t, FunctionDescribed> described_;  // of all segments
  std::vector<std::pair<std::uint64_t, PcKind>> unnamed_;
  std::uint64_t last_stack_ = 0, last_gopc_ = 0, last_startpc_ = 0;
};

}  // namespace gorotrace
