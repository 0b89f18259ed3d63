#include "evidence/traceback.h"

#include <string_view>

namespace gorotrace {
namespace {

bool upper(char c) {
  return c >= 'A' && c <= 'Z';
}

// runtime/traceback.go isExportedRuntime: since 1.23 methods count too.
bool exported_runtime(std::string_view name, const GoVersion& version) {
  name.remove_prefix(std::string_view("runtime.").size());
  if (!version.at_least(23)) return !name.empty() && upper(name[0]);
  std::string_view receiver;
  if (const std::size_t dot = name.rfind('.'); dot != std::string_view::npos) {
    receiver = name.substr(0, dot);
    name.remove_prefix(dot + 1);
    if (receiver.size() >= 3 && receiver.starts_with("(*") && receiver.ends_with(")"))
      receiver = receiver.substr(2, receiver.size() - 3);
  }
  return !name.empty() && upper(name[0]) && (receiver.empty() || upper(receiver[0]));
}

bool raises_panic(const Frame* callee) {
  return callee != nullptr &&
         (callee->function == "runtime.gopanic" || callee->function == "runtime.sigpanic" ||
          callee->function == "runtime.panicwrap");
}

bool elided_wrapper(const Frame& frame, const Frame* callee) {
  return frame.wrapper && !raises_panic(callee);
}

bool shown(const Frame& frame, const Frame* callee, bool first, const GoVersion& version) {
  if (elided_wrapper(frame, callee)) return false;
  if (outside_of_program(frame)) return true;
  const std::string& name = frame.function;
  if (version.at_least(25) && (name == "runtime.runFinalizers" || name == "runtime.runCleanups")) return true;
  if (name == "runtime.gopanic" && !first) return true;
  return name.find('.') != std::string::npos &&
         (!name.starts_with("runtime.") || exported_runtime(name, version));
}

}  // namespace

std::string state_name(const GoroutineSnapshot& g, const std::vector<std::string>& wait_reasons) {
  const bool has_reason =
      (g.status == GStatus::kWaiting || g.status == GStatus::kLeaked) && g.wait_reason != 0;
  if (!has_reason) return name_of(g.status);
  return g.wait_reason < wait_reasons.size() ? wait_reasons[g.wait_reason] : "unknown wait reason";
}

std::uint64_t waited_by_runtime(const GoroutineSnapshot& g) {
  return g.wait_since_ns != 0 && g.read_at_ns > g.wait_since_ns ? g.read_at_ns - g.wait_since_ns : 0;
}

std::vector<ShownFrame> traceback_frames(std::span<const Call> stack, const GoVersion& version) {
  std::vector<ShownFrame> out;
  for (const bool all : {false, true}) {
    const Frame* callee = nullptr;
    for (const Call& call : stack) {
      for (const Frame& frame : *call.frames) {
        if (all || shown(frame, callee, out.empty(), version)) {
          const bool at_call = !frame.inlined && call.pc > frame.entry;
          out.push_back({&frame, at_call ? call.pc - frame.entry : 0});
        }
        callee = &frame;
      }
    }
    if (!out.empty()) break;
  }
  return out;
}

bool shown_alone(const Frame& function, bool first, const GoVersion& version) {
  return shown(function, nullptr, first, version);
}

std::vector<ProfileCall> profile_calls(std::span<const Call> stack) {
  std::vector<ProfileCall> out;
  const Frame* callee = nullptr;
  for (const Call& call : stack) {
    std::vector<const Frame*> frames;
    for (const Frame& frame : *call.frames) {
      if (!elided_wrapper(frame, callee)) frames.push_back(&frame);
      callee = &frame;
    }
    if (!frames.empty()) out.push_back({call.pc, std::move(frames)});
  }
  return out;
}

std::vector<const Frame*> profile_frames(std::span<const Call> stack) {
  std::vector<const Frame*> out;
  for (const ProfileCall& call : profile_calls(stack))
    out.insert(out.end(), call.frames.begin(), call.frames.end());
  return out;
}

}  // namespace gorotrace
