#include "report/traceback.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace gorotrace {
namespace {

constexpr std::string_view kDurable = "(durable)";

// runtime/runtime2.go isIdleInSynctest (1.25+).
bool idle_in_bubble(std::string_view reason) {
  constexpr std::array<std::string_view, 8> kIdle{"chan receive (nil chan)",
                                                  "chan send (nil chan)",
                                                  "select (no cases)",
                                                  "sleep",
                                                  "sync.Cond.Wait",
                                                  "coroutine",
                                                  "synctest.Run",
                                                  "synctest.Wait"};
  return reason.ends_with(kDurable) || std::ranges::find(kIdle, reason) != kIdle.end();
}

// Whether runtime.goroutineheader adds "(durable)": 1.25 asks what the goroutine last waited for, also when
// it waits no longer.
bool durable(const GoroutineSnapshot& g, const GoVersion& version, std::string_view state,
             const std::vector<std::string>& wait_reasons) {
  if (!version.at_least(25) || g.bubble == 0 || state.ends_with(kDurable)) return false;
  if (version.at_least(26) && g.status != GStatus::kWaiting) return false;
  return g.wait_reason < wait_reasons.size() && idle_in_bubble(wait_reasons[g.wait_reason]);
}

// runtime/print.go printquoted; `text` is printable(), so nothing in it is invalid UTF-8 or a control
// character.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      if (lead == '"' || lead == '\\') out += '\\';
      out += text[i++];
      continue;
    }
    const std::size_t n = std::min<std::size_t>(lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4, text.size() - i);
    std::uint32_t rune = lead & (0xffu >> (n + 1));
    for (std::size_t k = 1; k < n; ++k)
      rune = (rune << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3fu);
    out += rune < 0x10000 ? fmt::format("\\u{:04x}", rune) : fmt::format("\\U{:08x}", rune);
    i += n;
  }
  return out + "\"";
}

// runtime/traceback.go tracebackStringNeedsQuoting (1.27).
std::string label_text(std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '/' || c == '_';
  });
  return plain ? std::string(text) : quoted(text);
}

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

std::string goroutine_header(const GoroutineSnapshot& g, std::uint64_t waited_ns, const GoVersion& version,
                             const std::vector<std::string>& wait_reasons, const Labels& labels) {
  const std::string state = state_name(g, wait_reasons);
  std::string out = fmt::format("goroutine {} [{}", g.goid, state);
  if (g.status == GStatus::kLeaked) out += " (leaked)";
  if (durable(g, version, state, wait_reasons)) out += fmt::format(" {}", kDurable);
  if (g.status == GStatus::kWaiting || g.status == GStatus::kSyscall) {
    const std::uint64_t minutes = waited_ns / 60'000'000'000;
    if (minutes >= 1) out += fmt::format(", {} minutes", minutes);
  }
  if (g.locked) out += ", locked to thread";
  if (g.bubble != 0)
    out += fmt::format(", synctest {} {}", version.at_least(25) ? "bubble" : "group", g.bubble);
  out += "]";
  if (version.at_least(27) && !labels.empty()) {
    out += " {";
    for (std::size_t i = 0; i < labels.size(); ++i) {
      out += (i == 0 ? "" : ", ") + label_text(labels[i].first) + ": " + label_text(labels[i].second);
    }
    out += "}";
  }
  return out + ":";
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

const std::string& traceback_name(const Frame& frame) {
  static const std::string panic = "panic";
  return frame.function == "runtime.gopanic" ? panic : frame.function;
}

bool shown_as_creator(const Frame& function, const GoVersion& version) {
  return shown(function, nullptr, false, version);
}

std::vector<std::vector<const Frame*>> profile_calls(std::span<const Call> stack) {
  std::vector<std::vector<const Frame*>> out;
  const Frame* callee = nullptr;
  for (const Call& call : stack) {
    std::vector<const Frame*> frames;
    for (const Frame& frame : *call.frames) {
      if (!elided_wrapper(frame, callee)) frames.push_back(&frame);
      callee = &frame;
    }
    if (!frames.empty()) out.push_back(std::move(frames));
  }
  return out;
}

std::vector<const Frame*> profile_frames(std::span<const Call> stack) {
  std::vector<const Frame*> out;
  for (const auto& frames : profile_calls(stack)) out.insert(out.end(), frames.begin(), frames.end());
  return out;
}

}  // namespace gorotrace
