// What shells make of them tests/e2e/test_completions.py tries in real ones.
#include "manual/completions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "example.h"

namespace gorotrace {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Completions, OfBash) {
  const std::string script = bash_completion(example_program());
  EXPECT_THAT(script, HasSubstr("      run | help)\n"));
  EXPECT_THAT(script, HasSubstr("if [[ $command == run && "));
  EXPECT_THAT(script, HasSubstr("compgen -W \"-p --pid -o --output --groups --where --limit -v --verbose\""));
  EXPECT_THAT(script, HasSubstr("--groups)\n          list=\"lifecycle block\" ;;\n"));
  EXPECT_THAT(script, HasSubstr("compgen -W \"state= label:\""));
  EXPECT_THAT(script, HasSubstr("complete -o default -F _prog prog\n"));
  EXPECT_THAT(script, Not(HasSubstr("{{")));
}

TEST(Completions, OfZsh) {
  const std::string script = zsh_completion(example_program());
  EXPECT_TRUE(script.starts_with("#compdef prog\n"));
  EXPECT_THAT(script, HasSubstr("'run:what it'\\''s \\[good\\] for'"));
  EXPECT_THAT(script, HasSubstr("'*'{-p+,--pid=}'[which one]:TARGET:_prog_processes'"));
  EXPECT_THAT(script, HasSubstr("'*:PID:_prog_processes'"));
  EXPECT_THAT(script, HasSubstr("'(-o --output)'{-o+,--output=}'[the file]:FILE:_files'"));
  EXPECT_THAT(script, HasSubstr("'(--groups)--groups=[a list]:GROUPS:{_prog_list lifecycle block}'"));
  EXPECT_THAT(script, HasSubstr(":CONDITION:{_prog_words state= label\\:}'"));
  EXPECT_THAT(script, HasSubstr("'(--limit)--limit=[rows]:N: '"));
  EXPECT_THAT(script, HasSubstr("'(-v --verbose)'{-v,--verbose}'[say more]'"));
}

TEST(Completions, OfFish) {
  const std::string script = fish_completion(example_program());
  EXPECT_THAT(script, HasSubstr("complete -c prog -n __prog_command -a run -d 'what it\\'s [good] for'\n"));
  EXPECT_THAT(script,
              HasSubstr("-n '__prog_command run' -s p -l pid -xa '(__prog_processes)' -d 'which one'\n"));
  EXPECT_THAT(script, HasSubstr("-n '__prog_command run' -a '(__prog_processes)'\n"));
  EXPECT_THAT(script, HasSubstr("-n '__prog_command run' -s o -l output -rF -d 'the file'\n"));
  EXPECT_THAT(script, HasSubstr("-n '__prog_command run' -l where -xa 'state= label:' -d 'only these'\n"));
  EXPECT_THAT(script, HasSubstr("-n '__prog_command help' -a 'run help'\n"));
}

}  // namespace
}  // namespace gorotrace
