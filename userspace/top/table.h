// Rows that a person sorts, filters and walks through. Rows come anew now and then; the cursor stays on the
// first one until a person moves it, and then on its row, wherever that has gone. Pure. Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "top/key.h"
#include "top/picture.h"

namespace gorotrace {

struct TableColumn {
  std::string title;
  // Of a column to the left: the least that it has if its texts are as long; it gets what they need where
  // there is room. The last one gets whatever is left.
  std::size_t width = 0;
  bool left = false;  // aligned to the left, and sorted by text; else to the right, by number
  // Those of the highest rank go first when there is no room, and where no row has anything in them. 0: it
  // stays. Texts from kForWholeNames on also go so that those of the last column are whole.
  unsigned rank = 0;
};

struct TableCell {
  std::string text;                             // printable()
  std::optional<double> number = std::nullopt;  // what it is sorted by; none: behind all others
  Ink ink = Ink::kPlain;
};

struct TableRow {
  std::string id;                // tells it from the others, now and later
  std::vector<TableCell> cells;  // one for each column
  std::string searched;          // what the filter looks for, beside the cells
};

class Table {
 public:
  static constexpr unsigned kForWholeNames = 3;

  // sorted: the column by which rows are sorted until a person says otherwise.
  Table(std::vector<TableColumn> columns, std::size_t sorted);

  void set_rows(std::vector<TableRow> rows);
  // Only rows with this in them, in any case of ASCII letters. "": all.
  void set_filter(std::string filter);
  [[nodiscard]] const std::string& filter() const { return filter_; }

  // Whether the key meant something here: it moves the cursor, or changes the order.
  bool press(const KeyPress& key);
  // Of the row under the cursor.
  [[nodiscard]] std::optional<std::string> chosen() const;
  [[nodiscard]] std::size_t shown() const { return order_.size(); }
  [[nodiscard]] std::size_t total() const { return rows_.size(); }
  [[nodiscard]] const std::string& sorted_by() const { return columns_[sorted_].title; }

  // The head and as many rows as there is room for; `empty` where there are none.
  [[nodiscard]] std::vector<PictureLine> draw(std::size_t lines, std::size_t columns,
                                              const std::string& empty);

 private:
  void arrange();
  [[nodiscard]] bool before(const TableRow& a, const TableRow& b) const;
  void move(std::ptrdiff_t by);
  void sort_by(std::size_t column);
  struct Placed {  // a column that is shown
    std::size_t column, width;
  };
  [[nodiscard]] std::vector<Placed> columns_for(std::size_t width) const;
  void drop_columns(std::vector<Placed>& columns, std::size_t width) const;
  void widen(std::vector<Placed>& columns, std::size_t width) const;
  [[nodiscard]] PictureLine row_line(const TableRow& row, const std::vector<Placed>& columns,
                                     std::size_t width) const;
  [[nodiscard]] PictureLine head_line(const std::vector<Placed>& columns, std::size_t width) const;

  std::vector<TableColumn> columns_;
  std::vector<TableRow> rows_;
  std::vector<bool> empty_;         // of columns_: no row has anything in it
  std::vector<std::size_t> needs_;  // of columns_: the width of the longest text
  std::vector<std::size_t> order_;  // of rows_: those that the filter lets through, sorted
  std::string filter_;
  std::size_t sorted_;
  bool ascending_;
  std::size_t cursor_ = 0, first_ = 0;  // in order_
  bool moved_ = false;                  // the cursor, by a person
  std::size_t page_ = 10;               // rows that were drawn last
};

}  // namespace gorotrace
