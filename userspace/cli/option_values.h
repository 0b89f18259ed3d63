// The values options take, as text from the command line. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "probe/group_list.h"
#include "probe/plan.h"
#include "report/stat_rows.h"

namespace gorotrace {

// "4096", "4k", "8m", "4KiB", "1MiB": bytes, k and m of 1024; a power of two from 4 KiB to 1 GiB, as the
// kernel's ring buffer wants it.
[[nodiscard]] Result<std::uint32_t> parse_ring_size(const std::string& text);

// "1M", "500k", "20000": a number of events, k and M of 1000; at least 1000, or 0, which means all.
[[nodiscard]] Result<std::uint64_t> parse_slice(const std::string& text);

// "5%": a share of one CPU above 0 and up to 1; "none" is 0.
[[nodiscard]] Result<double> parse_cpu_share(const std::string& text);

// --where and --created-by of stat, --by and --sort into one. kUsage, with the values there are, for others.
[[nodiscard]] Result<RowOptions> parse_row_options(const std::vector<std::string>& where,
                                                   const std::vector<std::string>& created_by,
                                                   const std::string& by, const std::string& sort);

// What is wrong with a count of rows ("0" and up), for CLI::Option::check(); "": nothing.
[[nodiscard]] std::string refuse_count(const std::string& text);

}  // namespace gorotrace
