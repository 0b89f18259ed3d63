// Records as columns: what follows what in one column hardly differs, so that times, goroutines and stacks
// take little once they are compressed. README.md has the layout. Every field but `seq` is kept: order and
// loss have been settled before (stream/router.h). One target's, in the order of the stream. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bpf/shared/abi.h"

namespace gorotrace {

// More records than this are no one block: whoever has more makes several.
inline constexpr std::size_t kMaxBlockRecords = 4096;

void append_columns(std::span<const gt_record> records, std::string& out);
// Error: not what append_columns() makes. target, generation: of all records, whom the message names.
[[nodiscard]] Result<std::vector<gt_record>> read_columns(std::string_view bytes, gt_u16 target,
                                                          gt_u8 generation);

}  // namespace gorotrace
