#include "manual/command_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "example.h"

namespace gorotrace {
namespace {

using testing::ElementsAre;

TEST(CommandText, UsageNamesWhatIsRequired) {
  const ProgramText text = example_program();
  EXPECT_THAT(usage_lines("prog", text.commands[0]),
              ElementsAre("prog run [OPTIONS] -o FILE PID...",
                          "prog run [OPTIONS] -o FILE -- PROGRAM [ARGUMENT...]"));
  EXPECT_THAT(usage_lines("prog", text.commands[1]), ElementsAre("prog help [OPTIONS] [COMMAND]"));
}

TEST(CommandText, ADescriptionTellsTheDefaultOrThatThereIsNone) {
  const CommandText run = example_program().commands[0];
  EXPECT_EQ(description_with_default(run.options[4]), "rows; 0 for all (default: 10)");
  EXPECT_EQ(description_with_default(run.options[1]), "the file (required)");
  EXPECT_EQ(description_with_default(run.options[2]), "a list: of these");
}

TEST(CommandText, OptionsOfTheProgramStandBehindThoseOfTheCommandOnce) {
  ProgramText text = example_program();
  EXPECT_EQ(all_options(text, text.commands[0]).size(), text.commands[0].options.size() + 1);
  text.commands[0].options.push_back(text.program.options[0]);
  EXPECT_EQ(all_options(text, text.commands[0]).size(), text.commands[0].options.size());
}

TEST(CommandText, OnlyTheFirstClauseIsBrief) {
  EXPECT_EQ(brief("rows per table; 0 for all"), "rows per table");
  EXPECT_EQ(brief("length of the window (10s, 1m30s); until Ctrl-C"), "length of the window");
  EXPECT_EQ(brief("colours and bold: auto, always"), "colours and bold");
  EXPECT_EQ(brief("say more"), "say more");
  EXPECT_EQ(brief(std::string(60, 'a') + ", " + std::string(60, 'b')), std::string(60, 'a'));
  EXPECT_EQ(brief(std::string(200, 'a')).size(), 76u);
  EXPECT_EQ(brief(""), "");
}

}  // namespace
}  // namespace gorotrace
