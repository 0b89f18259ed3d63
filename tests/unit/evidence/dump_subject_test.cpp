#include "evidence/dump_subject.h"

#include <gtest/gtest.h>

namespace gorotrace {
namespace {

DumpSubject shop() {
  DumpSubject s;
  s.target.pid = 7;
  s.target.exe = "/opt/v1/shop";
  s.target.main_module = "example.com/shop";
  s.target.main_version = "v1.0.0";
  s.target.go_version = "go1.26.8";
  s.identity = {"a-boot", 100, 0x7ffd1000, "example.com/shop/cmd/api"};
  return s;
}

TEST(DumpSubject, OneProcess) {
  DumpSubject other = shop();
  other.target.host_pid = 4711;  // seen from elsewhere
  EXPECT_EQ(relation(shop(), other), SubjectRelation::kSameProcess);
}

TEST(DumpSubject, ARestartIsAnotherProcessWhateverItsPid) {
  DumpSubject restarted = shop();
  restarted.identity.start_ticks = 200;
  EXPECT_EQ(relation(shop(), restarted), SubjectRelation::kSameProgram);
  DumpSubject rebooted = shop();
  rebooted.identity.boot_id = "another";
  EXPECT_EQ(relation(shop(), rebooted), SubjectRelation::kSameProgram);
}

TEST(DumpSubject, AnExecMakesAnotherProgramOfTheSameProcess) {
  DumpSubject anew = shop();
  anew.identity.start_stack = 0x7ffe2000;
  EXPECT_EQ(relation(shop(), anew), SubjectRelation::kSameProgram);
  EXPECT_TRUE(executed_anew(shop(), anew));
  anew.identity.main_package = "example.com/shop/cmd/worker";
  EXPECT_EQ(relation(shop(), anew), SubjectRelation::kOther);
  DumpSubject unknown = shop();  // who may not trace it does not see it
  unknown.identity.start_stack = 0;
  EXPECT_EQ(relation(shop(), unknown), SubjectRelation::kSameProcess);
  DumpSubject restarted = shop();
  restarted.identity.start_ticks = 200;
  restarted.identity.start_stack = 0x7ffe2000;
  EXPECT_FALSE(executed_anew(shop(), restarted));
}

TEST(DumpSubject, ACanaryIsTheSameProgramWhereverItsFileLies) {
  DumpSubject canary = shop();
  canary.target.pid = 8;
  canary.target.exe = "/opt/v2/shop-canary";
  canary.target.main_version = "v2.0.0";
  EXPECT_EQ(relation(shop(), canary), SubjectRelation::kSameProgram);
}

TEST(DumpSubject, TwoCommandsOfAModuleAreTwoPrograms) {
  DumpSubject other = shop();
  other.identity.main_package = "example.com/shop/cmd/worker";
  EXPECT_EQ(relation(shop(), other), SubjectRelation::kOther);
}

TEST(DumpSubject, WithoutAPackageTheFilesNameAndTheModuleTell) {
  for (const char* unknown : {"", "command-line-arguments"}) {
    DumpSubject a = shop(), b = shop();
    a.identity.main_package = b.identity.main_package = unknown;
    b.target.exe = "/elsewhere/shop";
    EXPECT_NE(relation(a, b), SubjectRelation::kOther);
    b.target.exe = "/opt/v1/worker";
    EXPECT_EQ(relation(a, b), SubjectRelation::kOther);
  }
}

TEST(DumpSubject, TwoRuntimesOfAProcessAreTwoPrograms) {
  DumpSubject a = shop(), b = shop();
  a.target.file = a.target.exe;
  EXPECT_EQ(relation(a, b), SubjectRelation::kSameProcess) << "b is of before files were written down";
  b.target.file = "/opt/v1/libshop.so";
  EXPECT_EQ(relation(a, b), SubjectRelation::kOther);
  b.identity.start_ticks = 200;
  EXPECT_EQ(relation(a, b), SubjectRelation::kSameProgram) << "its library, in another process";
  a.identity.main_package = b.identity.main_package = "";
  EXPECT_EQ(relation(a, b), SubjectRelation::kOther);
}

TEST(DumpSubject, IsNamed) {
  EXPECT_EQ(describe(shop()), "/opt/v1/shop (example.com/shop v1.0.0, go1.26.8), PID 7");
  DumpSubject library = shop();
  library.target.file = "/opt/v1/libshop.so";
  EXPECT_EQ(describe(library),
            "/opt/v1/libshop.so in /opt/v1/shop (example.com/shop v1.0.0, go1.26.8), PID 7");
}

}  // namespace
}  // namespace gorotrace
