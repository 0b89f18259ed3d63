#include "cli/sites_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "report/columns.h"
#include "report/wrapping.h"

namespace gorotrace {

std::string sites_text(const Plan& plan, const std::optional<TrapCosts>& costs, std::size_t width) {
  using Row = std::array<std::string, 6>;
  constexpr std::size_t kGroups = 1, kSite = 2, kInstruction = 3;
  constexpr std::string_view kRuntime = "runtime.";
  std::vector<Row> rows = {{"HOOK", "GROUPS", "SITE", "INSTRUCTION", "EXECUTION", "COST"}};
  for (const Site& s : plan.sites) {
    rows.push_back({name_of(s.hook), group_list(s.groups), fmt::format("{}+{:#x}", s.function, s.offset),
                    s.mnemonic, name_of(s.execution),
                    costs ? fmt::format("{:.2f}µs", costs->of(s.execution) / 1e3) : "?"});
  }
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  std::size_t all = 0, gap = 2;
  const auto measure = [&] {
    widths = {};
    for (const Row& row : rows) {
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
    }
    for (const Unplanned& u : plan.unplanned) widths[0] = std::max(widths[0], display_width(name_of(u.hook)));
    all = std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - 1));
  };
  measure();
  if (all > width) {
    gap = 1;
    for (Row& row : rows) {
      if (row[kSite].starts_with(kRuntime)) row[kSite].erase(0, kRuntime.size());
    }
    measure();
    for (const auto& [column, narrowest] :
         {std::pair{kSite, std::size_t{16}}, {kGroups, std::size_t{9}}, {kInstruction, std::size_t{14}}}) {
      const std::size_t narrower =
          std::max(narrowest, widths[column] - std::min(widths[column], all - std::min(all, width)));
      all -= widths[column] - std::min(widths[column], narrower);
      widths[column] = std::min(widths[column], narrower);
    }
  }
  std::string text;
  for (const Row& row : rows) {
    std::array<std::vector<std::string>, std::tuple_size_v<Row>> cells;
    std::size_t lines = 1;
    for (std::size_t i = 0; i < row.size(); ++i) {
      cells[i] = broken(row[i], widths[i]);
      lines = std::max(lines, cells[i].size());
    }
    for (std::size_t k = 0; k < lines; ++k) {
      std::string line;
      for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::string part = k < cells[i].size() ? cells[i][k] : "";
        line += i + 1 < cells.size() ? pad_right(part, widths[i] + gap) : pad_left(part, widths[i]);
      }
      text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
  }
  for (const Unplanned& u : plan.unplanned) {
    text += wrapped(fmt::format("{}{}{}: {}", pad_right(name_of(u.hook), widths[0] + gap),
                                u.expected   ? "not needed: "
                                : u.inferred ? "INFERRED: "
                                             : "MISSING: ",
                                u.function, u.reason),
                    width, widths[0] + gap);
  }
  return text;
}

bool lacks_sites(const Plan& plan) {
  return std::ranges::any_of(plan.unplanned, [](const Unplanned& u) { return !u.expected && !u.inferred; });
}

}  // namespace gorotrace
