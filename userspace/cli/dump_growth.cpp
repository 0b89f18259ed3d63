#include "cli/dump_growth.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "base/clock.h"
#include "cli/stop_signal.h"
#include "session/dump.h"

namespace gorotrace {
namespace {

constexpr int kLooks = 11;

Result<std::string> read_file(const std::string& path) {
  struct Close {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "re"));
  if (!file) return fail_errno(errno, "cannot open " + path);
  std::string out;
  char buffer[1 << 16];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, file.get())) out.append(buffer, n);
  if (std::ferror(file.get()) != 0) return fail_errno(errno, "cannot read " + path);
  return out;
}

Result<Population> read_population(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  return population_from_json(*text, path);
}

}  // namespace

Result<Growth> watch_growth(Target& target, const DumpFilter& filter, std::chrono::nanoseconds window) {
  auto stop = StopSignal::make();
  if (!stop) return std::unexpected(stop.error());
  StackTable symbols = dump_symbols(target);
  GrowthTracker tracker;
  const std::uint64_t begin = monotonic_ns(), length = static_cast<std::uint64_t>(window.count());
  for (int look = 0; look < kLooks; ++look) {
    const std::uint64_t due = begin + length * static_cast<std::uint64_t>(look) / (kLooks - 1),
                        now = monotonic_ns();
    const bool stopped = due > now && stop->wait(static_cast<int>((due - now + 999'999) / 1'000'000));
    if (stopped && look == 0) break;
    const auto dump = take_dump(target, WaitsWanted::kLabels);
    if (!dump) {
      if (look < 2) return std::unexpected(dump.error());
      spdlog::warn("the watch ended early: {}", dump.error().message);
      break;
    }
    const DumpView view(*dump, symbols);
    tracker.add(population(view, select(view, filter)));
    if (stopped) break;
  }
  return tracker.result();
}

Result<Growth> growth_between(const std::string& before, const std::string& after) {
  const auto first = read_population(before), last = read_population(after);
  if (!first) return std::unexpected(first.error());
  if (!last) return std::unexpected(last.error());
  if (first->program != last->program) {
    return fail(ErrorKind::kUsage, fmt::format("{} and {} are of different programs: {} and {}", before,
                                               after, first->program, last->program));
  }
  GrowthTracker tracker;
  tracker.add(*first);
  tracker.add(*last);
  return tracker.result();
}

}  // namespace gorotrace
