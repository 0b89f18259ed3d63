// Which part of a recording is meant, as commands that read one take it.
#pragma once

#include <string>

#include "base/result.h"
#include "recording/part_of_window.h"

namespace CLI {
class App;
}

namespace gorotrace {

struct PartArguments {
  std::string to_option = "--to";  // how the command calls it
  std::string from, to;            // as typed
};

void add_part_options(CLI::App& command, PartArguments& arguments);
[[nodiscard]] Result<PartWanted> part_wanted(const PartArguments& arguments);

}  // namespace gorotrace
