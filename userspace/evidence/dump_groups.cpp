#include "evidence/dump_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/seeded_hash.h"
#include "base/text.h"

namespace gorotrace {
namespace {

// strconv.Quote of what printable() leaves: no control characters, no invalid UTF-8.
std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::string labels_text(const Labels& labels) {
  if (labels.empty()) return "";
  std::vector<std::string> parts;
  for (const auto& [key, value] : labels) parts.push_back(quote(key) + ":" + quote(value));
  std::ranges::sort(parts);
  return fmt::format("{{{}}}", fmt::join(parts, ", "));
}

std::string profile_key(std::span<const Frame* const> frames, std::uint64_t load_bias) {
  std::string out = "@";
  for (const Frame* f : frames) out += fmt::format(" {:#x}", f->pc + load_bias + 1);
  return out;
}

std::vector<StackGroup> group_by_stack(const DumpView& view, const Selection& selection) {
  struct Key {
    std::uint32_t stack, labels;
    std::string_view missing;  // why there is no stack
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    SeededHash hash;
    std::size_t operator()(const Key& k) const { return hash(hash(k.stack, k.labels), hash(k.missing)); }
  };
  // Label sets are told apart by where they lie in the target; equal text is one group all the same.
  std::unordered_map<const Labels*, std::uint32_t> number_of_set;
  SeededMap<std::string, std::uint32_t> number_of_text;
  std::unordered_map<Key, std::size_t, Hash> index;
  std::vector<StackGroup> out;
  for (const GoroutineSnapshot* g : selection.goroutines) {
    const Labels& labels = view.labels(*g);
    const auto [set, unknown] = number_of_set.try_emplace(&labels, 0);
    if (unknown) {
      const auto next = static_cast<std::uint32_t>(number_of_text.size());
      set->second = number_of_text.try_emplace(labels_text(labels), next).first->second;
    }
    const auto [it, fresh] = index.try_emplace(Key{g->stack, set->second, missing_stack(*g)}, out.size());
    if (fresh) out.push_back({0, g, labels_text(labels)});
    ++out[it->second].count;
  }
  std::vector<std::pair<std::string, StackGroup>> sorted;
  for (StackGroup& group : out) {
    const std::vector<Call> stack = view.stack(*group.example);
    std::string key = profile_key(profile_frames(stack), view.load_bias());
    if (!group.labels.empty()) key += "\n# labels: " + group.labels;
    sorted.emplace_back(std::move(key), std::move(group));
  }
  std::ranges::sort(sorted, [](const auto& a, const auto& b) {
    return a.second.count != b.second.count ? a.second.count > b.second.count : a.first < b.first;
  });
  out.clear();
  for (auto& [key, group] : sorted) out.push_back(std::move(group));
  return out;
}

}  // namespace gorotrace
