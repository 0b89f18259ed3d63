#include "export/folded_waits.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>

#include "export/folded_line.h"
#include "export/recorded_stacks.h"

namespace gorotrace {
namespace {

using Lines = std::map<std::string, std::uint64_t>;  // ns

std::string blocked(RecordedStacks& stacks, std::uint64_t stack) {
  std::string line;
  const auto names = names_of(stacks.calls(stack));
  for (auto name = names.rbegin(); name != names.rend(); ++name) append_folded(line, *name);
  return line;
}

void write(const Lines& lines, const TextSink& sink) {
  for (const auto& [line, ns] : lines) {
    if (const std::uint64_t us = (ns + 500) / 1000; us != 0) sink(fmt::format("{} {}\n", line, us));
  }
}

}  // namespace

void folded_waits(RecordedTarget& target, const TextSink& sink) {
  RecordedStacks stacks(target.symbols);
  Lines lines;
  for (const BlockingRow& row : target.tables.blocking) {
    if (!row.system) lines[blocked(stacks, row.stack)] += row.in_window_ns;
  }
  write(lines, sink);
}

void folded_offwake(RecordedTarget& target, const TextSink& sink) {
  RecordedStacks stacks(target.symbols);
  Lines lines;
  std::optional<std::uint64_t> stack;  // rows of one stand beside each other
  std::string blocked_at;
  for (const auto& [row, sum] : target.chains.rows()) {
    if (row.system) continue;
    if (stack != row.stack) blocked_at = blocked(stacks, row.stack);
    stack = row.stack;
    std::string line = blocked_at;
    append_folded(line, "--");
    if (row.chain.steps == 0) {
      append_folded(line, "[waker unknown]");
    } else if (const Waker& waker = row.chain.wakers[0]; waker.kind != WakerKind::kGoroutine) {
      append_folded(line, fmt::format("[{}]", name_of(waker.kind)));
    } else {
      for (const std::string& name : names_of(stacks.calls(waker.stack))) append_folded(line, name);
    }
    lines[line] += sum.total_ns;
  }
  write(lines, sink);
}

}  // namespace gorotrace
