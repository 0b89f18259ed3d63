// What of a request is taken apart by our own code: its target, its head, the headers that decide who may
// ask, and what a profile is asked for. The first line is the target; the rest a header's value, or a head's
// fields.
#include <algorithm>
#include <string>

#include "check.h"
#include "http/access.h"
#include "http/admission.h"
#include "http/authorization.h"
#include "http/capture_words.h"
#include "http/listen_address.h"
#include "http/pprof_words.h"
#include "http/request_target.h"
#include "http/route.h"
#include "http/service_discovery.h"

using namespace gorotrace;

static constexpr std::string_view kSecret = "0123456789abcdef";

static void check_head(std::string_view target, std::string_view fields) {
  RequestHead head{"GET", target, "HTTP/1.1", fields.size(), {}};
  while (!fields.empty()) {
    const std::string_view line = fields.substr(0, fields.find('\n'));
    fields.remove_prefix(std::min(line.size() + 1, fields.size()));
    const std::size_t colon = std::min(line.find(':'), line.size());
    head.fields.emplace_back(line.substr(0, colon), line.substr(std::min(colon + 1, line.size())));
  }
  const HeadLimits limits;
  const AccessRules rules{.loopback = true, .token = std::string(kSecret), .client_certificate = false};
  Request request;
  if (admission_refusal(head, {limits, rules, false}, request)) return;
  fuzz::check(request.target.path.starts_with('/'), "who is let in asks for a path");
  fuzz::check(names_loopback(request.host), "who is let in asks this machine");
  fuzz::check(!head.field("Transfer-Encoding") && head.field("Host"), "a GET has a Host and no body");
  const auto origin = head.field("Origin");
  fuzz::check(!origin || *origin == "http://" + request.host, "who is let in asks for no foreign page");
  fuzz::check(request.target.path.starts_with("/-/") ||
                  head.field("Authorization").value_or("").find(kSecret) != std::string_view::npos,
              "who is let in has the token");
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view line = text.substr(0, text.find('\n')),
                         header = text.substr(std::min(line.size() + 1, text.size()));
  if (const auto target = parse_request_target(line)) {
    fuzz::check(target->path.starts_with('/') && target->path.find('\0') == std::string::npos,
                "a path is one");
    fuzz::check(target->path.size() <= line.size(), "what is decoded is no longer");
    if (const auto route = route_of(target->path)) {
      fuzz::check(route->target.find('/') == std::string::npos, "an id is one part of a path");
      fuzz::check(route->target.empty() == (route->page < Page::kTargetMetrics), "pages of targets have one");
    }
    if (const auto wanted = profile_wanted(*target, 20); wanted && wanted->seconds)
      fuzz::check(*wanted->seconds > 0 && *wanted->seconds <= 20 && wanted->debug == 0,
                  "a difference is bounded");
    for (const auto& wanted : {trace_wanted(*target), capture_wanted(*target)}) {
      fuzz::check(!wanted || (wanted->duration.count() > 0 && wanted->duration <= kLongestCapture),
                  "a capture is bounded");
    }
    fuzz::check(symbols_wanted(target->raw_query).size() <= 10'000, "symbols are bounded");
  }
  check_head(line, header);
  const std::string secret(kSecret);
  const AccessRules rules{.loopback = true, .token = secret, .client_certificate = false};
  Credentials asker{
      .path = "/metrics", .host = "localhost", .authorization = header, .fetch_site = "", .has_host = true};
  if (!refusal(rules, asker)) {
    fuzz::check(header.find(secret) != std::string_view::npos, "nobody is let in without the token");
  }
  asker = {.path = "/metrics",
           .host = header,
           .authorization = "Bearer 0123456789abcdef",
           .fetch_site = "",
           .has_host = true};
  if (!refusal(rules, asker)) {
    const char first = static_cast<char>(header.front() | 0x20);
    fuzz::check(
        first == 'l' || header.starts_with("127.") || header.starts_with("[::1]") || header.starts_with('['),
        "nobody is let in by another name");
  }
  if (plain_host(header)) fuzz::check_printable(header, "a plain host is printable");
  if (const auto address = parse_listen_address(header))
    fuzz::check(parse_listen_address(address->text())->text() == address->text(),
                "an address is what it is shown as");
  const std::string page = pprof_index({{line, header}}, text);
  fuzz::check(page.find("<script") == std::string::npos, "nothing that is shown is markup");
  return 0;
}
