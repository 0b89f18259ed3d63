// Constants along the ways through a function, in code as compilers write it.
#include "probe/constants.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace gorotrace {
namespace {

constexpr std::uint64_t kAt = 0x1000, kThrow = 0x1f00;
constexpr int kRcx = 1, kRdi = 7, kX1 = 1, kX2 = 2;

class ConstantsTest : public testing::Test {
 protected:
  // The constant before the last instruction.
  std::optional<std::int64_t> at_the_end(Arch arch, std::vector<std::uint8_t> code, int reg) {
    const auto disassembler = Disassembler::make(arch);
    if (!disassembler) throw std::runtime_error(disassembler.error().message);
    std::vector<Instruction> instructions;
    disassembler->each(code, kAt, [&](const Instruction& i) {
      instructions.push_back(i);
      return true;
    });
    const Constants constants(instructions, [](std::uint64_t target) { return target != kThrow; });
    return constants.before(instructions.size() - 1, reg);
  }
  std::optional<std::int64_t> amd64(std::vector<std::uint8_t> code, int reg = kRcx) {
    return at_the_end(Arch::kAmd64, std::move(code), reg);
  }
};

TEST_F(ConstantsTest, IsTheOneThatWasSetLast) {
  EXPECT_EQ(amd64({0xb9, 4, 0, 0, 0,  // mov ecx, 4
                   0xb9, 1, 0, 0, 0,  // mov ecx, 1
                   0xbb, 2, 0, 0, 0,  // mov ebx, 2
                   0x90}),
            1);
  EXPECT_EQ(amd64({0xbb, 2, 0, 0, 0, 0x90}), std::nullopt);                    // an argument of the function
  EXPECT_EQ(amd64({0xb9, 4, 0, 0, 0, 0x48, 0xff, 0xc1, 0x90}), std::nullopt);  // inc rcx
}

TEST_F(ConstantsTest, ComesThroughCopies) {
  EXPECT_EQ(amd64({0xbf, 1, 0, 0, 0,  // mov edi, 1
                   0x89, 0xf9,        // mov ecx, edi
                   0xbf, 9, 0, 0, 0,  // mov edi, 9
                   0x90}),
            1);
  EXPECT_EQ(amd64({0xbf, 1, 0, 0, 0, 0x40, 0x88, 0xf9, 0x90}), std::nullopt);  // mov cl, dil: a part of it
}

TEST_F(ConstantsTest, DoesNotOutliveACall) {
  EXPECT_EQ(amd64({0xb9, 1, 0, 0, 0, 0xe8, 0, 1, 0, 0, 0x90}), std::nullopt);
}

TEST_F(ConstantsTest, MustBeTheSameOnEveryWay) {
  const auto branch = [&](std::uint8_t other) {
    return amd64({0xb9, 1, 0, 0, 0,      // mov ecx, 1
                  0x74, 5,               // je over the next one
                  0xb9, other, 0, 0, 0,  // mov ecx, other
                  0x90});
  };
  EXPECT_EQ(branch(1), 1);
  EXPECT_EQ(branch(2), std::nullopt);
}

TEST_F(ConstantsTest, ALoopAddsNoWay) {
  EXPECT_EQ(amd64({0xbf, 1, 0, 0, 0,  // mov edi, 1
                   0x48, 0xff, 0xc8,  // dec rax
                   0x75, 0xfb,        // jne back to it
                   0x89, 0xf9,        // mov ecx, edi
                   0x90}),
            1);
}

TEST_F(ConstantsTest, NothingComesFromWhereNobodyComesFrom) {
  EXPECT_EQ(amd64({0xbf, 1, 0, 0, 0,        // 1000 mov edi, 1
                   0x74, 5,                 // 1005 je 100c
                   0xe8, 0xf4, 0x0e, 0, 0,  // 1007 call throw
                   0x90},
                  kRdi),
            1);
  EXPECT_EQ(amd64({0xbf, 1, 0, 0, 0, 0x74, 5, 0xe8, 0xf3, 0x0e, 0, 0, 0x90}, kRdi), std::nullopt);
}

// As Go 1.23 has it in findRunnable.
TEST_F(ConstantsTest, PaddingBehindAThrowIsNoWay) {
  const std::vector<std::uint8_t> code = {0xbf, 1,    0,    0, 0,  // 1000 mov edi, 1
                                          0x74, 6,                 // 1005 je 100d
                                          0xe8, 0xf4, 0x0e, 0, 0,  // 1007 call throw
                                          0x90,                    // 100c
                                          0x89, 0xf9,              // 100d mov ecx, edi
                                          0x90};
  EXPECT_EQ(amd64(code), 1);
  EXPECT_EQ(amd64({0xbf, 1, 0, 0, 0,    // mov edi, 1
                   0x74, 3,             // je over the next two
                   0xff, 0xe0,          // jmp rax
                   0x90,                // to here, perhaps
                   0x89, 0xf9, 0x90}),  // mov ecx, edi
            std::nullopt);
}

// As Go 1.21 has it in findRunnable, behind an atomic of ARMv8.1 that Capstone 4 cannot read.
TEST_F(ConstantsTest, OfArm64) {
  const std::vector<std::uint8_t> code = {0xe2, 0x03, 0x40, 0xb2,  // orr x2, xzr, #1
                                          0x0b, 0xfd, 0xfb, 0xc8,  // casal x27, x11, [x8]
                                          0xe1, 0x03, 0x7e, 0xb2,  // orr x1, xzr, #4
                                          0x1f, 0x20, 0x03, 0xd5};
  EXPECT_EQ(at_the_end(Arch::kArm64, code, kX1), 4);
  EXPECT_EQ(at_the_end(Arch::kArm64, code, kX2), 1);
  EXPECT_EQ(at_the_end(Arch::kArm64, code, 27), std::nullopt);
  EXPECT_EQ(at_the_end(Arch::kArm64,
                       {0x22, 0x00, 0x80, 0x52,  // mov w2, #1
                        0xe1, 0x03, 0x02, 0x2a,  // mov w1, w2
                        0x1f, 0x20, 0x03, 0xd5},
                       kX1),
            1);
}

}  // namespace
}  // namespace gorotrace
