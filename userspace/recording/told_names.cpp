#include "recording/told_names.h"

#include "symbols/calls.h"

namespace gorotrace {
namespace {

bool without_name(const std::vector<Frame>& frames) {
  return frames.size() == 1 && (frames[0].function.starts_with('?') || outside_of_program(frames[0]));
}

}  // namespace

void ToldNames::begin_segment(const Tell& tell) {
  stacks_.clear();
  functions_.clear();
  of_return_.clear();
  of_exact_.clear();
  unnamed_.clear();
  last_stack_ = last_gopc_ = last_startpc_ = 0;
  if (!names_.mappings.empty()) tell(MappingsTold{target_, names_.mappings});
}

void ToldNames::name(std::uint64_t pc, PcKind kind, const Tell& tell) {
  SeededSet<std::uint64_t>& told = kind == PcKind::kExact ? of_exact_ : of_return_;
  if (!names_.symbols || pc == 0 || told.size() >= kMaxPcs || !told.insert(pc).second) return;
  const std::vector<Frame>& frames = names_.symbols->frames(pc, kind);
  if (without_name(frames)) unnamed_.emplace_back(pc, kind);
  tell(FramesNamed{target_, pc, kind, frames});
}

void ToldNames::tell(const StackDefined& defined, std::uint64_t at_ns, const Tell& tell) {
  last_stack_ = defined.id;
  if (stacks_.size() >= StackDefinitions::kGeneration) stacks_.clear();  // told again when used again
  if (!stacks_.insert(defined.id).second) return;
  tell(Item{target_, at_ns, defined});
  if (!names_.symbols) return;
  each_call(*names_.symbols, defined.stack->pcs,
            [&](std::uint64_t pc, PcKind kind, const std::vector<Frame>&) { name(pc, kind, tell); });
}

void ToldNames::tell(const FunctionDescribed& described, std::uint64_t at_ns, const Tell& tell) {
  if (described_.size() < kMaxFunctions) described_.insert_or_assign(described.startpc, described);
  functions_.insert(described.startpc);
  tell(Item{target_, at_ns, described});
  name(described.startpc, PcKind::kExact, tell);
}

void ToldNames::use_function(std::uint64_t startpc, std::uint64_t at_ns, const Tell& tell) {
  if (functions_.contains(startpc)) return;
  if (const auto found = described_.find(startpc); found != described_.end()) {
    functions_.insert(startpc);
    tell(Item{target_, at_ns, found->second});
  }
  name(startpc, PcKind::kExact, tell);
}

void ToldNames::use_site(std::uint64_t gopc, std::uint64_t startpc, std::uint64_t at_ns, const Tell& tell) {
  if (gopc == last_gopc_ && startpc == last_startpc_) return;
  last_gopc_ = gopc;
  last_startpc_ = startpc;
  use_function(startpc, at_ns, tell);
  name(gopc, PcKind::kReturnAddress, tell);
}

void ToldNames::name_anew(const Tell& tell) {
  for (const auto& [pc, kind] : unnamed_) {
    const std::vector<Frame>& frames = names_.symbols->frames(pc, kind);
    if (!without_name(frames)) tell(FramesNamed{target_, pc, kind, frames});
  }
}

}  // namespace gorotrace
