#include "http/access.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace gorotrace {
namespace {

TEST(MayListen, OffLoopbackOnlyWithProtection) {
  const auto local = parse_listen_address("localhost:1").value(),
             everywhere = parse_listen_address(":1").value();
  EXPECT_TRUE(may_listen(local, {}));
  EXPECT_TRUE(may_listen(local, {.token = true}));
  EXPECT_FALSE(may_listen(everywhere, {}));
  EXPECT_FALSE(may_listen(everywhere, {.tls = true}));
  EXPECT_FALSE(may_listen(everywhere, {.insecure_listen = true}));
  EXPECT_FALSE(may_listen(everywhere, {.token = true}));
  EXPECT_TRUE(may_listen(everywhere, {.token = true, .tls = true}));
  EXPECT_TRUE(may_listen(everywhere, {.token = true, .insecure_listen = true}));
  EXPECT_TRUE(may_listen(everywhere, {.tls = true, .client_ca = true}));
  EXPECT_FALSE(may_listen(everywhere, {.client_ca = true}));
  EXPECT_FALSE(may_listen(local, {.client_ca = true}));
}

unsigned status(const AccessRules& rules, const Credentials& asker) {
  const auto refused = refusal(rules, asker);
  return refused ? refused->status : 200;
}

TEST(Refusal, OfForeignPagesOnLoopback) {
  const AccessRules rules{.loopback = true, .token = std::nullopt, .client_certificate = false};
  Credentials asker{
      .path = "/metrics", .host = "localhost:9464", .authorization = "", .fetch_site = "", .has_host = true};
  EXPECT_EQ(status(rules, asker), 200u);
  asker.fetch_site = "same-origin";
  EXPECT_EQ(status(rules, asker), 200u);
  asker.fetch_site = "cross-site";
  EXPECT_EQ(status(rules, asker), 403u);
  asker.fetch_site = "none";
  asker.host = "evil.example";
  EXPECT_EQ(status(rules, asker), 403u);
  asker.path = "/-/healthy";
  EXPECT_EQ(status(rules, asker), 403u);
  asker.host = "";
  EXPECT_EQ(status(rules, asker), 403u);
  asker.has_host = false;
  EXPECT_EQ(status(rules, asker), 200u);
}

TEST(Refusal, OfPagesWithAnotherOrigin) {
  AccessRules rules{.loopback = true, .token = std::nullopt, .client_certificate = false};
  Credentials asker{.path = "/targets",
                    .host = "localhost:9464",
                    .authorization = "",
                    .fetch_site = "same-origin",
                    .has_host = true};
  const auto with_origin = [&](std::string_view origin) {
    asker.origin = origin;
    return status(rules, asker);
  };
  EXPECT_EQ(with_origin("http://localhost:9464"), 200u);
  for (const char* foreign : {"http://evil.example", "null", "", "https://localhost:9464", "http://localhost",
                              "http://localhost:94640", "http://127.0.0.1:9464", "http://localhost:9464/"})
    EXPECT_EQ(with_origin(foreign), 403u) << foreign;
  rules.tls = true;
  EXPECT_EQ(with_origin("http://localhost:9464"), 403u);
  EXPECT_EQ(with_origin("https://localhost:9464"), 200u);
  rules.loopback = false;  // where a token decides, or a certificate
  EXPECT_EQ(with_origin("http://evil.example"), 200u);
}

TEST(Refusal, ByRefererOfBrowsersThatSayNothingElse) {
  const AccessRules rules{.loopback = true, .token = std::nullopt, .client_certificate = false};
  Credentials asker{
      .path = "/targets", .host = "localhost:9464", .authorization = "", .fetch_site = "", .has_host = true};
  const auto with_referer = [&](std::string_view referer) {
    asker.referer = referer;
    return status(rules, asker);
  };
  EXPECT_EQ(with_referer("http://localhost:9464/"), 200u);
  EXPECT_EQ(with_referer("http://localhost:9464"), 200u);
  EXPECT_EQ(with_referer("http://localhost:9464/targets?x=http://evil.example"), 200u);
  for (const char* foreign : {"http://evil.example/", "http://localhost:9464.evil.example/", "about:blank",
                              "", "http://localhost:9464@evil.example/", "https://localhost:9464/"})
    EXPECT_EQ(with_referer(foreign), 403u) << foreign;
  asker.fetch_site = "none";  // it says more than where the last page was
  EXPECT_EQ(with_referer("http://evil.example/"), 200u);
}

TEST(Refusal, WithoutTheToken) {
  const AccessRules rules{.loopback = false, .token = "0123456789abcdef", .client_certificate = false};
  Credentials asker{
      .path = "/targets", .host = "node-7", .authorization = "", .fetch_site = "", .has_host = true};
  for (const char* wrong :
       {"", "Bearer", "Bearer 0123456789abcdeF", "Bearer 0123456789abcde", "Basic 0123456789abcdef"}) {
    asker.authorization = wrong;
    const auto refused = refusal(rules, asker);
    ASSERT_TRUE(refused) << wrong;
    EXPECT_EQ(refused->status, 401u);
    EXPECT_EQ(refused->body, "Unauthorized\n") << "whatever was wrong";
    EXPECT_EQ(refused->headers.back(), (std::pair<std::string, std::string>("WWW-Authenticate", "Bearer")));
  }
  asker.authorization = "Bearer 0123456789abcdef";
  EXPECT_EQ(status(rules, asker), 200u);
  asker.authorization = "";
  asker.path = "/-/ready";
  EXPECT_EQ(status(rules, asker), 200u);
  asker.path = "/-/ready/";
  EXPECT_EQ(status(rules, asker), 401u);
}

TEST(Refusal, BothWhereBothAreDemanded) {
  const AccessRules rules{.loopback = false, .token = "0123456789abcdef", .client_certificate = true};
  Credentials asker{.path = "/sd", .host = "", .authorization = "", .fetch_site = "", .has_host = false};
  asker.certificate_verified = true;
  EXPECT_EQ(status(rules, asker), 401u);
  asker.authorization = "Bearer 0123456789abcdef";
  EXPECT_EQ(status(rules, asker), 200u);
  asker.certificate_verified = false;
  EXPECT_EQ(status(rules, asker), 401u);
}

}  // namespace
}  // namespace gorotrace
