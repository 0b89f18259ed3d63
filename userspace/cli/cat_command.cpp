// gorotrace cat: a capture file, one line for each item.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>

#include "cli/capture_input.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output_file.h"
#include "cli/terminal.h"
#include "report/item_text.h"

namespace gorotrace {
namespace {

Status cat(const std::string& file) {
  auto out = OutputFile::open("");
  if (!out) return std::unexpected(out.error());
  ItemText text([&](std::string lines) { out->write(for_locale(std::move(lines))); });
  auto read = read_capture(
      file,
      [&](const FileItem& item) {
        text.item(item);
        return Status{};
      },
      [&] {
        text.gap();
        return Status{};
      });
  if (!read) return read;
  return out->commit();
}

}  // namespace

void add_cat_command(CLI::App& app, int& exit) {
  auto file = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("cat", "a capture file as text, a line for each item");
  command->footer(
      "Example: gorotrace cat incident.gtr | grep ' 4217 '\n"
      "A line: seconds since the first item, target, what it is, its fields.\n"
      "Exit codes: 0 done, 1 failed, 2 usage, 3 a file of a newer version.");
  command->add_option("FILE", *file, "a capture file (gorotrace record)")->type_name("FILE")->required();
  command->callback([file, &exit] {
    auto done = cat(*file);
    exit = done ? kExitDone : report_error(done.error());
  });
}

}  // namespace gorotrace
