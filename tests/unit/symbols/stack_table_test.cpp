#include "symbols/stack_table.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "golang/binary.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kBias = 0x5000;

// Functions of 0x100 bytes from 0x1000 on, named by their entry; the line is the offset that was looked up.
struct NamedTable {
  int lookups = 0;
  std::uint64_t preempted = 0;  // entry of the function called runtime.asyncPreempt
  [[nodiscard]] std::shared_ptr<FrameTable> frames() {
    return std::make_shared<FrameTable>(
        PcLookup{.frames =
                     [this](std::uint64_t pc) {
                       ++lookups;
                       if (pc < 0x1000 || pc >= 0x2000) return std::vector<Frame>{{"", "", 0, false}};
                       const std::uint64_t entry = pc & ~0xffull;
                       const std::string name =
                           entry == preempted ? "runtime.asyncPreempt" : "f" + std::to_string(entry);
                       return std::vector<Frame>{{"inner\x1b[31m", "i.go", 1, true},
                                                 {name, "f.go", static_cast<int>(pc & 0xff), false}};
                     },
                 .entry = [](std::uint64_t pc) -> std::optional<std::uint64_t> {
                   if (pc < 0x1000 || pc >= 0x2000) return std::nullopt;
                   return pc & ~0xffull;
                 }});
  }
};

TEST(StackTable, ReturnAddressesAreLookedUpOneBack) {
  NamedTable table;
  StackTable stacks(table.frames(), kBias);
  const std::vector<std::uint64_t> pcs{kBias + 0x1010, kBias + 0x1120};
  ASSERT_TRUE(stacks.add(1, pcs, true));
  const auto& frames = stacks.stack(1);
  ASSERT_EQ(frames.size(), 4u);
  EXPECT_EQ(frames[1].line, 0x0f);
  EXPECT_EQ(frames[3].line, 0x1f);
  EXPECT_TRUE(frames[0].inlined);
  EXPECT_TRUE(stacks.truncated(1));
}

TEST(StackTable, AFunctionsEntryIsExact) {
  NamedTable table;
  StackTable stacks(table.frames(), kBias);
  EXPECT_EQ(stacks.frames(kBias + 0x1100, PcKind::kReturnAddress).back().function, "f4352");
  EXPECT_EQ(stacks.frames(kBias + 0x1110, PcKind::kExact).back().line, 0x10);
}

TEST(StackTable, BelowAnInjectedCallThePcIsTheInterruptedInstruction) {
  NamedTable table{.preempted = 0x1000};
  StackTable stacks(table.frames(), kBias);
  const std::vector<std::uint64_t> pcs{kBias + 0x1010, kBias + 0x1120, kBias + 0x1230};
  stacks.add(1, pcs, false);
  EXPECT_EQ(stacks.stack(1)[3].line, 0x20);
  EXPECT_EQ(stacks.stack(1)[5].line, 0x2f);
}

TEST(StackTable, OutsideGoTextTheAddressIsTheName) {
  NamedTable table;
  StackTable stacks(table.frames(), kBias);
  for (const std::uint64_t pc : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{0x7f0000001234}}) {
    const auto frames = stacks.frames(pc, PcKind::kReturnAddress);
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_TRUE(frames[0].function.starts_with("?0x"));
  }
}

// A plugin may come after its code was seen: what was said of it then stays where it is.
TEST(StackTable, AStackOfAPluginThatBecomesKnownIsToldAnew) {
  const auto go = GoBinary::open(GO_BINARY ".stripped");
  ASSERT_TRUE(go) << go.error().message;
  const Pclntab& pclntab = (*go)->pclntab();
  const std::uint64_t main = pclntab.function_named("main.main").value().entry + 5;
  const auto at = [&](std::uint64_t bias) {
    return Module{.table = &pclntab, .bias = bias, .path = {}, .open_path = {}};
  };
  constexpr std::uint64_t kPlugin = 1ull << 32;
  const auto modules = std::make_shared<Modules>(at(kBias));
  StackTable stacks(std::make_shared<FrameTable>(pclntab_lookup(pclntab)), kBias);
  stacks.name_plugins(modules);
  const std::vector<std::uint64_t> pcs{main + kBias, main + kPlugin};
  ASSERT_TRUE(stacks.add(1, pcs, false));
  const std::vector<Frame>& before = stacks.stack(1);
  EXPECT_EQ(before.front().function, "main.main");
  EXPECT_TRUE(before.back().function.starts_with("?0x"));
  const std::vector<Frame> said = before;
  ASSERT_TRUE(modules->add(at(kPlugin)));
  const std::vector<Frame>& after = stacks.stack(1);
  EXPECT_EQ(after.back().function, "main.main");
  EXPECT_EQ(after.back().entry + kBias, pclntab.function_named("main.main")->entry + kPlugin);
  EXPECT_EQ(before, said);
  EXPECT_EQ(&stacks.stack(1), &after) << "nothing has come since";
  EXPECT_EQ(stacks.frames(main + kPlugin, PcKind::kReturnAddress).back().function, "main.main");
}

