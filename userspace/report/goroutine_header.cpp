#include "report/goroutine_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"
#include "evidence/traceback.h"

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

// runtime/print.go printquoted, of the text as printable() has it: without invalid UTF-8 and control
// characters.
std::string quoted(std::string_view raw) {
  const std::string text = printable(raw);
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
std::string quoted_if_needed(std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '/' || c == '_';
  });
  return plain ? std::string(text) : quoted(text);
}

std::string labels_text(const Labels& labels, std::string (*word)(std::string_view)) {
  std::string out = "{";
  for (std::size_t i = 0; i < labels.size(); ++i)
    out += (i == 0 ? "" : ", ") + word(labels[i].first) + ": " + word(labels[i].second);
  return out + "}";
}

}  // namespace

std::string goroutine_header(const GoroutineSnapshot& g, std::uint64_t waited_ns, const GoVersion& version,
                             const std::vector<std::string>& wait_reasons, const Labels* labels) {
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
  const bool labelled = labels != nullptr && !labels->empty();
  // runtime/traceback.go goroutineheader: in the brackets and quoted in 1.26, behind them since.
  if (labelled && !version.at_least(27)) out += " labels:" + labels_text(*labels, quoted);
  out += "]";
  if (labelled && version.at_least(27)) out += " " + labels_text(*labels, quoted_if_needed);
  return out + ":";
}

const std::string& traceback_name(const Frame& frame) {
  static const std::string panic = "panic";
  return frame.function == "runtime.gopanic" ? panic : frame.function;
}

}  // namespace gorotrace
