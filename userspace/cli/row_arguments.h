// Which rows of a summary are shown and how, as commands that print one take it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "report/stat_rows.h"

namespace CLI {
class App;
}

namespace gorotrace {

struct RowArguments {  // as typed
  std::vector<std::string> where, created_by;
  std::string by, sort;
  bool system = false, stacks = false;
  std::size_t limit = 10;
};

void add_row_options(CLI::App& command, RowArguments& arguments);
[[nodiscard]] Result<RowOptions> row_options(const RowArguments& arguments);

}  // namespace gorotrace
