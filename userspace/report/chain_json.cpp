#include "report/chain_json.h"

#include "report/json_parts.h"

namespace gorotrace {

void chain_json(JsonWriter& out, const std::vector<ChainLink>& chain,
                const std::function<void(const std::vector<Frame>&)>& stack) {
  out.array(chain, [&](const ChainLink& link) {
    out.object([&] {
      out.field("goid", link.creator != 0 ? std::optional(link.creator) : std::nullopt);
      out.key("stack");
      stack(link.stack);
      out.key("site");
      frames_json(out, link.site);
      out.name_field("function", link.start ? link.start->function : "");
    });
  });
}

}  // namespace gorotrace
