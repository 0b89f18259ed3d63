// `dump --format json`: one object, described by report/dump.schema.json. Distinct stacks stand once in
// "stacks" and goroutines name them, so that a dump of a million goroutines stays readable. Pure.
#pragma once

#include "base/json_writer.h"
#include "evidence/dump.h"
#include "evidence/dump_select.h"

namespace gorotrace {

// limit: goroutines at most, 0 for all. Text is valid UTF-8 whatever the target holds; what is not known is
// null.
void dump_json(JsonWriter& out, const DumpView& view, const Selection& selection, std::size_t limit);

}  // namespace gorotrace
