#include "report/json_text.h"

#include <algorithm>

#include "report/json.h"

namespace gorotrace {

void JsonText::value(std::string_view text) {
  const bool plain =
      std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
  if (!plain) return raw(json_text(Json(text)));
  separate();
  text_ += '"';
  text_ += text;
  text_ += '"';
}

}  // namespace gorotrace
