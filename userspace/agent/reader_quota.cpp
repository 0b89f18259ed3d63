#include "agent/reader_quota.h"

#include <iterator>
#include <utility>

namespace gorotrace {

ReaderQuota::ReaderQuota(std::size_t most_held_up, std::chrono::nanoseconds long_after,
                         std::function<std::uint64_t()> now)
    : most_held_up_(most_held_up),
      long_after_ns_(static_cast<std::uint64_t>(long_after.count())),
      now_(std::move(now)) {}

bool ReaderQuota::run(const std::string& user, const std::function<void()>& reading) {
  const std::uint64_t now = now_();
  {
    const std::lock_guard lock(mutex_);
    auto& begun = begun_[user];
    // The first to begin are the first to have taken long.
    if (begun.size() >= most_held_up_ &&
        *std::next(begun.begin(), static_cast<std::ptrdiff_t>(most_held_up_) - 1) + long_after_ns_ < now)
      return false;
    begun.insert(now);
  }
  reading();
  const std::lock_guard lock(mutex_);
  const auto at = begun_.find(user);
  at->second.erase(at->second.find(now));
  if (at->second.empty()) begun_.erase(at);
  return true;
}

}  // namespace gorotrace
