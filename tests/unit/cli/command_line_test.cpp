#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/help_format.h"
#include "cli/messages.h"
#include "report/frames.h"

namespace gorotrace {
namespace {

using testing::HasSubstr;
using testing::Not;

// A program with commands as ours are.
class CommandLine : public testing::Test {
 protected:
  CommandLine() {
    program_.require_subcommand(0, 1);
    program_.formatter(help_format(kNoWidth));
    program_.add_option("--color", colour_, "");
    CLI::App* dump = program_.add_subcommand("dump", "");
    dump->add_option("-p,--pid,PID", pid_, "")->required();
    dump->add_option("-d,--duration", duration_, "");
    dump->add_option("--diff", files_, "")->expected(2);
    dump->add_flag("--json", json_, "");
    CLI::App* ps = program_.add_subcommand("ps", "");
    ps->add_option("NAME", names_, "");
    ps->add_option("--where", where_, "")->allow_extra_args(false);
    program_.add_subcommand("stat", "")
        ->add_option("-p,--pid,PID", several_, "")
        ->delimiter(',')
        ->allow_extra_args(false);
    program_.add_subcommand("run", "")->add_option("-o,--output", output_, "");
    program_.add_subcommand("read", "")->add_option("FILE", output_, "")->required();
    CLI::App* compare = program_.add_subcommand("compare", "");
    compare->add_option("BEFORE", pid_, "")->required();
    compare->add_option("AFTER", duration_, "")->required();
    for (CLI::App* command : program_.get_subcommands({})) command->fallthrough();
    refuse_empty_values(program_);
  }
  // What is said of these words; "" when they are taken.
  std::string refused(const std::vector<std::string>& typed) {
    auto words = understood_words(program_, typed, "run");
    if (!words) return usage_error(words.error().message);
    started_ = words->program;
    std::ranges::reverse(words->words);
    try {
      program_.parse(std::move(words->words));
      return "";
    } catch (const CLI::ParseError& error) {
      return usage_error(program_, error);
    }
  }
  CLI::App program_;
  std::string colour_, pid_, duration_, output_;
  std::vector<std::string> files_, names_, where_, started_, several_;

