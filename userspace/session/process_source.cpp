#include "session/process_source.h"

#include <algorithm>

#include "golang/frame_class.h"
#include "golang/goroutine.h"
#include "golang/panic_text.h"
#include "golang/type_name.h"
#include "snapshot/stack_walk.h"

namespace gorotrace {

ProcessSource::ProcessSource(const Target& target, const Capture* capture)
    : target_(target),
      capture_(capture),
      sp_delta_([&target](std::uint64_t pc) { return target.modules()->sp_delta(pc); }),
      plugins_([&target](std::uint64_t pc) {
        return target.modules()->at(pc) != nullptr ? CodeKind::kGo : CodeKind::kNoCode;
      }) {}

std::optional<StackPcs> ProcessSource::stack(std::uint64_t id) {
  const auto stack = capture_ != nullptr ? capture_->stack(id) : std::nullopt;
  if (!stack) return std::nullopt;
  const std::size_t depth = std::min<std::size_t>(stack->depth, GT_MAX_STACK_FRAMES);
  StackPcs out{{stack->pcs, stack->pcs + depth}, stack->truncated != 0};
  out.user_code = std::ranges::any_of(out.pcs, [this](std::uint64_t pc) { return user_code(pc); });
  return out;
}

// By the function whose code it is: what was inlined into a function of the library by chance does not count.
bool ProcessSource::user_code(std::uint64_t pc) {
  constexpr std::size_t kMaxKept = 65536;
  if (user_code_.size() >= kMaxKept) user_code_.clear();
  const auto [kept, fresh] = user_code_.try_emplace(pc);
  if (fresh) {
    const auto function = target_.modules()->function_at(pc - 1);
    kept->second = function && is_user_code(function->name);
    // It may be a plugin's that is about to be known.
    if (!function) {
      user_code_.erase(kept);
      return false;
    }
  }
  return kept->second;
}

// A function that was stopped where it has no frame hides its caller from a walk along frame pointers. What
// memory shows of the same goroutine is whole, and one stack must have one identity.
std::optional<TargetSource::WholeStack> ProcessSource::whole(const StackPcs& walked, std::uint64_t at_sp,
                                                             std::uint64_t above_frame) {
  // With a link register the caller of a leaf or a prologue is in no frame and in no word of the stack.
  if (kLinkRegister) return std::nullopt;
  WalkedStack whole = with_hidden_callers(walked.pcs, Code(target_.text(), &plugins_), sp_delta_,
                                          target_.injected_calls().preempting, at_sp, above_frame);
  if (whole.pcs.size() == walked.pcs.size()) return std::nullopt;
  const std::uint64_t id = stack_identity(target_.stack_seed(), whole.pcs);
  return WholeStack{id, {std::move(whole.pcs), walked.truncated || whole.truncated}};
}

std::optional<TargetSource::WholeStack> ProcessSource::interrupted(const StackPcs& walked,
                                                                   std::uint64_t caller,
                                                                   std::uint64_t pushed) {
  if (walked.pcs.empty()) return std::nullopt;
  const auto delta = sp_delta_(walked.pcs.front() - 1);
  const std::uint64_t hidden = delta == 0 ? caller : delta == 8 ? pushed : 0;
  if (!Code(target_.text(), &plugins_).go(hidden)) return std::nullopt;
  WholeStack whole{0, walked};
  whole.pcs.pcs.insert(whole.pcs.pcs.begin() + 1, hidden);
  whole.id = stack_identity(target_.stack_seed(), whole.pcs.pcs);
  return whole;
}

std::optional<PanicValue> ProcessSource::value(std::uint64_t id) {
  const auto value = capture_ != nullptr ? capture_->take_value(id) : std::nullopt;
  if (!value) return std::nullopt;
  PanicValue out;
  const auto modules = target_.modules();
  for (std::size_t i = 0; value->type != 0 && i < modules->size() && out.type.empty(); ++i) {
    const Module& module = (*modules)[i];
    out.type = type_name(*module.image, module.table->types(), value->type - module.bias);
  }
  if (is_nil(*value)) out.type = kNilType;
  out.text = panic_text(*value, out.type);
  out.cut = !out.text.empty() && value->size > value->length;
  return out;
}

FunctionDescribed ProcessSource::function(std::uint64_t startpc) {
  const auto function = target_.modules()->function_at(startpc);
  if (!function) return {.startpc = startpc, .name = {}, .system = false};
  return {
      .startpc = startpc, .name = std::string(function->name), .system = is_system_goroutine(function->name)};
}

}  // namespace gorotrace
