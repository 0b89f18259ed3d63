// Modules whose file does not bear out what memory says of them. The process is this one: its memory has a
// chain of modules that lead to code of others.
#include "symbols/module_loader.h"

#include <gmock/gmock.h>
#include <gnu/libc-version.h>
#include <unistd.h>

#include <algorithm>

#include "golang/binary.h"
#include "golang/pclntab_layout.h"

namespace gorotrace {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::uint64_t address(const void* p) {
  return reinterpret_cast<std::uint64_t>(p);
}

// In the static memory of this process, since it is read as another one's.
struct ForgedChain {
  static constexpr std::uint64_t kNames = 72, kUnits = 80, kFiles = 88, kPcs = 96, kFuncs = 104, kEnd = 208;
  std::uint64_t first[128] = {}, second[128] = {}, header[kEnd / 8] = {};

  void lead_to(std::uint64_t text) {
    const std::uint64_t at = address(header);
    const std::uint64_t head[] = {
        std::uint64_t{kMagic120} | 0x0801ull << 48, 1, 1, 0, kNames, kUnits, kFiles, kPcs, kFuncs};
    std::ranges::copy(head, header);
    second[0] = at;
    second[1] = at + kNames, second[4] = at + kUnits, second[7] = at + kFiles, second[10] = at + kPcs;
    second[13] = at + kFuncs, second[14] = kEnd - kFuncs;
    second[22] = text, second[23] = text + 16;
    first[70] = address(second);
  }
};
ForgedChain chain;

class ModuleLoaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto go = GoBinary::open(GO_BINARY);
    ASSERT_TRUE(go) << go.error().message;
    go_ = std::move(*go);
    auto process = Process::open(getpid());
    ASSERT_TRUE(process) << process.error().message;
    process_ = std::move(*process);
    chain = {};
    modules_ = std::make_shared<Modules>(Module{.image = &go_->image(),
                                                .table = &go_->pclntab(),
                                                .bias = address(chain.first) - go_->pclntab().moduledata(),
                                                .path = {},
                                                .open_path = {}});
  }

  std::unique_ptr<GoBinary> go_;
  std::unique_ptr<Process> process_;
  std::shared_ptr<Modules> modules_;
};

TEST_F(ModuleLoaderTest, AFileWithoutGoIsNoModule) {
  ModuleLoader loader(*process_, modules_);
  loader.look();
  EXPECT_THAT(loader.refused(), IsEmpty());
  chain.lead_to(address(reinterpret_cast<const void*>(&::gnu_get_libc_version)));
  loader.look();
  EXPECT_EQ(modules_->size(), 1u);
  using Refused = ModuleLoader::Refused;
  const auto refused = ElementsAre(AllOf(Field(&Refused::path, HasSubstr("libc")),
                                         Field(&Refused::why, HasSubstr("not a Go executable"))));
  EXPECT_THAT(loader.refused(), refused);
  loader.look();
  EXPECT_THAT(loader.refused(), refused) << "it is refused once";
}

TEST_F(ModuleLoaderTest, CodeOfNoFileIsNoModule) {
  chain.lead_to(address(chain.first) + 64);
  ModuleLoader loader(*process_, modules_);
  loader.look();
  EXPECT_EQ(modules_->size(), 1u);
  EXPECT_THAT(loader.refused(), ElementsAre(Field(&ModuleLoader::Refused::why, "no file is mapped there")));
}

}  // namespace
}  // namespace gorotrace
