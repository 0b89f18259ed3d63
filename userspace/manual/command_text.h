// A program's commands and options as text: what help, the pages of the manual and the completions of shells
// are made of.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace gorotrace {

// What can stand for the value of an option or a bare argument, as completions need to know it.
enum class ValueKind {
  kOther,
  kFile,
  kProcess,
  kUser,
  kWords,  // one of `words`, or something else
  kList,   // several of them, with commas between
};

struct OptionText {
  std::vector<std::string> names;  // "-d", "--duration"; none of a bare argument
  std::string argument;            // as it stands bare: "PID"; "" when it does not
  std::string value;               // "TIME"; "" of a flag
  std::string description;         // without the default
  std::string default_value;       // ""; none, or the description tells
  std::vector<std::string> words;  // offered for the value; what ends in = or : goes on behind it
  ValueKind kind = ValueKind::kOther;
  std::size_t values = 0;  // that each use takes
  bool required = false;   // bare or by its name
  bool repeatable = false;
};

struct CommandText {
  std::string name;     // "stat"
  std::string summary;  // a phrase
  std::vector<std::string> notes, examples;
  std::string exit_codes;  // "0 done, 1 failed"
  std::vector<OptionText> options;
  bool starts_program = false;  // behind "--"
};

struct ProgramText {
  CommandText program;  // its options are those of all commands
  std::vector<CommandText> commands;
};

// Of the command, and of the program what the command has not: both may stand behind it.
[[nodiscard]] std::vector<OptionText> all_options(const ProgramText& text, const CommandText& command);

// "length of the window (default: 10s)".
[[nodiscard]] std::string description_with_default(const OptionText& option);

// How it is typed, a line for each way: "gorotrace record [OPTIONS] -o FILE PID...".
[[nodiscard]] std::vector<std::string> usage_lines(const std::string& program, const CommandText& command);

// The first clause of a description, for where there is room for one line.
[[nodiscard]] std::string brief(const std::string& description);

}  // namespace gorotrace
