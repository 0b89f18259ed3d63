#include "cli/record_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/byte_size.h"
#include "base/clock.h"
#include "base/plural.h"
#include "base/text.h"
#include "capture/drop_reason.h"
#include "cli/messages.h"
#include "cli/shell_word.h"
#include "report/columns.h"
#include "report/stat_text.h"

namespace gorotrace {
namespace {

constexpr std::chrono::milliseconds kSizeTick(100);

// Where something went wrong whose extent nobody counted, nothing is said instead of "nothing lost".
std::string lost_text(std::uint64_t kernel, std::uint64_t file, bool all_is_well) {
  if (kernel + file == 0) return all_is_well ? "; nothing lost" : "";
  return "; " + fmt::format("lost: {} by the kernel, {} on the way to the file", kernel, file);
}

// Of what the recorder has handed on a disk without room has nothing, or all but what it has refused;
// nullopt: the file is gone, or is another one.
std::optional<std::uint64_t> in_file(const std::string& path, std::uint64_t handed_on) {
  std::error_code unknown;
  const std::uint64_t size = std::filesystem::file_size(path, unknown);
  return !unknown && (size == handed_on || size == 0) ? std::optional(size) : std::nullopt;
}

// Groups that went together for one reason are told together.
std::string detached_text(const StatFacts& facts) {
  std::vector<std::pair<std::string, std::string>> told;  // when and why, and the groups
  for (const Detachment& gone : facts.detached) {
    const std::string why =
        fmt::format("went after {}: {}", format_duration(since(gone.at_ns, facts.begin_ns)), gone.reason);
    const auto same = std::ranges::find(told, why, &std::pair<std::string, std::string>::first);
    if (same == told.end()) {
      told.emplace_back(why, name_of(gone.group));
    } else {
      same->second += fmt::format(", {}", name_of(gone.group));
    }
  }
  std::string text;
  for (const auto& [why, groups] : told) text += fmt::format("; {} {}", groups, why);
  return text;
}

std::uint64_t lost_by_kernel(const StatFacts& facts, std::uint64_t behind) {
  const std::uint64_t all = facts.events.dropped_total();
  return all > behind ? all - behind : 0;
}

}  // namespace

RecordOutput::RecordOutput(Options options, const Recorder& recorder)
    : options_(std::move(options)), recorder_(recorder) {}

void RecordOutput::begins(EventLoop& loop) {
  if (options_.progress) progress_ = std::make_unique<Progress>(loop, [this] { return progress(); });
  if (options_.until != nullptr) options_.until->begins(loop);
  if (options_.flight != nullptr) options_.flight->begins(loop);
  if (options_.max_bytes) loop.timers().every(kSizeTick, [this, &loop] { look_at_size(loop); });
}

void RecordOutput::look_at_size(EventLoop& loop) {
  if (full_ || recorder_.figures().bytes < *options_.max_bytes) return;
  full_ = true;
  loop.stop();
}

std::string RecordOutput::progress() const {
  Rate all;
  for (const auto& [pid, rate] : rates_) {
    all.events_per_s += rate.events_per_s;
    all.cpu_percent = std::max(all.cpu_percent, rate.cpu_percent);
  }
  const Recorder::Figures file = recorder_.figures();
  const std::string of =
      options_.duration ? " of " + format_duration(static_cast<std::uint64_t>(options_.duration->count()))
                        : std::string();
  std::string line =
      fmt::format("recording {:.0f}s{}, {:.0f} events/s, {}, cost {}{}% of {} CPU",
                  static_cast<double>(since(monotonic_ns(), began_ns_)) / 1e9, of, all.events_per_s,
                  options_.flight != nullptr ? options_.flight->progress(file) : format_bytes(file.bytes),
                  rates_.size() > 1 ? "up to " : "", short_percent(all.cpu_percent),
                  rates_.size() > 1 ? "a target's" : "the target's");
  if (file.dropped != 0)
    line += fmt::format(", {} lost on the way to the file", plural(file.dropped, "event"));
  return line;
}

void RecordOutput::interval(const IntervalRow& row, const StatFacts& facts) {
  const std::uint64_t ns = since(row.to_ns, row.from_ns);
  if (ns == 0) return;
  rates_[facts.target.host_pid] = {static_cast<double>(row.hits) * 1e9 / static_cast<double>(ns),
                                   row.target_cpu_percent.value_or(0)};
}

void RecordOutput::note(const std::string& text) {
  say(fmt::format("({})\n", text));
}

void RecordOutput::summary(const StatFacts& facts, const Tables&, Symbolizer&) {
  ended_.push_back(facts);
}

std::string RecordOutput::why(std::optional<int> signal) const {
  if (signal) return *signal == SIGINT ? "Ctrl-C" : *signal == SIGTERM ? "SIGTERM" : "SIGHUP";
  if (options_.until != nullptr && !options_.until->fired().empty()) return options_.until->fired();
  for (const StatFacts& facts : ended_) {
    if (!facts.ended_by.empty()) return facts.ended_by;
  }
  return "the end of its time";
}

std::uint64_t RecordOutput::end_ns() const {
  std::uint64_t last = 0;
  for (const StatFacts& facts : ended_) last = std::max(last, facts.end_ns);
  return last;
}

std::string RecordOutput::file_text(const std::string& targets, std::uint64_t longest,
                                    std::optional<std::uint64_t> bytes,
                                    const FlightRecorder::Written* window) const {
  const Recorder::Figures file = recorder_.figures();
  const std::string all = fmt::format("recorded {} of {}", format_duration(longest), targets);
  if (options_.flight != nullptr)
    return window == nullptr ? all + ": nothing was written at the end, what was in memory is lost"
                             : fmt::format("{}: {}", all, options_.flight->text(*window));
  const std::string name = printable(options_.path);
  const std::string& kept = recorder_.kept_as();
  const std::string before =
      kept.empty() ? "" : fmt::format(" (what was there is kept as {})", printable(kept));
  if (!bytes) return fmt::format("{}: {}", all, plural(file.records, "event")) + before;
  if (*bytes == 0) return fmt::format("{}: nothing could be written to {}", all, name) + before;
  return fmt::format("{}: {}, {} in {}{}", all, plural(file.records, "event"), format_bytes(*bytes), name,
                     full_ ? ", as large as it may be" : "") +
         before;
}

void RecordOutput::tell_end(const Status& written, const FlightRecorder::Written* window) const {
  const Recorder::Figures file = recorder_.figures();
  const std::optional<std::uint64_t> bytes = written ? file.bytes : in_file(options_.path, file.bytes);
  std::string targets, costs;
  std::uint64_t longest = 0, kernel = 0;
  for (const StatFacts& facts : ended_) {
    std::uint64_t behind = 0;
    for (const auto& [reason, n] : facts.events.dropped)
      if (reason == kSinkBehind) behind += n;
    kernel += lost_by_kernel(facts, behind);
    longest = std::max(longest, since(facts.end_ns, facts.begin_ns));
    targets += fmt::format("{}{} (PID {}{}{})", targets.empty() ? "" : ", ", facts.target.program(),
                           facts.target.host_pid, facts.ended_by.empty() ? "" : ", ", facts.ended_by);
    const CostFacts& cost = facts.cost;
    costs += fmt::format(
        "{}{}{}, {} % of the target's CPU{}", costs.empty() ? "" : "; ",
        ended_.size() > 1 ? fmt::format("PID {}: ", facts.target.host_pid) : "", plural(cost.hits, "hit"),
        short_percent(
            cost.target_cpu_ns == 0 ? 0 : 100 * cost.charged_ns / static_cast<double>(cost.target_cpu_ns)),
        within_floor_text(cost, since(facts.end_ns, facts.begin_ns)));
    costs += detached_text(facts);
  }
  const std::string fired = options_.until == nullptr ? "" : options_.until->fired();
  say(fmt::format("{}{}{}\n", file_text(targets, longest, bytes, window),
                  fired.empty() ? "" : "; ended by " + fired,
                  lost_text(kernel, file.dropped, written.has_value())));
  say(fmt::format("cost: {}\n", costs));
  const bool can_be_read = options_.flight != nullptr ? window != nullptr : bytes.value_or(0) != 0;
  if (can_be_read)
    say(fmt::format("next: gorotrace report {}\n",
                    shell_word(window == nullptr ? options_.path : window->path)));
}

}  // namespace gorotrace
