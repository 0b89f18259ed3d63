#include "report/chain_json.h"

namespace gorotrace {

void chain_json(JsonWriter& out, const std::vector<ChainLink>& chain, const FramesWriter& stack,
                const FramesWriter& site) {
  out.array(chain, [&](const ChainLink& link) {
    out.object([&] {
      out.field("goid", link.creator != 0 ? std::optional(link.creator) : std::nullopt);
      out.key("stack");
      stack(out, link.stack);
      out.key("site");
      site(out, link.site);
      out.name_field("function", link.start ? link.start->function : "");
    });
  });
}

}  // namespace gorotrace
