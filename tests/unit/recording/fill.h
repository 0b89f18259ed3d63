// Fills every member of an item with a value of its own, and compares two items member by member.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "members.h"
#include "model/target_id.h"

namespace gorotrace {

class Fill {
 public:
  template <typename T>
  T make() {
    T value{};
    (*this)(value);
    return value;
  }

  template <typename T>
    requires requires(T& value) { members(value); }
  void operator()(T& value) {
    std::apply([this](auto&... member) { ((*this)(member), ...); }, members(value));
  }
  template <std::integral T>
  void operator()(T& value) {
    do value = static_cast<T>(random_());
    while (value == T{});
  }
  void operator()(double& value) { value = static_cast<double>(random_()) / 7; }
  void operator()(std::string& value) { value = "text µ \xf0\x9f\x90\xb9 " + std::to_string(random_()); }
  void operator()(gt_group& value) { value = static_cast<gt_group>(1 + random_() % (GT_GROUP_COUNT - 1)); }
  void operator()(GStatus& value) { value = static_cast<GStatus>(1 + random_() % 0xffff); }
  void operator()(GState& value) { value = GState::kSyscall; }
  void operator()(PcKind& value) { value = PcKind::kExact; }
  void operator()(ObjectRow::Kind& value) { value = ObjectRow::Kind::kSemaphore; }
  void operator()(SampledWhat& value) { value = SampledWhat::kRuns; }
  void operator()(Histogram& value) {
    for (int i = 0; i < 5; ++i) value.add(random_() >> (10 * i), 1 + random_() % 100);
  }
  void operator()(StackRef& value) { value = std::make_shared<const StackPcs>(make<StackPcs>()); }
  template <typename T>
  void operator()(std::optional<T>& value) {
    (*this)(value.emplace());
  }
  template <typename T>
  void operator()(std::vector<T>& value) {
    for (int i = 0; i < 3; ++i) (*this)(value.emplace_back());
  }
  template <typename T, std::size_t kSize>
  void operator()(std::array<T, kSize>& value) {
    for (T& element : value) (*this)(element);
  }

 private:
  std::mt19937_64 random_{7};
};

// What a file does not keep has its first value; the target of records is that of their item.
inline void forget_what_no_file_has(Item& item) {
  if (auto* snapshot = std::get_if<Snapshot>(&item.what)) {
    for (GoroutineSnapshot& g : snapshot->goroutines) {
      const GoroutineSnapshot none;
      g.g = none.g;
      g.m = none.m;
      g.sp = none.sp;
      g.timer = none.timer;
      g.sleep_when = none.sleep_when;
      g.retried = none.retried;
      g.waiting = none.waiting;
      g.ancestors = none.ancestors;
      g.stack = none.stack;
      g.index = none.index;
    }
  }
  if (auto* run = std::get_if<Records>(&item.what)) {
    for (gt_record& record : run->records) {
      record.seq = 0;
      record.target = slot_of(item.target);
      record.generation = generation_of(item.target);
    }
  }
}

class Same {
 public:
  explicit Same(std::string path) : path_(std::move(path)) {}

  template <typename T>
    requires requires(const T& value) { members(value); }
  void operator()(const T& a, const T& b) const {
    const auto of_a = members(a);
    const auto of_b = members(b);
    each(of_a, of_b, std::make_index_sequence<std::tuple_size_v<decltype(members(a))>>());
  }
  template <typename T>
    requires(!requires(const T& value) { members(value); })
  void operator()(const T& a, const T& b) const {
    EXPECT_TRUE(a == b) << path_;
  }
  void operator()(const double& a, const double& b) const {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(a), std::bit_cast<std::uint64_t>(b)) << path_;
  }
  void operator()(const StackRef& a, const StackRef& b) const {
    ASSERT_TRUE(a && b) << path_;
    (*this)(*a, *b);
  }
  template <typename T>
  void operator()(const std::optional<T>& a, const std::optional<T>& b) const {
    ASSERT_EQ(a.has_value(), b.has_value()) << path_;
    if (a) (*this)(*a, *b);
  }
  template <typename T>
  void operator()(const std::vector<T>& a, const std::vector<T>& b) const {
    ASSERT_EQ(a.size(), b.size()) << path_;
    for (std::size_t i = 0; i < a.size(); ++i) at(i)(a[i], b[i]);
  }
  template <typename T, std::size_t kSize>
  void operator()(const std::array<T, kSize>& a, const std::array<T, kSize>& b) const {
    for (std::size_t i = 0; i < kSize; ++i) at(i)(a[i], b[i]);
  }
  template <typename... T>
  void operator()(const std::variant<T...>& a, const std::variant<T...>& b) const {
    ASSERT_EQ(a.index(), b.index()) << path_;
    std::visit([&](const auto& value) { (*this)(value, std::get<std::remove_cvref_t<decltype(value)>>(b)); },
               a);
  }

 private:
  [[nodiscard]] Same at(std::size_t i) const { return Same(path_ + "." + std::to_string(i)); }
  template <typename Tuple, std::size_t... kAt>
  void each(const Tuple& a, const Tuple& b, std::index_sequence<kAt...>) const {
    (at(kAt)(std::get<kAt>(a), std::get<kAt>(b)), ...);
  }

  std::string path_;  // the numbers of members: "item.2.0"
};

}  // namespace gorotrace