TEST(StackTable, NamesAreMadePrintable) {
  NamedTable table;
  StackTable stacks(table.frames(), kBias);
  EXPECT_EQ(stacks.frames(kBias + 0x1010, PcKind::kExact)[0].function.find('\x1b'), std::string::npos);
}

TEST(StackTable, UnknownStacksAreEmptyAndLookupsAreCached) {
  NamedTable table;
  StackTable stacks(table.frames(), kBias);
  const std::vector<std::uint64_t> pcs{kBias + 0x1010, kBias + 0x1010};
  EXPECT_TRUE(stacks.stack(7).empty());
  EXPECT_FALSE(stacks.truncated(7));
  ASSERT_TRUE(stacks.add(7, pcs, true));
  EXPECT_EQ(stacks.stack(7).size(), 4u);
  EXPECT_EQ(stacks.stack(7).size(), 4u);
  EXPECT_TRUE(stacks.truncated(7));
  EXPECT_EQ(table.lookups, 1);
  EXPECT_TRUE(stacks.stack(8).empty());
  EXPECT_TRUE(stacks.stack(0).empty());
}

// One binary, two processes, each with a load bias of its own.
TEST(StackTable, ProcessesOfOneBinaryShareItsFrames) {
  NamedTable table;
  const auto frames = table.frames();
  StackTable one(frames, kBias), other(frames, 2 * kBias);
  const std::vector<Frame>& here = one.frames(kBias + 0x1010, PcKind::kReturnAddress);
  EXPECT_EQ(&here, &other.frames(2 * kBias + 0x1010, PcKind::kReturnAddress));
  EXPECT_EQ(table.lookups, 1);
  EXPECT_EQ(one.load_bias(), kBias);
  const std::vector<std::uint64_t> pcs{kBias + 0x1010};
  const auto calls = one.calls(pcs);
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].pc, 0x1010u) << "the linker's address, as those in frames";
  EXPECT_EQ(calls[0].frames, &here);
}

TEST(StackTable, UnknownAddressesAreBounded) {
  NamedTable table;
  StackTable stacks(table.frames(), kBias);
  for (std::uint64_t i = 0; i < StackTable::kMaxUnknown; ++i)
    ASSERT_EQ(stacks.frames(0x9000'0000 + i, PcKind::kExact)[0].function,
              fmt::format("?{:#x}", 0x9000'0000 + i));
  EXPECT_EQ(stacks.frames(0xa000'0000, PcKind::kExact)[0].function, "?");
  EXPECT_EQ(stacks.frames(0x9000'0001, PcKind::kExact)[0].function, "?0x90000001") << "known before";
  EXPECT_EQ(stacks.frames(kBias + 0x1010, PcKind::kExact).back().function, "f4096") << "functions have names";
}

TEST(StackTable, IsBounded) {
  NamedTable table;
  StackTable stacks(table.frames(), kBias);
  const std::vector<std::uint64_t> pcs{kBias + 0x1010};
  for (std::uint64_t id = 1; id <= StackTable::kMaxStacks; ++id) ASSERT_TRUE(stacks.add(id, pcs, false));
  EXPECT_FALSE(stacks.add(StackTable::kMaxStacks + 1, pcs, false));
  EXPECT_EQ(stacks.refused(), 1u);
  EXPECT_EQ(stacks.size(), StackTable::kMaxStacks);
}

}  // namespace
}  // namespace gorotrace
