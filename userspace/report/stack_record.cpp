#include "report/stack_record.h"

#include <fmt/format.h>

#include <vector>

#include "report/tabs.h"

namespace gorotrace {
namespace {

bool runtime_internal(const std::string& name, const GoVersion& version) {
  return name.starts_with("runtime.") || (version.at_least(24) && name.starts_with("internal/runtime/"));
}

}  // namespace

std::string stack_record(std::span<const Frame* const> frames, std::uint64_t load_bias,
                         const GoVersion& version) {
  std::vector<std::vector<std::string>> rows;
  for (const bool all : {false, true}) {
    bool show = all;
    for (const Frame* f : frames) {
      if (f->function == "runtime.goexit") continue;
      show = show || !runtime_internal(f->function, version);
      if (!show) continue;
      rows.push_back({"#", fmt::format("{:#x}", f->pc + load_bias),
                      fmt::format("{}+{:#x}", f->function, f->pc - f->entry),
                      fmt::format("{}:{}", f->file, f->line)});
    }
    if (show) break;
  }
  return align_with_tabs(rows) + "\n";
}

}  // namespace gorotrace
