#include "cli/kept_time.h"

#include <fmt/format.h>

#include <ctime>

#include "base/text.h"

namespace gorotrace {
namespace {

constexpr std::chrono::milliseconds kDetach(300);

std::string text(KeptTime::Duration d) {
  return format_duration(static_cast<std::uint64_t>(std::max<KeptTime::Duration::rep>(d.count(), 0)));
}

KeptTime::Duration thread_cpu() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

}  // namespace

KeptTime::Step::Step(KeptTime& kept)
    : kept_(kept), begin_(std::chrono::steady_clock::now()), cpu_(thread_cpu()) {}

KeptTime::Step::~Step() {
  kept_.busy(std::chrono::steady_clock::now() - begin_, thread_cpu() - cpu_);
}

std::string KeptTime::not_kept(Duration asked, Duration took, std::uint64_t goroutines) const {
  if (took - asked <= std::max<Duration>(asked / 20, kDetach)) return "";
  const std::string said = fmt::format("asked for {}, took {}", text(asked), text(took));
  if (overslept_ >= longest_step_ && overslept_ > kDetach)
    return fmt::format("{}: gorotrace itself did not run for {}", said, text(overslept_));
  if (longest_step_ <= kDetach) return said;
  return fmt::format("{}: a step of gorotrace took up to {}{}{}, with {} goroutines to read", said,
                     text(longest_step_), longest_step_ > took ? " (not all of it in the window)" : "",
                     cpu_of_it_ ? ", " + text(*cpu_of_it_) + " of it on a CPU" : "", goroutines);
}

}  // namespace gorotrace
