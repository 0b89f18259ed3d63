#include "http/admission.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

struct Outcome {
  unsigned status = 200;
  Request request;
};

Outcome outcome(const RequestHead& head, const AccessRules& access = {}) {
  Outcome out;
  const HeadLimits limits;
  if (const auto refused = admission_refusal(head, {limits, access, false}, out.request))
    out.status = refused->status;
  return out;
}

TEST(Admission, FillsTheRequest) {
  const auto got =
      outcome({"HEAD", "/a%20b?c=d", "HTTP/1.1", 90, {{"Host", "localhost:1"}, {"accept", "text/plain"}}});
  ASSERT_EQ(got.status, 200u);
  EXPECT_EQ(got.request.method, Method::kHead);
  EXPECT_EQ(got.request.target.path, "/a b");
  EXPECT_EQ(got.request.host, "localhost:1");
  EXPECT_EQ(got.request.accept, "text/plain");
}

// RFC 9112 3.2.2.
TEST(Admission, AWholeUrlsHostCounts) {
  const auto got =
      outcome({"GET", "http://127.0.0.1:9464/metrics", "HTTP/1.1", 90, {{"Host", "evil.example"}}});
  ASSERT_EQ(got.status, 200u);
  EXPECT_EQ(got.request.target.path, "/metrics");
  EXPECT_EQ(got.request.host, "127.0.0.1:9464");
  EXPECT_EQ(outcome({"GET", "http://evil.example/metrics", "HTTP/1.1", 90, {{"Host", "localhost"}}}).status,
            403u);
  EXPECT_EQ(outcome({"GET", "http://evil.example/metrics", "HTTP/1.0", 90, {}}).status, 403u);
  EXPECT_EQ(outcome({"GET", "http://localhost/metrics", "HTTP/1.1", 90, {}}).status, 400u);
}

TEST(Admission, TheOriginIsThatOfTheHostThatIsAsked) {
  const auto status = [](std::string_view target, std::string_view host, std::string_view origin) {
    return outcome({"GET", target, "HTTP/1.1", 90, {{"Host", host}, {"Origin", origin}}}).status;
  };
  EXPECT_EQ(status("/targets", "localhost:1", "http://localhost:1"), 200u);
  EXPECT_EQ(status("/targets", "localhost:1", "http://evil.example"), 403u);
  EXPECT_EQ(status("/targets", "localhost:1", "null"), 403u);
  EXPECT_EQ(status("http://127.0.0.1:1/targets", "localhost:1", "http://127.0.0.1:1"), 200u);
  EXPECT_EQ(
      outcome({"GET", "/", "HTTP/1.1", 90, {{"Host", "localhost"}, {"Referer", "http://evil/"}}}).status,
      403u);
  EXPECT_EQ(outcome({"GET", "/", "HTTP/1.0", 90, {{"Origin", "http://evil"}}}).status, 403u);
}

TEST(Admission, OtherMethodsAreNotAllowedWhateverTheirTarget) {
  for (const auto& [method, target] : {std::pair{"OPTIONS", "*"},
                                       {"CONNECT", "localhost:80"},
                                       {"get", "/"},
                                       {"PUT", "/%zz"},
                                       {"X", "/metrics"}})
    EXPECT_EQ(outcome({method, target, "HTTP/1.1", 90, {{"Host", "localhost"}}}).status, 405u) << method;
  for (const char* target : {"*", "localhost:80", "/%zz", "/%00"})
    EXPECT_EQ(outcome({"GET", target, "HTTP/1.1", 90, {{"Host", "localhost"}}}).status, 400u) << target;
}

TEST(Admission, NobodyGetsPastTheTokenByTheShapeOfARequest) {
  const AccessRules access{.loopback = false, .token = "0123456789abcdef", .client_certificate = false};
  const std::pair<std::string_view, std::string_view> host{"Host", "x"},
      right{"Authorization", "Bearer 0123456789abcdef"}, wrong{"Authorization", "Bearer 0123456789abcdeF"};
  const auto status = [&](std::string_view method, std::string_view target,
                          const decltype(RequestHead::fields)& fields) {
    return outcome({method, target, "HTTP/1.1", 90, fields}, access).status;
  };
  EXPECT_EQ(status("GET", "/metrics", {host, right}), 200u);
  EXPECT_EQ(status("GET", "http://x/metrics", {host, right}), 200u);
  EXPECT_EQ(status("GET", "http://x/metrics", {host, wrong}), 401u);
  EXPECT_EQ(status("GET", "http://x/-/healthy", {host}), 200u);
  EXPECT_EQ(status("GET", "/metrics", {host, right, wrong}), 400u);
  EXPECT_EQ(status("GET", "/metrics", {host, wrong, right}), 400u);
  for (const char* target :
       {"/-/healthy/../../metrics", "/-/healthy?/metrics", "//-/healthy", "/-/Healthy", "/-/healthy/"})
    EXPECT_EQ(status("GET", target, {host}),
              std::string_view(target).find('?') == std::string_view::npos ? 401u : 200u)
        << target;
  EXPECT_EQ(status("OPTIONS", "*", {host}), 401u);
}

}  // namespace
}  // namespace gorotrace
