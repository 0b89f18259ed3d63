#include "http/admission.h"

#include <string_view>
#include <utility>

namespace gorotrace {
namespace {

std::optional<Method> method_of(std::string_view name) {
  if (name == "GET") return Method::kGet;
  if (name == "HEAD") return Method::kHead;
  if (name == "POST") return Method::kPost;
  return std::nullopt;
}

}  // namespace

std::optional<Response> admission_refusal(const RequestHead& head, const AdmissionRules& rules,
                                          Request& request) {
  if (auto refused = head_refusal(head, rules.limits)) return refused;
  const auto method = method_of(head.method);
  auto target = parse_request_target(head.target);
  // "*" and HOST:PORT are targets of methods that are none here.
  if (!target && method) return plain(400, "Bad Request");
  const auto host = head.field("Host");
  Credentials asker;
  if (target) asker.path = target->path;
  // RFC 9112 3.2.2: of a whole URL that one counts, whatever the Host says.
  asker.host = target && target->authority ? *target->authority : host.value_or("");
  asker.has_host = host || (target && target->authority);
  asker.authorization = head.field("Authorization").value_or("");
  asker.fetch_site = head.field("Sec-Fetch-Site").value_or("");
  asker.origin = head.field("Origin");
  asker.referer = head.field("Referer");
  asker.certificate_verified = rules.certificate_verified;
  if (auto refused = refusal(rules.access, asker)) return refused;
  if (!method) return method_not_allowed("GET, HEAD");
  request.method = *method;
  request.host = asker.host;
  request.accept = head.field("Accept").value_or("");
  request.target = *std::move(target);
  return std::nullopt;
}

}  // namespace gorotrace
