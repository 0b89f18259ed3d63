#include "top/table.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/sort_stably.h"
#include "report/columns.h"

namespace gorotrace {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool holds(std::string_view text, std::string_view part) {
  return !std::ranges::search(text, part, [](char a, char b) { return lower(a) == lower(b); }).empty();
}

std::string aligned(std::string_view text, const TableColumn& column, std::size_t width) {
  const std::string fit = column.left ? cut_middle(text, width) : cut_end(text, width);
  return column.left ? pad_right(fit, width) : pad_left(fit, width);
}

}  // namespace

Table::Table(std::vector<TableColumn> columns, std::size_t sorted)
    : columns_(std::move(columns)), sorted_(sorted), ascending_(columns_[sorted].left) {
  set_rows({});
}

void Table::set_rows(std::vector<TableRow> rows) {
  const auto id = moved_ ? chosen() : std::nullopt;
  rows_ = std::move(rows);
  empty_.assign(columns_.size(), true);
  needs_.clear();
  for (const TableColumn& column : columns_)
    needs_.push_back(display_width(column.title) + 1);  // and its arrow
  for (const TableRow& row : rows_) {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      empty_[c] = empty_[c] && row.cells[c].text.empty();
      if (columns_[c].left) needs_[c] = std::max(needs_[c], display_width(row.cells[c].text));
    }
  }
  arrange();
  if (!moved_) cursor_ = 0;
  if (!id) return;
  const auto at = std::ranges::find(order_, *id, [this](std::size_t i) { return rows_[i].id; });
  if (at != order_.end()) cursor_ = static_cast<std::size_t>(at - order_.begin());
}

void Table::set_filter(std::string filter) {
  const auto id = moved_ ? chosen() : std::nullopt;
  filter_ = std::move(filter);
  arrange();
  const auto at =
      id ? std::ranges::find(order_, *id, [this](std::size_t i) { return rows_[i].id; }) : order_.end();
  cursor_ = at != order_.end() ? static_cast<std::size_t>(at - order_.begin()) : 0;
}

std::optional<std::string> Table::chosen() const {
  return cursor_ < order_.size() ? std::optional(rows_[order_[cursor_]].id) : std::nullopt;
}

// Of equal ones in an order of their own, so that rows do not change places for nothing.
bool Table::before(const TableRow& a, const TableRow& b) const {
  const TableCell &x = a.cells[sorted_], &y = b.cells[sorted_];
  if (columns_[sorted_].left) {
    if (x.text != y.text) return ascending_ ? x.text < y.text : y.text < x.text;
  } else {
    if (x.number.has_value() != y.number.has_value()) return x.number.has_value();
    if (x.number != y.number) return ascending_ ? *x.number < *y.number : *y.number < *x.number;
  }
  return a.id < b.id;
}

void Table::arrange() {
  order_.clear();
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const TableRow& row = rows_[i];
    const bool fits = filter_.empty() || holds(row.searched, filter_) ||
                      std::ranges::any_of(row.cells, [&](const auto& c) { return holds(c.text, filter_); });
    if (fits) order_.push_back(i);
  }
  std::ranges::sort(order_, [this](std::size_t a, std::size_t b) { return before(rows_[a], rows_[b]); });
  cursor_ = std::min(cursor_, order_.empty() ? 0 : order_.size() - 1);
}

void Table::move(std::ptrdiff_t by) {
  const auto last = static_cast<std::ptrdiff_t>(order_.size()) - 1;
  const auto to = std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(cursor_) + by, 0,
                                             std::max<std::ptrdiff_t>(last, 0));
  cursor_ = static_cast<std::size_t>(to);
  moved_ = true;
}

void Table::sort_by(std::size_t column) {
  sorted_ = column;
  ascending_ = columns_[column].left;
  arrange();
  cursor_ = 0;  // who sorts wants to see what is first
  moved_ = false;
}

bool Table::press(const KeyPress& key) {
  using enum KeyPress::Kind;
  const auto page = static_cast<std::ptrdiff_t>(std::max<std::size_t>(page_, 1));
  const auto all = static_cast<std::ptrdiff_t>(rows_.size());
  if (key.is(kUp) || key.is("k")) return move(-1), true;
  if (key.is(kDown) || key.is("j")) return move(1), true;
  if (key.is(kPageUp)) return move(-page), true;
  if (key.is(kPageDown)) return move(page), true;
  if (key.is(kHome) || key.is("g")) return move(-all), true;
  if (key.is(kEnd) || key.is("G")) return move(all), true;
  if (key.is("<")) return sort_by(sorted_ == 0 ? columns_.size() - 1 : sorted_ - 1), true;
  if (key.is(">")) return sort_by(sorted_ + 1 == columns_.size() ? 0 : sorted_ + 1), true;
  if (key.is("r")) {
    ascending_ = !ascending_;
    arrange();
    cursor_ = 0;
    moved_ = false;
    return true;
  }
  return false;
}

