// What of the manual is written by hand (prose/), as the build embedded it.
#pragma once

#include <string_view>

namespace gorotrace {

// Of one page, in roff: what goes on after its DESCRIPTION has begun, up to the first section, and its
// sections.
struct PageProse {
  std::string_view description, sections;  // "" when there is nothing to say
};

// embedded: all of them, each behind a line `.\" PAGE`.
[[nodiscard]] PageProse prose_in(std::string_view embedded, std::string_view page);
// page: "gorotrace-stat".
[[nodiscard]] PageProse prose_of(std::string_view page);

}  // namespace gorotrace
