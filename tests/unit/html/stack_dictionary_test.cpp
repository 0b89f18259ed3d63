#include "html/stack_dictionary.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace gorotrace {
namespace {

using nlohmann::json;

json written(const StackDictionary& stacks) {
  return json::parse(json_text([&](JsonWriter& out) { out.object([&] { stacks.write(out); }); }));
}

TEST(StackDictionary, a_stack_has_one_number_and_its_frames_one_place) {
  StackDictionary stacks;
  const Frame leaf{"main.leaf", "/src/a.go", 3, true}, root{"main.main", "/src/a.go", 9, false};
  const std::size_t both = stacks.number({leaf, root}), one = stacks.number({root});
  EXPECT_NE(both, one);
  EXPECT_EQ(stacks.number({leaf, root}), both);
  const json j = written(stacks);
  const json& frames = j["stacks"][both];
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[1], j["stacks"][one][0]);
  const json& frame = j["frames"][frames[0].get<std::size_t>()];
  EXPECT_EQ(j["texts"][frame[0].get<std::size_t>()], "main.leaf");
  EXPECT_EQ(j["texts"][frame[1].get<std::size_t>()], "/src/a.go");
  EXPECT_EQ(frame[2], 3);
  EXPECT_EQ(frame[3], 1);
  EXPECT_EQ(frame[4], 2) << "the program's own";
  EXPECT_EQ(j["stacks_left_out"], 0);
}

TEST(StackDictionary, an_empty_stack_is_one) {
  StackDictionary stacks;
  EXPECT_EQ(written(stacks)["stacks"].size(), 1u) << "what stands for those that are left out";
  const std::size_t empty = stacks.number({});
  EXPECT_TRUE(written(stacks)["stacks"][empty].empty());
}

TEST(StackDictionary, names_without_end_end) {
  StackDictionary stacks;
  for (int i = 0; i < 20'000; ++i)
    (void)stacks.number({{std::to_string(i) + std::string(4000, 'n'), std::string(4000, 'f'), i, false}});
  const std::size_t known = stacks.number({{"0" + std::string(4000, 'n'), std::string(4000, 'f'), 0, false}});
  const json j = written(stacks);
  EXPECT_LT(j.dump().size(), 2 * StackDictionary::kMostTexts);
  EXPECT_GT(j["stacks_left_out"], 18'000);
  for (const json& text : j["texts"])
    EXPECT_LE(text.get<std::string>().size(), StackDictionary::kMostTextBytes + std::string_view("…").size());
  EXPECT_LT(known, j["stacks"].size());
}

TEST(StackDictionary, a_deep_stack_lacks_its_middle_and_says_so) {
  StackDictionary stacks;
  std::vector<Frame> deep;
  for (int i = 0; i < 5000; ++i) deep.push_back({"main.f", "/a.go", i, false});
  const std::size_t number = stacks.number(deep);
  const json j = written(stacks);
  const json& frames = j["stacks"][number];
  ASSERT_LE(frames.size(), StackDictionary::kMostDepth);
  const auto frame = [&](const json& at) { return j["frames"][at.get<std::size_t>()]; };
  EXPECT_EQ(frame(frames.front())[2], 0);
  EXPECT_EQ(frame(frames.back())[2], 4999);
  const std::size_t left_out = 5000 - (frames.size() - 1);
  EXPECT_EQ(j["texts"][frame(frames[99])[0].get<std::size_t>()],
            "(" + std::to_string(left_out) + " frames left out)");
}

TEST(StackDictionary, frames_without_end_end) {
  StackDictionary stacks;
  const std::vector<Frame> deep(150, Frame{"main.f", "/a.go", 1, false});
  for (std::size_t i = 0; i < 10'000; ++i) {
    std::vector<Frame> stack = deep;
    stack[i % 150].line = static_cast<int>(i);
    (void)stacks.number(stack);
  }
  std::size_t frames = 0;
  for (const json& stack : written(stacks)["stacks"]) frames += stack.size();
  EXPECT_LE(frames, StackDictionary::kMostFrames);
}

}  // namespace
}  // namespace gorotrace
