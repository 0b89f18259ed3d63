// Which rows of a summary are shown, folded by what and in which order: --where, --created-by, --by, --sort.
// Text and JSON show the same. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "evidence/dump_filter.h"
#include "evidence/facts.h"
#include "symbols/stack_table.h"

namespace gorotrace {

// A column to sort by, greatest first. A table that does not have it keeps its own order.
enum class RowSort {
  kDefault,
  kInWindow,
  kBlocked,
  kOldest,
  kCount,
  kTotal,
  kMean,
  kP99,
  kMax,
  kLive,
  kCreated,
  kExited
};
template <>
inline constexpr auto kEnumNames<RowSort> = enum_names<RowSort>({
    {RowSort::kInWindow, "in_window"},
    {RowSort::kBlocked, "blocked"},
    {RowSort::kOldest, "oldest"},
    {RowSort::kCount, "count"},
    {RowSort::kTotal, "total"},
    {RowSort::kMean, "mean"},
    {RowSort::kP99, "p99"},
    {RowSort::kMax, "max"},
    {RowSort::kLive, "live"},
    {RowSort::kCreated, "created"},
    {RowSort::kExited, "exited"},
});

// What makes rows of waits one: beside the wait reason, which it always is, the program's own frames; nothing
// else; the function that their goroutines were started with; or the value of a goroutine label.
enum class FoldBy { kNothing, kUserFrame, kReason, kCreation, kLabel };
template <>
inline constexpr auto kEnumNames<FoldBy> = enum_names<FoldBy>({
    {FoldBy::kUserFrame, "user-frame"},
    {FoldBy::kReason, "reason"},
    {FoldBy::kCreation, "creation"},
    {FoldBy::kLabel, "label:KEY"},
});

struct RowOptions {
  DumpFilter filter;  // its conditions on reasons, functions and creators; system
  RowSort sort = RowSort::kDefault;
  FoldBy by = FoldBy::kNothing;
  std::string label_key = {};  // with FoldBy::kLabel
};

// A row that stands for others is that of the stack which was waited in longest; its `folded` is how many.
struct StatRows {
  std::vector<BlockingRow> blocking;
  std::vector<const CreationRow*> creation;              // of the tables
  std::size_t blocking_hidden = 0, creation_hidden = 0;  // by conditions
  std::size_t blocking_cut = 0;  // of blocking_hidden: by a stack whose deeper frames were not recorded
};
// Whether the conditions choose waits at this place; a row's figures do not matter. The arguments outlive it.
[[nodiscard]] std::function<bool(const BlockingRow&)> wait_filter(const StatFacts& facts,
                                                                  const Tables& tables, Symbolizer& symbols,
                                                                  const DumpFilter& filter);
[[nodiscard]] StatRows stat_rows(const StatFacts& facts, const Tables& tables, Symbolizer& symbols,
                                 const RowOptions& options);

}  // namespace gorotrace
