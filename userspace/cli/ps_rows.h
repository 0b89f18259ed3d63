// The rows of `ps`: which are shown, in which order, as text. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_names.h"
#include "base/result.h"
#include "cli/terminal.h"
#include "process/discovery.h"

namespace gorotrace {

// A Go runtime: a process may have several.
struct GoRow {
  ProcessRow process;
  std::string library;  // path of the shared library that it is in; "" = the executable
  std::string version = "?", module, link = "?";
  bool stripped = false;
  std::optional<std::int64_t> goroutines;
  std::string unsupported;  // why not; "" = can be traced
};

enum class PsColumn { kPid, kUser, kContainer, kGo, kLink, kGoroutines, kCommand, kModule };
template <>
inline constexpr auto kEnumNames<PsColumn> = enum_names<PsColumn>({
    {PsColumn::kPid, "pid"},
    {PsColumn::kUser, "user"},
    {PsColumn::kContainer, "container"},
    {PsColumn::kGo, "go"},
    {PsColumn::kLink, "link"},
    {PsColumn::kGoroutines, "goroutines"},
    {PsColumn::kCommand, "command"},
    {PsColumn::kModule, "module"},
});

// Conditions on one column are alternatives, those on several must all hold.
class PsFilter {
 public:
  // "user=www", "go=1.21", "supported=no": a part of what the column shows. kUsage for anything else.
  [[nodiscard]] Status add(std::string_view condition);
  // A part of the command, of the library's name or of the module, as `pgrep` takes it.
  void add_name(std::string name) { names_.push_back(std::move(name)); }
  [[nodiscard]] bool matches(const GoRow& row) const;

 private:
  std::vector<std::pair<PsColumn, std::string>> parts_;
  std::vector<std::string> names_;
  std::optional<bool> supported_;
};

struct PsOrder {
  PsColumn column = PsColumn::kPid;
  bool descending = false;
};
// "goroutines", ascending as ps(1) sorts, or "-goroutines".
[[nodiscard]] Result<PsOrder> parse_ps_order(std::string_view text);
void sort_rows(std::vector<GoRow>& rows, const PsOrder& order);

// What is said of processes that could not be looked at; by their PIDs when they are few.
[[nodiscard]] std::string forbidden_text(const std::vector<pid_t>& pids, bool root);

// Columns as wide as what is in them. What is no screen has one line for each row.
[[nodiscard]] std::string ps_text(const std::vector<GoRow>& rows, const Screen& screen);

}  // namespace gorotrace