std::vector<Table::Placed> Table::columns_for(std::size_t width) const {
  std::vector<Placed> out;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const TableColumn& column = columns_[c];
    if (!rows_.empty() && empty_[c] && column.rank != 0) continue;
    out.push_back(
        {c, column.left && c + 1 < columns_.size() ? std::min(column.width, needs_[c]) : column.width});
  }
  drop_columns(out, width);
  widen(out, width);
  return out;
}

// A space behind each but the last.
void Table::drop_columns(std::vector<Placed>& columns, std::size_t width) const {
  const std::size_t last = columns_.size() - 1;
  for (;;) {
    std::size_t taken = 0;
    for (const Placed& p : columns) taken += p.width + (p.column == last ? 0 : 1);
    const std::size_t names = std::max(needs_[last], columns_[last].width) - columns_[last].width;
    const auto first =
        std::ranges::max_element(columns, {}, [this](const Placed& p) { return columns_[p.column].rank; });
    if (first == columns.end() || columns_[first->column].rank == 0) return;
    const TableColumn& column = columns_[first->column];
    const bool wanted = !column.left || column.rank < kForWholeNames;
    if (taken + (wanted ? 0 : std::min(names, columns_[last].width)) <= width) return;
    columns.erase(first);
  }
}

// What is left goes to who needs little first; of what several need more than that each gets the same.
void Table::widen(std::vector<Placed>& columns, std::size_t width) const {
  std::size_t taken = 0;
  std::vector<Placed*> longer;
  for (Placed& p : columns) {
    taken += p.width + (p.column + 1 == columns_.size() ? 0 : 1);
    if (columns_[p.column].left && needs_[p.column] > p.width) longer.push_back(&p);
  }
  std::size_t spare = width - std::min(width, taken), waiting = longer.size();
  const auto lacks = [this](const Placed* p) { return needs_[p->column] - p->width; };
  sort_stably(longer, {}, lacks);
  for (Placed* p : longer) {
    const std::size_t more = std::min(lacks(p), spare / waiting--);
    p->width += more;
    spare -= more;
  }
  if (!columns.empty() && columns.back().column + 1 == columns_.size()) columns.back().width += spare;
}

PictureLine Table::head_line(const std::vector<Placed>& columns, std::size_t width) const {
  PictureLine line;
  for (const auto& [c, room] : columns) {
    const bool sorted = c == sorted_;
    const std::string title = columns_[c].title + (sorted ? (ascending_ ? "▲" : "▼") : "");
    if (!line.empty()) line.push_back({" ", Ink::kHeading});
    line.push_back({aligned(title, columns_[c], room), sorted ? Ink::kSorted : Ink::kHeading});
  }
  return fitted(line, width);
}

PictureLine Table::row_line(const TableRow& row, const std::vector<Placed>& columns,
                            std::size_t width) const {
  PictureLine line;
  for (const auto& [c, room] : columns) {
    const TableCell& cell = row.cells[c];
    if (!line.empty()) line.push_back({" ", Ink::kPlain});
    line.push_back({aligned(cell.text, columns_[c], room), cell.ink});
  }
  return fitted(line, width);
}

std::vector<PictureLine> Table::draw(std::size_t lines, std::size_t width, const std::string& empty) {
  std::vector<PictureLine> out;
  if (lines == 0) return out;
  const std::vector<Placed> columns = columns_for(width);
  out.push_back(head_line(columns, width));
  page_ = lines - 1;
  if (order_.empty() && page_ > 0) {
    out.push_back(fitted({{empty, Ink::kFaint}}, width));
    return out;
  }
  first_ = std::min(first_, cursor_);
  if (cursor_ >= first_ + page_) first_ = cursor_ + 1 - page_;
  if (order_.size() <= page_) first_ = 0;
  first_ = std::min(first_, order_.size() > page_ ? order_.size() - page_ : 0);
  for (std::size_t i = first_; i < order_.size() && i < first_ + page_; ++i) {
    PictureLine line = row_line(rows_[order_[i]], columns, width);
    out.push_back(i == cursor_ ? fitted(line, width, Ink::kChosen) : std::move(line));
  }
  return out;
}

}  // namespace gorotrace
