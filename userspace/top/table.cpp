#include "top/table.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

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
    : columns_(std::move(columns)), sorted_(sorted), ascending_(columns_[sorted].left) {}

void Table::set_rows(std::vector<TableRow> rows) {
  const auto id = chosen();
  rows_ = std::move(rows);
  empty_.assign(columns_.size(), true);
  for (const TableRow& row : rows_) {
    for (std::size_t c = 0; c < columns_.size(); ++c) empty_[c] = empty_[c] && row.cells[c].text.empty();
  }
  arrange();
  if (!id) return;
  const auto at = std::ranges::find(order_, *id, [this](std::size_t i) { return rows_[i].id; });
  if (at != order_.end()) cursor_ = static_cast<std::size_t>(at - order_.begin());
}

void Table::set_filter(std::string filter) {
  const auto id = chosen();
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
}

void Table::sort_by(std::size_t column) {
  sorted_ = column;
  ascending_ = columns_[column].left;
  arrange();
  cursor_ = 0;  // who sorts wants to see what is first
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
    return true;
  }
  return false;
}

std::vector<std::size_t> Table::columns_for(std::size_t width) const {
  std::vector<std::size_t> out(columns_.size());
  std::iota(out.begin(), out.end(), std::size_t{0});
  std::erase_if(out, [this](std::size_t c) { return !rows_.empty() && empty_[c] && columns_[c].rank != 0; });
  const auto taken = [&] {
    std::size_t sum = columns_.back().width;
    for (const std::size_t c : out) sum += c + 1 < columns_.size() ? columns_[c].width + 1 : 0;
    return sum;
  };
  while (taken() > width) {
    const auto rank = [this](std::size_t c) { return columns_[c].rank; };
    const auto first = std::ranges::max_element(out, {}, rank);
    if (first == out.end() || columns_[*first].rank == 0) break;
    out.erase(first);
  }
  return out;
}

PictureLine Table::head_line(const std::vector<std::size_t>& columns, std::size_t width) const {
  PictureLine line;
  std::size_t used = 0;
  for (const std::size_t c : columns) {
    const bool last = c + 1 == columns_.size();
    const std::size_t room = last ? (width > used ? width - used : 0) : columns_[c].width;
    const bool sorted = c == sorted_;
    const std::string title = columns_[c].title + (sorted ? (ascending_ ? "▲" : "▼") : "");
    line.push_back({aligned(title, columns_[c], room), sorted ? Ink::kSorted : Ink::kHeading});
    if (!last) line.push_back({" ", Ink::kHeading});
    used += room + 1;
  }
  return fitted(line, width);
}

PictureLine Table::row_line(const TableRow& row, const std::vector<std::size_t>& columns,
                            std::size_t width) const {
  PictureLine line;
  std::size_t used = 0;
  for (const std::size_t c : columns) {
    const bool last = c + 1 == columns_.size();
    const std::size_t room = last ? (width > used ? width - used : 0) : columns_[c].width;
    const TableCell& cell = row.cells[c];
    line.push_back({aligned(cell.text, columns_[c], room), cell.ink});
    if (!last) line.push_back({" ", Ink::kPlain});
    used += room + 1;
  }
  return fitted(line, width);
}

std::vector<PictureLine> Table::draw(std::size_t lines, std::size_t width, const std::string& empty) {
  std::vector<PictureLine> out;
  if (lines == 0) return out;
  const std::vector<std::size_t> columns = columns_for(width);
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
