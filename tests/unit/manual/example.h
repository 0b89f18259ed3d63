// A program with options of every kind.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "manual/command_text.h"

namespace gorotrace {

inline OptionText example_option(std::vector<std::string> names, std::string value, std::string description,
                                 ValueKind kind = ValueKind::kOther, std::vector<std::string> words = {}) {
  OptionText option;
  option.names = std::move(names);
  option.values = value.empty() ? 0 : 1;
  option.value = std::move(value);
  option.description = std::move(description);
  option.kind = kind;
  option.words = std::move(words);
  return option;
}

inline ProgramText example_program() {
  CommandText run;
  run.name = "run";
  run.summary = "what it's [good] for";
  run.notes = {"One note. And a --limit."};
  run.examples = {"prog run -o f"};
  run.exit_codes = "0 done, 1 failed, or so, 2 usage";
  run.starts_program = true;
  run.options.push_back(example_option({"-p", "--pid"}, "TARGET", "which one", ValueKind::kProcess));
  run.options.back().argument = "PID";
  run.options.back().repeatable = true;
  run.options.push_back(example_option({"-o", "--output"}, "FILE", "the file", ValueKind::kFile));
  run.options.back().required = true;
  run.options.push_back(
      example_option({"--groups"}, "GROUPS", "a list: of these", ValueKind::kList, {"lifecycle", "block"}));
  run.options.push_back(
      example_option({"--where"}, "CONDITION", "only these", ValueKind::kWords, {"state=", "label:"}));
  run.options.push_back(example_option({"--limit"}, "N", "rows; 0 for all"));
  run.options.back().default_value = "10";
  CommandText help;
  help.name = "help";
  help.summary = "what a command does";
  help.options.emplace_back();
  help.options.back().argument = "COMMAND";
  help.options.back().values = 1;
  help.options.back().description = "a command";
  help.options.back().words = {"run", "help"};
  help.options.back().kind = ValueKind::kWords;
  ProgramText text;
  text.program.name = "prog";
  text.program.summary = "a program";
  text.program.options.push_back(example_option({"-v", "--verbose"}, "", "say more"));
  text.commands = {run, help};
  return text;
}

}  // namespace gorotrace
