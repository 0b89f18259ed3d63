#include "export/recorded_stacks.h"

#include <algorithm>
#include <utility>

#include "symbols/calls.h"

namespace gorotrace {
namespace {

constexpr const char* kNoStack = "[stack unavailable]";

std::uint64_t address_of(std::uint64_t pc, PcKind kind) {
  return kind == PcKind::kReturnAddress ? pc - 1 : pc;
}

ProfileCall whole(const Call& call) {
  ProfileCall out{call.pc, {}};
  for (const Frame& frame : *call.frames) out.frames.push_back(&frame);
  return out;
}

// Each physical frame by itself: a wrapper goes where something was inlined into it, and stays where it is
// all there is.
std::vector<ProfileCall> with_lone_wrappers(const std::vector<Call>& calls) {
  std::vector<ProfileCall> out;
  for (const Call& call : calls) {
    std::vector<ProfileCall> alone = profile_calls({&call, 1});
    out.push_back(alone.empty() ? whole(call) : std::move(alone.front()));
  }
  return out;
}

}  // namespace

std::vector<ProfileCall> RecordedStacks::calls(std::uint64_t stack) {
  const StackPcs* known = symbols_.pcs(stack);
  if (known == nullptr) return {};
  std::vector<Call> found;
  each_call(symbols_, known->pcs, [&](std::uint64_t pc, PcKind kind, const std::vector<Frame>& frames) {
    found.push_back({address_of(pc, kind), &frames});
  });
  std::vector<ProfileCall> out =
      wrappers_ == Wrappers::kLeaveOut ? profile_calls(found) : with_lone_wrappers(found);
  std::erase_if(out, [](const ProfileCall& c) { return c.frames.front()->function == "runtime.goexit"; });
  return out;
}

ProfileCall RecordedStacks::call(std::uint64_t pc, PcKind kind) {
  return whole({address_of(pc, kind), &symbols_.frames(pc, kind)});
}

std::vector<ProfileCall> without_leaf(std::vector<ProfileCall> calls,
                                      const std::function<bool(const Frame&)>& inner) {
  for (std::size_t i = 0; i < calls.size(); ++i) {
    std::vector<const Frame*>& frames = calls[i].frames;
    const auto outer = std::ranges::find_if(frames, [&](const Frame* frame) { return !inner(*frame); });
    if (outer == frames.end()) continue;
    frames.erase(frames.begin(), outer);
    calls.erase(calls.begin(), calls.begin() + static_cast<std::ptrdiff_t>(i));
    return calls;
  }
  return calls;
}

bool passes(const std::vector<ProfileCall>& calls, std::string_view function) {
  return std::ranges::any_of(calls, [&](const ProfileCall& call) {
    return std::ranges::any_of(call.frames, [&](const Frame* frame) { return frame->function == function; });
  });
}

std::vector<std::uint64_t> locations_of(PprofBuilder& profile, const std::vector<ProfileCall>& calls) {
  if (calls.empty()) return {profile.pseudo_location(kNoStack)};
  std::vector<std::uint64_t> out;
  for (const ProfileCall& call : calls) out.push_back(profile.location(call.pc, call.frames));
  return out;
}

std::vector<std::string> names_of(const std::vector<ProfileCall>& calls) {
  if (calls.empty()) return {kNoStack};
  std::vector<std::string> out;
  for (const ProfileCall& call : calls) {
    for (const Frame* frame : call.frames) out.push_back(frame->function);
  }
  return out;
}

}  // namespace gorotrace
