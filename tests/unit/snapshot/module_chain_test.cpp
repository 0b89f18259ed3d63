// The chain of modules as a process's memory has it, which may be made to mislead.
#include "snapshot/module_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_memory.h"
#include "golang/pclntab_layout.h"

namespace gorotrace::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kStruct = 600;  // as large as those of Go 1.18 to 1.27 are
constexpr std::uint64_t kNext = kStruct - 8;

// Modules of 0x1000 bytes of text, 0x100000 apart: a moduledata, a line table's header and a function table.
struct Chain : FakeMemory {
  static std::uint64_t data(std::uint64_t n) { return 0x10000000 + n * 0x100000; }
  static std::uint64_t text(std::uint64_t n) { return data(n) + 0x80000; }
  static ChainedModule of(std::uint64_t n) { return {data(n), text(n), text(n) + 0x1000}; }

  void module(std::uint64_t n, std::uint64_t next = 0, std::uint64_t at_text = 0) {
    constexpr std::uint64_t kNames = 72, kUnits = 80, kFiles = 88, kPcs = 96, kFuncs = 104, kEnd = 204;
    const std::uint64_t at = data(n), header = at + 0x4000, code = at_text != 0 ? at_text : text(n);
    map(at, 1024);
    words(at, {header, header + kNames, 0, 0, header + kUnits, 0, 0, header + kFiles, 0, 0, header + kPcs, 0,
               0, header + kFuncs, kEnd - kFuncs, kEnd - kFuncs});
    words(at + 176, {code, code + 0x1000});
    words(at + kNext, {next});
    words(header,
          {std::uint64_t{kMagic120} | 0x0801ull << 48, 1, 1, 0, kNames, kUnits, kFiles, kPcs, kFuncs});
    map(header + kFuncs, kEnd - kFuncs);
  }
};

MATCHER_P(IsModule, want, "") {
  return arg.moduledata == want.moduledata && arg.text == want.text && arg.etext == want.etext;
}

TEST(ModuleChain, AProgramWithoutPluginsHasNoMore) {
  Chain memory;
  memory.module(0);
  ModuleChain chain(memory, Chain::of(0));
  EXPECT_THAT(chain.more(), IsEmpty());
  EXPECT_THAT(chain.more(), IsEmpty());
}

TEST(ModuleChain, EachModuleIsGivenOnceAlsoWhatComesLater) {
  Chain memory;
  memory.module(0, Chain::data(1));
  memory.module(1, Chain::data(2));
  memory.module(2);
  ModuleChain chain(memory, Chain::of(0));
  EXPECT_THAT(chain.more(), ElementsAre(IsModule(Chain::of(1)), IsModule(Chain::of(2))));
  EXPECT_THAT(chain.more(), IsEmpty());
  memory.module(3);
  memory.words(Chain::data(2) + kNext, {Chain::data(3)});
  EXPECT_THAT(chain.more(), ElementsAre(IsModule(Chain::of(3))));
}

TEST(ModuleChain, ARingEnds) {
  Chain memory;
  memory.module(0, Chain::data(1));
  memory.module(1, Chain::data(0));
  ModuleChain chain(memory, Chain::of(0));
  EXPECT_THAT(chain.more(), ElementsAre(IsModule(Chain::of(1))));
  EXPECT_THAT(chain.more(), IsEmpty());
  memory.words(Chain::data(1) + kNext, {Chain::data(1)});
  EXPECT_THAT(chain.more(), IsEmpty());
}

TEST(ModuleChain, APointerToNoModuleIsNotFollowed) {
  for (const std::uint64_t bad : {std::uint64_t{8}, Chain::data(1) + 4, Chain::data(9), ~std::uint64_t{7},
                                  Chain::data(0) + 0x4000, Chain::data(1) + 8}) {
    Chain memory;
    memory.module(0, bad);
    memory.module(1);
    EXPECT_THAT(ModuleChain(memory, Chain::of(0)).more(), IsEmpty()) << std::hex << bad;
  }
}

TEST(ModuleChain, AModuleWhoseTableContradictsItIsNone) {
  for (const std::uint64_t field : {0, 8, 32, 56, 80, 104, 112, 184}) {
    Chain memory;
    memory.module(0, Chain::data(1));
    memory.module(1);
    memory.words(Chain::data(1) + field, {0});
    EXPECT_THAT(ModuleChain(memory, Chain::of(0)).more(), IsEmpty()) << field;
  }
}

TEST(ModuleChain, TextOfTwoModulesDoesNotOverlap) {
  Chain memory;
  memory.module(0, Chain::data(1));
  memory.module(1, Chain::data(2), Chain::text(0) + 0xfff);
  memory.module(2);
  EXPECT_THAT(ModuleChain(memory, Chain::of(0)).more(), ElementsAre(IsModule(Chain::of(2))))
      << "what is behind it is followed all the same";
}

TEST(ModuleChain, AnEndlessChainIsCut) {
  Chain memory;
  for (std::uint64_t n = 0; n < 2 * ModuleChain::kMax; ++n) memory.module(n, Chain::data(n + 1));
  ModuleChain chain(memory, Chain::of(0));
  EXPECT_EQ(chain.more().size(), ModuleChain::kMax - 1);
  EXPECT_THAT(chain.more(), IsEmpty());
}

TEST(ModuleChain, ItMayLieAtTheEndOfWhatIsMapped) {
  Chain memory;
  memory.module(0, Chain::data(1));
  memory.module(1);
  FakeMemory cut;  // of the first only what is on its page
  const std::uint64_t at = Chain::data(0) + 0x1000 - kStruct;
  std::vector<std::uint8_t> bytes(kStruct);
  ASSERT_TRUE(memory.read(Chain::data(0), bytes));
  cut.copy_bytes(memory);
  cut.put(at, bytes.data(), bytes.size());
  EXPECT_THAT(ModuleChain(cut, {at, Chain::text(0), Chain::text(0) + 0x1000}).more(),
              ElementsAre(IsModule(Chain::of(1))));
}

TEST(ModuleChain, AProcessThatIsGoneHasNoMore) {
  Chain memory;
  memory.module(0, Chain::data(1));
  memory.module(1);
  memory.gone = true;
  EXPECT_THAT(ModuleChain(memory, Chain::of(0)).more(), IsEmpty());
}

}  // namespace
}  // namespace gorotrace::testing
