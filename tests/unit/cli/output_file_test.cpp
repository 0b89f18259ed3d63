// What a result may not be written over.
#include "cli/output_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/trace_output.h"
#include "recording/claimed_file.h"

namespace gorotrace {
namespace {

class OutputFiles : public ::testing::Test {
 protected:
  OutputFiles() : folder_(std::filesystem::temp_directory_path() / ("output." + std::to_string(::getpid()))) {
    std::filesystem::create_directory(folder_);
    std::ofstream(at("live.gtr")) << "a recording";
    std::filesystem::create_symlink("live.gtr", at("link.gtr"));
  }
  ~OutputFiles() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] std::string held(const std::string& name) const {
    std::ifstream file(at(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  const std::filesystem::path folder_;
};

TEST_F(OutputFiles, AFileThatARecordingIsWrittenToIsSpared) {
  auto claimed = ClaimedFile::open(at("live.gtr"));
  ASSERT_TRUE(claimed);
  for (const char* name : {"live.gtr", "link.gtr"}) {
    const auto out = OutputFile::open(at(name));
    ASSERT_FALSE(out) << name;
    EXPECT_EQ(out.error().kind, ErrorKind::kFailed);
    EXPECT_NE(out.error().message.find("a recording is being written to it"), std::string::npos)
        << out.error().message;
    // It would have the name once there is no second file.
    EXPECT_FALSE(TraceOutput(at(name), at("other.gtr")).open(0)) << name;
  }
  EXPECT_EQ(held("live.gtr"), "a recording");
}

TEST_F(OutputFiles, BehindTheRecordingItIsAFileAsAnyOther) {
  {
    auto claimed = ClaimedFile::open(at("live.gtr"));
  }
  auto out = OutputFile::open(at("live.gtr"));
  ASSERT_TRUE(out) << out.error().message;
  out->write("a report");
  ASSERT_TRUE(out->commit());
  EXPECT_EQ(held("live.gtr"), "a report");
}

TEST_F(OutputFiles, ALookAtItKeepsNoRecorderOut) {
  auto out = OutputFile::open(at("live.gtr"));
  ASSERT_TRUE(out);
  EXPECT_TRUE(ClaimedFile::open(at("live.gtr")));
}

}  // namespace
}  // namespace gorotrace
