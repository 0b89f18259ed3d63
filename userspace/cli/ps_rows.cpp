#include "cli/ps_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

#include "base/plural.h"
#include "base/sort_stably.h"
#include "base/text.h"
#include "report/columns.h"
#include "report/wrapping.h"

namespace gorotrace {
namespace {

std::string cell(const GoRow& row, PsColumn column) {
  switch (column) {
    case PsColumn::kPid:
      return fmt::format("{}", row.process.pid);
    case PsColumn::kUser:
      return row.process.user;
    case PsColumn::kContainer:
      return row.process.container.empty() ? "-" : row.process.container;
    case PsColumn::kGo:
      return row.version;
    case PsColumn::kLink:
      return row.link + (row.stripped ? ",stripped" : "");
    case PsColumn::kGoroutines:
      return row.goroutines ? fmt::format("{}", *row.goroutines) : "?";
    case PsColumn::kCommand:  // as -p takes it
      return row.process.comm +
             (row.library.empty() ? "" : ":" + row.library.substr(row.library.rfind('/') + 1));
    case PsColumn::kModule:
      return !row.unsupported.empty() ? "not supported: " + row.unsupported
             : row.module.empty()     ? "-"
                                      : row.module;
  }
  return "";
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// go1.9 before go1.21: numbers in a text compare as numbers.
using Natural = std::vector<std::pair<std::string, std::uint64_t>>;
Natural natural(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  Natural out;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_of(kDigits), text.size());
    const std::size_t end = std::min(text.find_first_not_of(kDigits, digits), text.size());
    std::uint64_t n = 0;
    std::from_chars(text.data() + digits, text.data() + end, n);
    out.emplace_back(text.substr(0, digits), n);
    text.remove_prefix(end);
  }
  return out;
}

}  // namespace

Status PsFilter::add(std::string_view condition) {
  const std::size_t equals = condition.find('=');
  const std::string_view key = condition.substr(0, equals);
  const std::string value(equals == std::string_view::npos ? "" : condition.substr(equals + 1));
  if (key == "supported" && (value == "yes" || value == "no")) {
    supported_ = value == "yes";
    return {};
  }
  const auto column = value_named<PsColumn>(key);
  if (!column || value.empty()) {
    return fail(
        ErrorKind::kUsage,
        fmt::format("\"{}\" is not a condition; give COLUMN=PART OF IT, the column being one of {}; or "
                    "supported=yes, supported=no",
                    printable(condition, 64), all_names<PsColumn>(", ")));
  }
  parts_.emplace_back(*column, value);
  return {};
}

bool PsFilter::matches(const GoRow& row) const {
  if (supported_ && *supported_ != row.unsupported.empty()) return false;
  if (!names_.empty() && std::ranges::none_of(names_, [&](const std::string& name) {
        return has(cell(row, PsColumn::kCommand), name) || has(row.module, name);
      }))
    return false;
  return std::ranges::all_of(parts_, [&](const auto& wanted) {
    return std::ranges::any_of(parts_, [&](const auto& other) {
      return other.first == wanted.first && has(cell(row, other.first), other.second);
    });
  });
}

Result<PsOrder> parse_ps_order(std::string_view text) {
  PsOrder order;
  std::string_view name = text;
  if (name.starts_with('-')) {
    order.descending = true;
    name.remove_prefix(1);
  }
  const auto column = value_named<PsColumn>(name);
  if (!column)
    return fail(ErrorKind::kUsage,
                fmt::format("\"{}\" is not a column; give one of {}; with - in front the greatest come first",
                            printable(text, 64), all_names<PsColumn>(", ")));
  order.column = *column;
  return order;
}

void sort_rows(std::vector<GoRow>& rows, const PsOrder& order) {
  const auto key = [&](const GoRow& row) {
    const bool number = order.column == PsColumn::kPid || order.column == PsColumn::kGoroutines;
    const std::int64_t value = order.column == PsColumn::kPid ? row.process.pid : row.goroutines.value_or(-1);
    return std::tuple(number ? value : 0, number ? Natural{} : natural(cell(row, order.column)));
  };
  if (order.descending) {
    sort_stably(rows, std::ranges::greater{}, key);
  } else {
    sort_stably(rows, {}, key);
  }
}

std::string forbidden_text(const std::vector<pid_t>& pids, bool root) {
  constexpr std::size_t kNamed = 5;
  const std::string who =
      pids.size() > kNamed
          ? plural(pids.size(), "process", "processes")
          : fmt::format("{} {}", pids.size() == 1 ? "process" : "processes", fmt::join(pids, ", "));
  return fmt::format("{} may not be read and {} not listed: {}", who, pids.size() == 1 ? "is" : "are",
                     root ? "of a user namespace above this one, or protected by a security module"
                          : "run as root, or add CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH");
}

std::string ps_text(const std::vector<GoRow>& rows, const Screen& screen) {
  constexpr std::array kColumns{PsColumn::kPid,  PsColumn::kUser,       PsColumn::kContainer, PsColumn::kGo,
                                PsColumn::kLink, PsColumn::kGoroutines, PsColumn::kCommand};
  constexpr std::array<const char*, kColumns.size()> kHeads{"PID",  "USER",       "CONTAINER", "GO",
                                                            "LINK", "GOROUTINES", "COMMAND"};
  std::array<std::size_t, kColumns.size()> widths{};
  for (std::size_t i = 0; i < widths.size(); ++i) {
    widths[i] = std::string_view(kHeads[i]).size();
    for (const GoRow& row : rows) widths[i] = std::max(widths[i], display_width(cell(row, kColumns[i])));
  }
  widths[0] = std::max<std::size_t>(widths[0], 7);
  const auto line = [&](const auto& text, const std::string& last) {
    std::string out;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const bool number = kColumns[i] == PsColumn::kPid || kColumns[i] == PsColumn::kGoroutines;
      const std::string value = text(i);
      out += (i > 0 ? " " : "") + (number ? pad_left(value, widths[i]) : pad_right(value, widths[i]));
    }
    constexpr std::size_t kReasonIndent = 8;
    const std::size_t width = screen.name_width();
    if (display_width(out) + 1 + display_width(last) <= width) return out + " " + last + "\n";
    out.resize(out.find_last_not_of(' ') + 1);
    // A reason is longer than a line.
    return wrapped(out, width, kReasonIndent) +
           wrapped(std::string(kReasonIndent, ' ') + last, width, kReasonIndent);
  };
  std::string out = line([&](std::size_t i) { return std::string(kHeads[i]); }, "MODULE");
  for (const GoRow& row : rows)
    out += line([&](std::size_t i) { return cell(row, kColumns[i]); }, cell(row, PsColumn::kModule));
  return out;
}

}  // namespace gorotrace
