#include "cli/monitor_config.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace gorotrace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class MonitorConfig : public ::testing::Test {
 protected:
  MonitorConfig()
      : folder_(::testing::TempDir() + ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(folder_);
  }
  ~MonitorConfig() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name, const std::string& content) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << content;
    return path;
  }
  const std::string folder_;
};

TEST_F(MonitorConfig, AnAddressIsRefusedWhereItStandsAndInItsWords) {
  const std::string config = file("c.toml", "\nlisten = \":1\"\n");
  const auto of_file = server_options(*read_config({.config = config}));
  ASSERT_FALSE(of_file);
  EXPECT_EQ(of_file.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(of_file.error().message, StartsWith(config + ":2: listen: "));
  EXPECT_THAT(of_file.error().message, HasSubstr("give token_file, or tls_cert, tls_key and client_ca,"));
  const auto of_line = server_options(*read_config({.config = config, .listen = ":2"}));
  ASSERT_FALSE(of_line);
  EXPECT_THAT(of_line.error().message, StartsWith("--listen: "));
  EXPECT_THAT(of_line.error().message, HasSubstr("give --token-file, or"));
}

TEST_F(MonitorConfig, AFileThatIsNotThereIsAnErrorAndToWhoChecksAWarning) {
  const std::string config = file("c.toml", "token_file = \"/nowhere/token\"\n");
  const auto read = read_config({.config = config});
  ASSERT_TRUE(read);
  const auto options = server_options(*read);
  ASSERT_FALSE(options);
  EXPECT_THAT(options.error().message, StartsWith(config + ":1: token_file: cannot open /nowhere/token: "));
  std::vector<std::string> warnings;
  EXPECT_TRUE(server_options(*read, &warnings));
  EXPECT_THAT(warnings, ElementsAre(options.error().message));
}

TEST_F(MonitorConfig, ATokenThatIsNoneIsAMistake) {
  const std::string config = file(
      "c.toml", "\n\ntoken_file = \"" + file("token", "short\n") + "\"\ntls_cert = \"a\"\ntls_key = \"b\"\n");
  std::vector<std::string> warnings;
  const auto options = server_options(*read_config({.config = config}), &warnings);
  ASSERT_FALSE(options);
  EXPECT_THAT(options.error().message, StartsWith(config + ":3: token_file: "));
  EXPECT_THAT(options.error().message, HasSubstr("16 characters or more"));
}

TEST_F(MonitorConfig, TheLineWeighsMoreThanTheFile) {
  const std::string config = file("c.toml", "token_file = \"/nowhere/token\"\nlisten = \"localhost:1\"\n");
  const auto read = read_config({.config = config, .token_file = file("token", "0123456789abcdef\n")});
  ASSERT_TRUE(read);
  const auto options = server_options(*read);
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->token, "0123456789abcdef");
  EXPECT_EQ(options->address.port(), 1);
  const auto certificate = server_options(*read_config({.config = config,
                                                        .token_file = folder_ + "/token",
                                                        .tls_cert = "/nowhere/c",
                                                        .tls_key = "/nowhere/k"}));
  ASSERT_FALSE(certificate);
  EXPECT_THAT(certificate.error().message, StartsWith("--tls-cert: cannot open /nowhere/c: "));
}

}  // namespace
}  // namespace gorotrace
