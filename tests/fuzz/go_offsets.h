// What the readers of a process's memory need to know of its program: offsets of a few Go versions, and a
// text of which the line table is made up.
#pragma once

#include <array>

#include "golang/offsets.h"
#include "snapshot/goroutines.h"

namespace gorotrace::fuzz {

// Addresses: what counts of them is where HostileMemory folds them to.
inline constexpr std::uint64_t kText = 0x400000, kEtext = 0x500000, kPluginText = 0x700000,
                               kPluginEtext = 0x701000, kMadeEnd = 0x702000, kGoPluginText = 0x600000,
                               kGoPluginEtext = 0x601000;
inline constexpr std::uint64_t kAllgs = 0x10000, kAllp = 0x10020, kSched = 0x10040, kSemtable = 0x10200;

inline const Code::Elsewhere kPlugin = [](std::uint64_t pc) {
  if (TextRange{kGoPluginText, kGoPluginEtext}.holds(pc)) return CodeKind::kGo;
  if (TextRange{kPluginText, kPluginEtext}.holds(pc)) return CodeKind::kFile;
  return TextRange{kPluginEtext, kMadeEnd}.holds(pc) ? CodeKind::kMemory : CodeKind::kNoCode;
};

struct GoRelease {
  int minor;
  RuntimeOffsets offsets;
};
// Between these the way of reading changed.
inline GoRelease go_release(std::uint8_t choice) {
  constexpr std::array kMinors{18, 23, 25, 26};
  const int minor = kMinors[choice % kMinors.size()];
  return {minor, offsets_from_table({.major = 1, .minor = minor, .text = ""}).value().offsets};
}

inline GoroutineReader::Config reader_config(const GoRelease& release, std::uint8_t choice) {
  GoroutineReader::Config config;
  config.offsets = release.offsets;
  config.allgs_address = kAllgs;
  config.text = kText;
  config.etext = kEtext;
  config.max_goroutines = 64;
  config.max_between_looks_ns = ~0ull >> 2;
  config.coroutine_reason = 1;
  config.preempted_reason = 2;
  config.injected_calls.preempting = {{kText + 0x100, kText + 0x140}};
  config.injected_calls.all = {{kText + 0x100, kText + 0x140}, {kText + 0x200, kText + 0x240}};
  config.outermost = [](std::uint64_t pc) { return TextRange{kText, kText + 0x20}.holds(pc); };
  config.plugin_code = [](std::uint64_t pc) { return TextRange{kGoPluginText, kGoPluginEtext}.holds(pc); };
  config.other_code = [] {
    return std::vector<CodeRange>{{{kPluginText, kPluginEtext}, CodeKind::kFile},
                                  {{kPluginEtext, kMadeEnd}, CodeKind::kMemory}};
  };
  config.syscalls_counted = release.minor < 26;
  if ((choice & 4) != 0)
    config.sp_delta = [](std::uint64_t pc) { return std::optional(static_cast<std::int32_t>(pc % 16 * 8)); };
  return config;
}

}  // namespace gorotrace::fuzz
