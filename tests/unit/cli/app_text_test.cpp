#include "cli/app_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/help_format.h"
#include "report/frames.h"

namespace gorotrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Options as our commands have them.
class AppText : public testing::Test {
 protected:
  AppText() {
    program_.name("prog");
    program_.formatter(help_format(kNoWidth));
    program_.add_option("--color", one_, "colours")->type_name("WHEN")->option_text("auto always");
    CLI::App* record = program_.add_subcommand("record", "write");
    record->add_option("-p,--pid,PID", many_, "which one")->type_name("TARGET")->allow_extra_args(false);
    record->add_option("-o,--output", one_, "the file")->type_name("FILE")->required();
    record->add_option("--diff", pair_, "two")->expected(2)->type_name("BEFORE AFTER");
    record->add_option("--limit", limit_, "rows")->type_name("N")->capture_default_str();
    record->add_flag("--json", flag_, "JSON");
    record->footer(
        "Example: prog record -o f\n"
        "         prog record -o f --limit 1\n"
        "           --json\n"
        "A note.\n"
        "Exit codes: 0 done, 1 failed.");
    program_.add_subcommand("help", "")->add_option("COMMAND", one_, "");
  }
  CLI::App program_;
  std::string one_;
  std::vector<std::string> many_, pair_;
  int limit_ = 10;
  bool flag_ = false;
};

TEST_F(AppText, WhatAnOptionTakes) {
  const ProgramText text = program_text(program_);
  ASSERT_EQ(text.commands.size(), 2u);
  const CommandText& record = text.commands[0];
  EXPECT_TRUE(record.starts_program);
  ASSERT_EQ(record.options.size(), 6u);
  EXPECT_THAT(record.options[0].names, ElementsAre("-h", "--help"));
  EXPECT_EQ(record.options[0].values, 0u);
  const OptionText& pid = record.options[1];
  EXPECT_THAT(pid.names, ElementsAre("-p", "--pid"));
  EXPECT_EQ(pid.argument, "PID");
  EXPECT_EQ(pid.value, "TARGET");
  EXPECT_EQ(pid.kind, ValueKind::kProcess);
  EXPECT_TRUE(pid.repeatable);
  EXPECT_FALSE(pid.required);
  EXPECT_EQ(record.options[2].kind, ValueKind::kFile);
  EXPECT_TRUE(record.options[2].required);
  EXPECT_FALSE(record.options[2].repeatable);
  EXPECT_EQ(record.options[3].values, 2u);
  EXPECT_FALSE(record.options[3].repeatable);
  EXPECT_EQ(record.options[4].default_value, "10");
  EXPECT_EQ(record.options[5].value, "");
}

TEST_F(AppText, WordsOfValues) {
  const ProgramText text = program_text(program_);
  EXPECT_THAT(text.program.options.back().words, ElementsAre("auto", "always"));
  EXPECT_EQ(text.program.options.back().kind, ValueKind::kWords);
  const OptionText& command = text.commands[1].options.back();
  EXPECT_THAT(command.words, ElementsAre("record", "help"));
  EXPECT_THAT(command.names, IsEmpty());
}

TEST_F(AppText, AFooterIsExamplesNotesAndExitCodes) {
  const CommandText record = command_text(*program_.get_subcommand("record"));
  EXPECT_THAT(record.examples, ElementsAre("prog record -o f", "prog record -o f --limit 1 --json"));
  EXPECT_THAT(record.notes, ElementsAre("A note."));
  EXPECT_EQ(record.exit_codes, "0 done, 1 failed");
}

TEST_F(AppText, HelpIsMadeOfTheSame) {
  const std::string help = program_.get_subcommand("record")->help("prog");
  EXPECT_THAT(help, HasSubstr("Usage: prog record [OPTIONS] -o FILE PID...\n"
                              "       prog record [OPTIONS] -o FILE -- PROGRAM [ARGUMENT...]\n"));
  EXPECT_THAT(help, HasSubstr("  PID...                      the same as -p,--pid TARGET\n"));
  EXPECT_THAT(help, HasSubstr("  -o,--output FILE            the file (required)\n"));
  EXPECT_THAT(help, HasSubstr("  --limit N                   rows (default: 10)\n"));
  EXPECT_THAT(help, HasSubstr("\nOptions of all commands: --color (prog help).\n"));
  EXPECT_THAT(program_.help(), HasSubstr("Usage: prog [OPTIONS] COMMAND ...\n"));
}

}  // namespace
}  // namespace gorotrace
