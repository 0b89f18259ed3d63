// What --where, --created-by, --min-wait and --system choose, of a dump or of rows. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "golang/goroutine.h"

namespace gorotrace {

// As conditions on names hold: one of the parts stands in the text.
[[nodiscard]] bool contains_any(std::string_view text, const std::vector<std::string>& parts);

// Conditions of one kind are alternatives, those of different kinds must all hold.
struct DumpFilter {
  std::vector<std::string> reasons;    // the words of the header, or behind find_reasons() all that they name
  std::vector<GStatus> states;         // of those that a dump can show
  std::vector<std::string> functions;  // part of the name of any frame of its stack
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<std::uint64_t> goids;
  // Part of the name of the function with the go statement, or of one that is named behind it
  // (way_from_user_code).
  std::vector<std::string> created_by;
  std::optional<std::uint64_t> min_wait_ns;  // of what is known: a goroutine of unknown wait is left out
  bool system = false;                       // the runtime's own goroutines too

  // "reason=chan receive", "state=running", "function=net/http", "label=tenant=acme", "goid=42" into the
  // filter; kUsage for anything else; which conditions there are differs from command to command, and the
  // error does not say.
  [[nodiscard]] Status add(std::string_view condition);
  // Replaces a part of a reason by all reasons of that program's Go version that have it ("chan"); a whole
  // one means itself alone. Upper and lower case are one. kUsage, with all there are, for what is in none.
  [[nodiscard]] Status find_reasons(const std::vector<std::string>& wait_reasons,
                                    std::string_view go_version);
  // As options, in one order whatever order they were given in: "--where reason=chan", "--min-wait 60s".
  [[nodiscard]] std::vector<std::string> conditions() const;

 private:
  [[nodiscard]] bool take(std::string_view condition);

  std::vector<std::string> added_;  // as add() was given them
};

// What add() takes, in words.
[[nodiscard]] std::string dump_conditions();

}  // namespace gorotrace
