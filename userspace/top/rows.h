// The tables that the screen shows, and their rows out of the documents. Pure.
#pragma once

#include <string>
#include <vector>

#include "top/documents.h"
#include "top/node_history.h"
#include "top/table.h"

namespace gorotrace {

[[nodiscard]] Table process_table();
[[nodiscard]] std::vector<TableRow> process_rows(const TopNode& node, const NodeHistory& history);
// "demo", of module, executable and version what tells most.
[[nodiscard]] std::string process_name(const TopProcess& process);

// Rows' ids are the same for the same places, whichever document they are of.
[[nodiscard]] Table wait_table();
[[nodiscard]] std::vector<TableRow> wait_rows(const TopStat& stat);
[[nodiscard]] std::string wait_id(const TopWait& wait);

[[nodiscard]] Table site_table();
[[nodiscard]] std::vector<TableRow> site_rows(const TopStat& stat);
[[nodiscard]] std::string site_id(const TopSite& site);

// Goroutines by state, and those that wait by reason. The id of a reason's row is the reason.
[[nodiscard]] Table state_table();
[[nodiscard]] std::vector<TableRow> state_rows(const TopStat& stat);

// "worker.go:88"; "" when the file is not known.
[[nodiscard]] std::string place_text(const TopFrame& frame);
// The one frame to name a place by; nullptr: there is none.
[[nodiscard]] const TopFrame* telling_frame(const TopStack& stack);

}  // namespace gorotrace
