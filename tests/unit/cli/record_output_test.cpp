// The last lines of a recording.
#include "cli/record_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace gorotrace {
namespace {

using testing::HasSubstr;
using testing::Not;

class RecordOutputs : public ::testing::Test {
 protected:
  RecordOutputs()
      : folder_(std::filesystem::temp_directory_path() / ("record." + std::to_string(::getpid()))) {
    std::filesystem::create_directory(folder_);
  }
  ~RecordOutputs() override { std::filesystem::remove_all(folder_); }

  // What is said at the end of a recording of one process into that file, which holds so many bytes.
  std::string said(const std::string& name, std::size_t bytes, const Status& written,
                   std::vector<Detachment> detached = {}) {
    const std::string path = (folder_ / name).string();
    auto recorder = Recorder::make(path);
    EXPECT_TRUE(recorder) << recorder.error().message;
    if (bytes != 0) std::ofstream(path) << std::string(bytes, 'x');
    RecordOutput output({.path = path, .duration = std::nullopt, .max_bytes = std::nullopt}, **recorder);
    StatFacts facts;
    facts.target.exe = "/bin/it";
    facts.target.host_pid = 42;
    facts.begin_ns = 1;
    facts.end_ns = 2'000'000'001;
    facts.detached = std::move(detached);
    Tables tables;
    output.summary(facts, tables, symbols_);
    testing::internal::CaptureStderr();
    output.tell_end(written);
    return testing::internal::GetCapturedStderr();
  }

 private:
  struct NoSymbols : Symbolizer {
    const std::vector<Frame>& stack(std::uint64_t) override { return none; }
    bool truncated(std::uint64_t) override { return false; }
    const std::vector<Frame>& frames(std::uint64_t, PcKind) override { return none; }
    std::vector<Frame> none;
  };
  const std::filesystem::path folder_;
  NoSymbols symbols_;
};

TEST_F(RecordOutputs, OfADiskThatTookNothingNothingIsToBeRead) {
  const std::string text = said("f.gtr", 0, fail(ErrorKind::kFailed, "no room"));
  EXPECT_THAT(text, HasSubstr("nothing could be written to "));
  EXPECT_THAT(text, Not(HasSubstr("nothing lost")));
  EXPECT_THAT(text, Not(HasSubstr("next: ")));
}

TEST_F(RecordOutputs, OfAFileThatIsNotWhatWasWrittenNothingIsToBeRead) {
  const std::string text = said("f.gtr", 5, fail(ErrorKind::kFailed, "replaced"));
  EXPECT_THAT(text, HasSubstr(": 0 events\n"));
  EXPECT_THAT(text, Not(HasSubstr("nothing lost")));
  EXPECT_THAT(text, Not(HasSubstr("next: ")));
}

TEST_F(RecordOutputs, AReasonIsSaidOnceForTheGroupsThatItTook) {
  const std::string text = said("f.gtr", 5, {},
                                {{GT_GROUP_CHAN, 200'000'001, "over the budget"},
                                 {GT_GROUP_SYNC, 200'000'001, "over the budget"},
                                 {GT_GROUP_BLOCK, 900'000'001, "over the budget"}});
  EXPECT_THAT(text,
              HasSubstr("; chan, sync went after 200ms: over the budget; block went after 900ms: over the "
                        "budget\n"));
}

}  // namespace
}  // namespace gorotrace
