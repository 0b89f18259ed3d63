#include "cli/row_arguments.h"

#include <CLI/CLI.hpp>

#include "cli/option_values.h"

namespace gorotrace {

void add_row_options(CLI::App& command, RowArguments& arguments) {
  command.add_flag("--system", arguments.system, "show the runtime's own goroutines too");
  command
      .add_option("--where", arguments.where,
                  "only rows with 'reason=chan receive' (or a part of it), state=waiting, state=syscall, or "
                  "function=PART OF A NAME in the stack; conditions of one kind are alternatives, those of "
                  "different kinds must all hold; repeatable")
      ->type_name("CONDITION")
      ->option_text("reason= state=waiting state=syscall function=")
      ->allow_extra_args(false);
  command
      .add_option("--created-by", arguments.created_by,
                  "only rows of goroutines whose go statement is in a function with this in its name; "
                  "repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command
      .add_option(
          "--by", arguments.by,
          "one row for all waits of one reason that have this in common: user-frame (they differ in library "
          "frames only), reason (nothing else), creation (the goroutines' function), label:KEY (the value of "
          "that goroutine label, which samples of the goroutines read: a wait counts as \"labels not read\" "
          "until one has read the labels with which it began); when absent each stack has a row")
      ->type_name("CAUSE")
      ->option_text("user-frame reason creation label:");
  command
      .add_option("--sort", arguments.sort,
                  "sort tables that have this column by it, the greatest first: " + all_names<RowSort>(", ") +
                      "; when absent each table has its own order")
      ->type_name("COLUMN")
      ->option_text(all_names<RowSort>(" "));
  command.add_flag("--stacks", arguments.stacks, "whole stacks in the tables");
  command.add_option("--limit", arguments.limit, "rows per table, 0 for all")
      ->type_name("N")
      ->check(refuse_count)
      ->capture_default_str();
}

Result<RowOptions> row_options(const RowArguments& arguments) {
  auto rows = parse_row_options(arguments.where, arguments.created_by, arguments.by, arguments.sort);
  if (rows) rows->filter.system = arguments.system;
  return rows;
}

}  // namespace gorotrace
