#include "http/page_answer.h"

#include <utility>

#include "html/live_page.h"

namespace gorotrace {
namespace {

// No script or style but the server's own files, no form, no frame around the page.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace

Response page_answer(std::string_view name) {
  auto file = live_page_file(name);
  if (!file) return plain(404, "404 page not found");
  Response out = answer(200, file->content_type, std::move(file->body));
  out.headers.emplace_back("Content-Security-Policy", kPolicy);
  out.headers.emplace_back("Referrer-Policy", "no-referrer");
  out.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  out.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  // Another version of gorotrace has other files of the same names.
  out.headers.emplace_back("Cache-Control", "no-store");
  return out;
}

}  // namespace gorotrace
