// What becomes of a request, from its head alone: it is handed on to who answers it, or refused. Pure; what
// comes in is hostile.
#pragma once

#include <optional>

#include "http/access.h"
#include "http/request.h"
#include "http/request_head.h"
#include "http/response.h"

namespace gorotrace {

struct AdmissionRules {
  const HeadLimits& limits;
  const AccessRules& access;
  bool certificate_verified = false;
};

// nullopt: `request` has its method, target and headers, and may be answered.
[[nodiscard]] std::optional<Response> admission_refusal(const RequestHead& head, const AdmissionRules& rules,
                                                        Request& request);

}  // namespace gorotrace
