// How far a figure may be trusted.
#pragma once

#include "base/enum_names.h"

namespace gorotrace {

enum class Quality { kExact, kSampled, kLowerBound, kUpperBound, kEstimated };
template <>
inline constexpr auto kEnumNames<Quality> = enum_names<Quality>({
    {Quality::kExact, "exact"},
    {Quality::kSampled, "sampled"},
    {Quality::kLowerBound, "lower bound"},
    {Quality::kUpperBound, "upper bound"},
    {Quality::kEstimated, "estimated"},
});

}  // namespace gorotrace
