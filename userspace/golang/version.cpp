#include "golang/version.h"

#include <charconv>

#include "base/text.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMaxText = 128;

// Takes a number off the front of `text`.
std::optional<int> take_number(std::string_view& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

}  // namespace

std::optional<GoVersion> GoVersion::parse(std::string_view text) {
  GoVersion version;
  version.text = printable(text, kMaxText);
  const bool devel = text.starts_with("devel ");
  if (devel) text.remove_prefix(6);
  if (!text.starts_with("go")) return std::nullopt;
  text.remove_prefix(2);
  const auto major = take_number(text);
  if (!major || !text.starts_with('.')) return std::nullopt;
  text.remove_prefix(1);
  const auto minor = take_number(text);
  if (!minor) return std::nullopt;
  version.major = *major;
  version.minor = *minor;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const auto patch = take_number(text);
    if (!patch) return std::nullopt;
    version.patch = *patch;
  }
  version.release = !devel && text.empty();
  return version;
}

std::strong_ordering GoVersion::compare_minor(int other_major, int other_minor) const {
  if (const auto order = major <=> other_major; order != 0) return order;
  return minor <=> other_minor;
}

}  // namespace gorotrace
