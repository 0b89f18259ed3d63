#include "manual/man_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "example.h"

namespace gorotrace {
namespace {

using testing::HasSubstr;
using testing::Not;

const ManualVersion kVersion{.version = "1.2.3", .date = "2026-01-02"};

TEST(ManPage, OfACommand) {
  const ProgramText text = example_program();
  const std::string page = command_page(text, text.commands[0], kVersion);
  EXPECT_THAT(page, HasSubstr(".TH PROG\\-RUN 1 2026-01-02 \"prog 1.2.3\" \"User Commands\"\n.nh\n.ad l\n"
                              ".SH NAME\nprog\\-run \\- what it\\(aqs [good] for\n"));
  EXPECT_THAT(
      page,
      HasSubstr("\n\\fBprog\\fR \\fBrun\\fR [\\fIOPTIONS\\fR] \\fB\\-o\\fR \\fIFILE\\fR \\fIPID\\fR...\n"));
  EXPECT_THAT(page,
              HasSubstr("\\fB\\-o\\fR \\fIFILE\\fR \\fB\\-\\-\\fR \\fIPROGRAM\\fR [\\fIARGUMENT\\fR...]\n"));
  EXPECT_THAT(
      page,
      HasSubstr(".SH DESCRIPTION\nWhat it\\(aqs [good] for.\n.PP\nOne note.\nAnd a \\fB\\-\\-limit\\fR.\n"));
  EXPECT_THAT(page, HasSubstr(".TP\n\\fB\\-p\\fR, \\fB\\-\\-pid\\fR \\fITARGET\\fR\nwhich one.\n"));
  EXPECT_THAT(page, HasSubstr(".TP\n\\fB\\-\\-limit\\fR \\fIN\\fR\nrows; 0 for all (default: 10).\n"));
  EXPECT_THAT(page, HasSubstr(".TP\n\\fB\\-v\\fR, \\fB\\-\\-verbose\\fR\nsay more.\n"));
  EXPECT_THAT(page, HasSubstr(".SH EXAMPLES\n.EX\nprog run \\-o f\n.EE\n"));
  EXPECT_THAT(
      page, HasSubstr(".SH EXIT STATUS\n.TP\n\\fB0\\fR\ndone\n.TP\n\\fB1\\fR\nfailed, or so\n.TP\n\\fB2\\fR\n"
                      "usage\n"));
  EXPECT_THAT(page, HasSubstr(".SH SEE ALSO\n.BR prog (1)\n"));
}

TEST(ManPage, OfACommandWithLittleToSay) {
  const ProgramText text = example_program();
  const std::string page = command_page(text, text.commands[1], kVersion);
  EXPECT_THAT(page, HasSubstr(".TP\n\\fICOMMAND\\fR\na command.\n"));
  EXPECT_THAT(page, Not(HasSubstr("EXAMPLES")));
  EXPECT_THAT(page, Not(HasSubstr("EXIT STATUS")));
}

TEST(ManPage, OfTheProgram) {
  const std::string page = program_page(example_program(), kVersion);
  EXPECT_THAT(page, HasSubstr(".TH PROG 1 "));
  EXPECT_THAT(
      page,
      HasSubstr(
          ".SH COMMANDS\n.TP\n.BR prog\\-run (1)\nWhat it\\(aqs [good] for.\n.TP\n.BR prog\\-help (1)\n"));
  EXPECT_THAT(
      page, HasSubstr(".SH OPTIONS OF ALL COMMANDS\n.TP\n\\fB\\-v\\fR, \\fB\\-\\-verbose\\fR\nsay more.\n"));
}

}  // namespace
}  // namespace gorotrace
