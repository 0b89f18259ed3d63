#include "export/go_trace_tables.h"

#include <utility>

#include "base/text.h"

namespace gorotrace {
namespace {
// Where no code is.
constexpr std::uint64_t kMovedTo = std::uint64_t{1} << 62;
}  // namespace

std::uint64_t GoTraceTables::string(std::string_view text) {
  if (text.empty()) return 0;
  std::string kept(text);
  if (kept.size() > GoTraceFile::kMaxString) kept = printable(kept, GoTraceFile::kMaxString - 8);
  const auto [found, fresh] = strings_.try_emplace(std::move(kept), last_string_ + 1);
  if (fresh) ++last_string_;
  return found->second;
}

std::uint64_t GoTraceTables::stack(std::uint64_t id) {
  if (id == 0) return 0;
  const auto found = stack_numbers_.find(id);
  return found != stack_numbers_.end() ? found->second : stack(id, names_.stack(id));
}

std::uint64_t GoTraceTables::stack(std::uint64_t id, const StackRef& stack) {
  if (stack == nullptr || stack->pcs.empty()) return 0;
  const auto [found, fresh] = stack_numbers_.try_emplace(id, last_stack_ + 1);
  if (fresh) stacks_.push_back({.number = ++last_stack_, .startpc = 0, .stack = stack});
  return found->second;
}

std::uint64_t GoTraceTables::start(std::uint64_t startpc) {
  if (startpc == 0) return 0;
  const auto [found, fresh] = start_numbers_.try_emplace(startpc, last_stack_ + 1);
  if (fresh) stacks_.push_back({.number = ++last_stack_, .startpc = startpc, .stack = nullptr});
  return found->second;
}

std::uint64_t GoTraceTables::stop_reason(std::uint64_t stack_id) {
  const auto [found, fresh] = stop_numbers_.try_emplace(stack_id, last_string_ + 1);
  if (fresh) stop_reasons_.push_back({.number = ++last_string_, .stack = names_.stack(stack_id)});
  return found->second;
}

std::uint64_t GoTraceTables::string_to_come() {
  to_come_.emplace(++last_string_, "unknown");
  return last_string_;
}

void GoTraceTables::string_came(std::uint64_t number, std::string_view text) {
  if (const auto waits = to_come_.find(number); waits != to_come_.end()) waits->second = text;
}

bool GoTraceTables::named() {
  for (; named_ < stacks_.size(); ++named_) {
    const Stack& s = stacks_[named_];
    if (s.stack != nullptr ? names_.named(*s.stack) < s.stack->pcs.size() : !names_.start_named(s.startpc))
      return false;
  }
  return true;
}

std::uint64_t GoTraceTables::pc_of(const Frame& frame, std::uint64_t function, std::uint64_t file) {
  const Place place{function, file, frame.line};
  if (frame.pc != 0 && frame.pc < kMovedTo) {
    const auto [found, fresh] = places_.try_emplace(frame.pc, place);
    if (fresh || found->second == place) return frame.pc;
  }
  return moved_.try_emplace(place, kMovedTo + moved_.size()).first->second;
}

void GoTraceTables::write(GoTraceFile& file) {
  std::vector<GoTraceFile::StackFrame> frames;
  const auto add = [&](const Frame& frame) {
    const std::uint64_t function = string(frame.function), path = string(frame.file);
    frames.push_back({.pc = pc_of(frame, function, path),
                      .function = function,
                      .file = path,
                      .line = frame.line > 0 ? static_cast<std::uint64_t>(frame.line) : 0});
  };
  SeededMap<std::string_view, const Frame*> wrapped;  // by the wrapper
  for (const Stack& s : stacks_) {
    std::string_view wrapper;
    if (const Frame* callee = s.stack ? names_.wrapped(*s.stack, wrapper) : nullptr; callee != nullptr)
      wrapped.emplace(wrapper, callee);
  }
  const auto start = [&](std::uint64_t startpc) {
    Frame frame = names_.start(startpc);
    if (const auto callee = wrapped.find(frame.function); callee != wrapped.end()) {
      frame.function = callee->second->function;
      frame.file = callee->second->file;
      frame.line = callee->second->start_line;
    }
    return frame;
  };
  for (const Stack& s : stacks_) {
    frames.clear();
    if (s.stack != nullptr) {
      for (const Frame* frame : names_.frames(*s.stack)) add(*frame);
    } else {
      add(start(s.startpc));
    }
    file.stack(s.number, frames);
  }
  for (const StopReason& r : stop_reasons_)
    file.string(r.number, r.stack && names_.called_gosched(*r.stack) ? "runtime.Gosched" : "preempted");
  for (const auto& [number, text] : to_come_) file.string(number, text);
  for (const auto& [text, number] : strings_) file.string(number, text);
}

}  // namespace gorotrace