 private:
  bool json_ = false;
};

TEST_F(CommandLine, WhatStandsBehindTwoDashesIsTheProgramOfACommandThatStartsOne) {
  EXPECT_EQ(refused({"run", "-o", "f", "--", "./app", "-o", "", "--", "-v"}), "");
  EXPECT_EQ(output_, "f");
  EXPECT_THAT(started_, testing::ElementsAre("./app", "-o", "", "--", "-v"));
  EXPECT_EQ(refused({"run", "-o", "--", "x"}),
            "gorotrace: run takes no \"x\"\nRun with --help for more information.\n");
  EXPECT_THAT(refused({"run", "--"}), HasSubstr("no program behind the --"));
  EXPECT_EQ(refused({"dump", "--", "42"}), "");
  EXPECT_EQ(pid_, "42");
  EXPECT_THAT(started_, testing::IsEmpty());
}

TEST_F(CommandLine, AnEmptyValueIsRefusedWhateverTheOption) {
  EXPECT_EQ(refused({"dump", "42", "-d", ""}),
            "gorotrace: --duration: its value is empty\nRun with --help for more information.\n");
  EXPECT_THAT(refused({"dump", ""}), HasSubstr("its value is empty"));
  EXPECT_THAT(refused({"dump", "-p", ""}), HasSubstr("--pid: its value is empty"));
  EXPECT_THAT(refused({"dump", "-p", "42", "--diff", "", "b"}), HasSubstr("--diff: its value is empty"));
  EXPECT_THAT(refused({"ps", "--where", ""}), HasSubstr("--where: its value is empty"));
  EXPECT_THAT(refused({"ps", "a", ""}), HasSubstr("its value is empty"));
  EXPECT_THAT(refused({"--color", "", "ps"}), HasSubstr("--color: its value is empty"));
  EXPECT_EQ(refused({"dump", "42", "-d", "1s", "--json"}), "");
}

TEST_F(CommandLine, AValueMayBeginWithAMinus) {
  EXPECT_EQ(refused({"ps", "--where", "-x"}), "");
  EXPECT_EQ(where_, std::vector<std::string>{"-x"});
  EXPECT_THAT(refused({"ps", "--where", "--color"}), HasSubstr("needs a value"));
}

TEST_F(CommandLine, NothingBehindTheEqualsSignIsNoReasonToTakeTheNextWord) {
  for (const std::string given : {"-d=", "--duration="}) {
    EXPECT_EQ(refused({"dump", given, "-p", "1"}),
              "gorotrace: --duration: its value is empty\nRun with --help for more information.\n");
    EXPECT_THAT(refused({"dump", "-p", "1", given}), HasSubstr("--duration: its value is empty"));
  }
  EXPECT_THAT(refused({"--color=", "ps"}), HasSubstr("--color: its value is empty"));
  EXPECT_THAT(refused({"ps", "--color="}), HasSubstr("--color: its value is empty"));
  EXPECT_THAT(refused({"dump", "-p=", "5"}), HasSubstr("--pid: its value is empty"));
  EXPECT_THAT(refused({"dump", "5", "--json="}), HasSubstr("--json: its value is empty"));
  EXPECT_THAT(refused({"ps", "--where="}), HasSubstr("--where: its value is empty"));
  EXPECT_EQ(refused({"ps", "--where", "user="}), "");  // not an option's
}

TEST_F(CommandLine, AnOptionIsNoOthersValue) {
  EXPECT_EQ(refused({"dump", "-d", "-p", "1"}),
            "gorotrace: --duration needs a value, and is followed by the option -p\n"
            "Run with --help for more information.\n");
  EXPECT_THAT(refused({"dump", "1", "--diff", "a", "--json"}), HasSubstr("--diff needs a value, and is"));
  EXPECT_EQ(refused({"ps", "--where", "-user"}), "");  // not an option of any command's
  EXPECT_EQ(refused({"ps", "--", "--color="}), "");
}

TEST_F(CommandLine, ShortOptionsTakeAnEqualsSignAsGosFlagsDo) {
  EXPECT_EQ(refused({"dump", "-d=5s", "-p=1"}), "");
  EXPECT_EQ(duration_, "5s");
  EXPECT_EQ(pid_, "1");
}

TEST_F(CommandLine, SeveralProcessesStandBareAsWell) {
  EXPECT_EQ(refused({"stat", "1", "2,3", "-p", "4", "--color", "never", "5"}), "");
  EXPECT_THAT(several_, testing::ElementsAre("1", "2", "3", "4", "5"));
  EXPECT_EQ(colour_, "never");
}

TEST_F(CommandLine, WhatIsOneTooManyIsNamed) {
  EXPECT_THAT(refused({"dump", "1", "2"}),
              HasSubstr("gorotrace: dump takes one process: \"2\" is one too many\n"));
  EXPECT_THAT(refused({"read", "a", "b"}),
              HasSubstr("gorotrace: read takes one file: \"b\" is one too many\n"));
  EXPECT_THAT(refused({"compare", "a", "b", "c"}),
              HasSubstr("gorotrace: compare takes BEFORE and AFTER: \"c\" is one too many\n"));
  EXPECT_THAT(refused({"dump", "1", "-d", "1s", "-d", "2s"}),
              HasSubstr("gorotrace: --duration is given twice\n"));
  EXPECT_THAT(refused({"dump", "1", "-d", "1s", "-d", "2s", "-d", "3s"}), HasSubstr("is given 3 times\n"));
  EXPECT_THAT(refused({"dump", "1", "--where", "x"}),
              HasSubstr("gorotrace: dump has no option \"--where\"\n"));
  EXPECT_THAT(refused({"dmup"}),
              HasSubstr("gorotrace: there is no command or option \"dmup\"; commands: dump, ps, "));
}

TEST_F(CommandLine, AnOptionWithoutItsValueIsNamed) {
  EXPECT_THAT(refused({"dump", "1", "-d"}), HasSubstr("gorotrace: --duration needs a value\n"));
  EXPECT_THAT(refused({"dump", "1", "--diff", "a"}), HasSubstr("gorotrace: --diff needs 2 values\n"));
  EXPECT_THAT(refused({"dump", "1", "--color"}), HasSubstr("gorotrace: --color needs a value\n"));
}

TEST_F(CommandLine, OfTwoWaysToNameAProcessNeitherIsRequired) {
  EXPECT_THAT(program_.get_subcommand("dump")->help(), Not(HasSubstr("(required)")));
}

TEST(Messages, BreakAtSpacesWhereATerminalEnds) {
  EXPECT_EQ(message_lines("gorotrace: one two three\n  12  a list of it\n", 16),
            "gorotrace: one\n  two three\n  12  a list of\n    it\n");
  const std::string line = "gorotrace: " + std::string(300, 'x') + " y\n  z\n";
  EXPECT_EQ(message_lines(line, kNoWidth), line);
}

}  // namespace
}  // namespace gorotrace
