// Back to the program's own code: what is named on the way, and whom nobody follows.
#include "evidence/creation_chain.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

Frame frame(const std::string& function) {
  Frame f;
  f.function = function;
  return f;
}

ChainLink link(const std::vector<std::string>& stack, const std::string& site,
               const std::string& start = "") {
  ChainLink out;
  for (const std::string& function : stack) out.stack.push_back(frame(function));
  out.site = {frame(site)};
  if (!start.empty()) out.start = frame(start);
  return out;
}

std::vector<std::string> way(const std::vector<ChainLink>& chain) {
  std::vector<std::string> out;
  for (const Frame& f : way_from_user_code(chain)) out.push_back(f.function);
  return out;
}

using Way = std::vector<std::string>;
constexpr const char *kDial = "net/http.(*Transport).dialConn",
                     *kQueue = "net/http.(*Transport).queueForDial",
                     *kDialFor = "net/http.(*Transport).dialConnFor";

TEST(CreationChain, NothingIsAddedToTheProgramsOwnStatement) {
  EXPECT_EQ(way({link({"main.serve", "main.main"}, "main.serve")}), Way{});
  EXPECT_EQ(way({link({}, kDial)}), Way{});
}

TEST(CreationChain, TheNearestFrameOfTheProgramOnTheStackOfTheStatement) {
  EXPECT_EQ(way({link({"net/http.(*Server).Serve", "main.serve", "main.main"}, "net/http.(*Server).Serve")}),
            Way{"main.serve"});
}

TEST(CreationChain, ThroughTheCreatorOfTheCreator) {
  EXPECT_EQ(way({link({kDial, kDialFor}, kDial), link({kQueue, "main.leakyClient", "main.main"}, kQueue)}),
            (Way{kQueue, "main.leakyClient"}));
}

// Without stacks: where a creator began, if that is the program's; else who made it.
TEST(CreationChain, WithoutStacks) {
  EXPECT_EQ(way({link({}, kDial), link({}, "main.main", "main.worker")}), Way{"main.worker"});
  EXPECT_EQ(way({link({}, kDial), link({}, kQueue, kDialFor), link({}, "main.main", kQueue)}),
            (Way{kQueue, "main.main"}));
}

TEST(CreationChain, WhatHasNoNameIsNobodysCode) {
  EXPECT_EQ(way({link({kDial, "?0x7f00", "crosscall2"}, kDial)}), Way{});
  EXPECT_EQ(way({link({kDial, "[plug.so]"}, kDial)}), Way{"[plug.so]"}) << "a plugin is the program's";
}

class Known : public ::testing::Test {
 protected:
  std::vector<std::uint64_t> creators(std::uint64_t goid) {
    std::vector<std::uint64_t> out;
    for (const KnownCreation& c : known.chain(goid, [](const KnownCreation&) { return false; }))
      out.push_back(c.creator);
    return out;
  }
  KnownCreations known;
};
using Goids = std::vector<std::uint64_t>;

TEST_F(Known, ACircleIsWalkedOnce) {
  known.add(2, {.creator = 3, .gopc = 0x10});
  known.add(3, {.creator = 2, .gopc = 0x20});
  known.add(4, {.creator = 4, .gopc = 0x30});
  EXPECT_EQ(creators(2), (Goids{3, 2}));
  EXPECT_EQ(creators(4), (Goids{4}));
}

TEST_F(Known, AChainIsBounded) {
  for (std::uint64_t goid = 2; goid < 100; ++goid) known.add(goid, {.creator = goid + 1, .gopc = 0x10});
  EXPECT_EQ(creators(2).size(), KnownCreations::kMaxLinks);
}

TEST_F(Known, WhatContradictsItselfIsFollowedNowhere) {
  known.add(2, {.creator = 3, .gopc = 0x10});
  known.add(3, {.creator = 4, .gopc = 0x20});
  known.add(3, {.creator = 4, .gopc = 0x21});  // another goroutine of that number
  known.add(3, {.creator = 4, .gopc = 0x20});
  EXPECT_EQ(creators(2), (Goids{3}));
}

TEST_F(Known, WhatOneLacksAnotherAdds) {
  const std::vector<std::uint64_t> pcs{0x100};
  known.add(2, {.creator = 0, .gopc = 0x10});  // before 1.21 memory does not say
  known.add(2, {.creator = 3, .gopc = 0x10, .startpc = 0x50, .pcs = pcs, .kind = PcKind::kExact});
  const auto chain = known.chain(2, [](const KnownCreation&) { return false; });
  ASSERT_EQ(chain.size(), 1u);
  EXPECT_EQ(chain[0].creator, 3u);
  EXPECT_EQ(chain[0].startpc, 0x50u);
  EXPECT_EQ(chain[0].pcs.size(), 1u);
  EXPECT_EQ(chain[0].kind, PcKind::kExact);
}

TEST_F(Known, ACThreadsGoroutineEndsIt) {
  known.add(2, {.creator = 3, .gopc = 0x10});
  known.add(3, {.creator = 4, .gopc = 0});
  EXPECT_EQ(creators(2), (Goids{3}));
}

}  // namespace
}  // namespace gorotrace
