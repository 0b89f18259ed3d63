#include "http/response.h"

namespace gorotrace {

Response answer(unsigned status, std::string_view content_type, std::string body) {
  return {status,
          {{"Content-Type", std::string(content_type)}, {"X-Content-Type-Options", "nosniff"}},
          std::move(body)};
}

Response plain(unsigned status, std::string_view line) {
  return answer(status, kPlainText, std::string(line) + "\n");
}

Response method_not_allowed(std::string_view allowed) {
  Response out = plain(405, "Method Not Allowed");
  out.headers.emplace_back("Allow", allowed);
  return out;
}

}  // namespace gorotrace
