// The line table against what the runtime says of the same program counters, and against the symbol table.
#include <gmock/gmock.h>

#include <cstdlib>
#include <set>

#include "golang/code.h"
#include "subjects.h"

namespace gorotrace::testing {
namespace {

using ::testing::Contains;

struct Place {
  std::string function, file;
  int line = 0;
  bool operator==(const Place&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Place& p) {
    return out << p.function << " " << p.file << ":" << p.line;
  }
};

Place place(const Frame& f) {
  return {f.function, f.file, f.line};
}
// {line, function, file} as the program prints them; the runtime writes "?" for no file.
Place printed(const std::vector<std::string>& fields, std::size_t at) {
  const std::string file = fields.size() > at + 2 ? fields[at + 2] : "";
  return {fields.at(at + 1), file == "?" ? "" : file, std::atoi(fields.at(at).c_str())};
}

std::vector<std::string> names_of(const std::vector<GoFunction>& functions) {
  std::vector<std::string> out;
  for (const GoFunction& f : functions) out.emplace_back(f.name);
  return out;
}

class Runnable : public ::testing::TestWithParam<Subject> {};
INSTANTIATE_TEST_SUITE_P(All, Runnable, ::testing::ValuesIn(subjects_where([](const Subject& s) {
                           return !s.hello() && !s.arm64();
                         })),
                         subject_name);

TEST_P(Runnable, FramesAreThoseOfTheRuntime) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  const Pclntab& table = binary->pclntab();
  const auto main = table.function_named("main.main");
  ASSERT_TRUE(main);
  std::ostringstream command;
  command << std::hex << GetParam().path() << ' ' << table.text() << ' ' << table.etext() << " a7 "
          << main->entry;
  const auto lines = run_program(command.str());

  std::vector<std::uint64_t> pcs;
  std::vector<Place> frames;
  std::set<std::string> nameless;
  std::size_t stacks = 0, samples = 0, expanded = 0;
  const auto check_stack = [&] {
    // One pc per logical frame: the first of a group of inlined frames says all of the group.
    for (std::size_t i = 0; i < pcs.size();) {
      const auto ours = table.frames(pcs[i] - 1);
      ASSERT_LE(i + ours.size(), frames.size());
      for (std::size_t k = 0; k < ours.size(); ++k) EXPECT_EQ(place(ours[k]), frames[i + k]);
      for (std::size_t k = 0; k < ours.size(); ++k) EXPECT_EQ(ours[k].inlined, k + 1 < ours.size());
      expanded += ours.size() - 1;
      i += ours.size();
    }
    stacks += pcs.empty() ? 0 : 1;
    pcs.clear();
    frames.clear();
  };
  for (const auto& line : lines) {
    if (line[0] == "pc") pcs.push_back(std::strtoull(line.at(1).c_str(), nullptr, 16));
    if (line[0] == "frame") frames.push_back(printed(line, 1));
    if (line[0] == "stack" || line[0] == "at") check_stack();
    if (line[0] != "at") continue;
    ++samples;
    const std::uint64_t pc = std::strtoull(line.at(1).c_str(), nullptr, 16);
    // The runtime does not look before an address that is a function's entry: the byte before it cannot be
    // asked for.
    if (const auto next = table.function_at(pc + 1); next && next->entry == pc + 1) continue;
    Place ours = place(table.frames(pc).front());
    const Place theirs = printed(line, 2);
    if (theirs.function.empty() && !ours.function.empty()) {
      nameless.insert(ours.function);
      ours.function.clear();
    }
    ASSERT_EQ(ours, theirs) << line[1];
  }
  check_stack();
  // runtime.funcname takes name offset 0 for no name, so one function of the table is nameless to it.
  EXPECT_LE(nameless.size(), 1u);
  EXPECT_GE(stacks, 5u);
  EXPECT_GT(samples, 1000u);
  if (!GetParam().unoptimized()) {
    EXPECT_GE(expanded, 10u);
  }
}

class Unstripped : public ::testing::TestWithParam<Subject> {};
INSTANTIATE_TEST_SUITE_P(All, Unstripped,
                         ::testing::ValuesIn(subjects_where([](const Subject& s) { return !s.stripped(); })),
                         subject_name);

TEST_P(Unstripped, FunctionsAreWhereTheSymbolTableSays) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  // newproc, entersyscall and others also have an ABI0 wrapper of the same name, which must not be taken.
  for (const char* name :
       {"runtime.newproc", "runtime.newproc.func1", "runtime.newproc1", "runtime.gopark", "runtime.park_m",
        "runtime.ready", "runtime.execute", "runtime.goexit0", "runtime.goexit1", "runtime.entersyscall",
        "runtime.exitsyscall", "runtime.schedule", "runtime.mcall", "runtime.systemstack", "main.main"}) {
    auto symbol = binary->image().symbol(name);
    if (!symbol)
      symbol = binary->image().symbol(std::string(name) + ".abi0");  // assembly without another ABI
    ASSERT_TRUE(symbol) << name;
    const auto f = binary->pclntab().function_named(name);
    ASSERT_TRUE(f) << name;
    EXPECT_EQ(f->entry, symbol->vaddr) << name;
    EXPECT_GE(f->end, symbol->vaddr + symbol->size) << name;
    for (const std::uint64_t pc : {f->entry, f->end - 1}) {
      ASSERT_TRUE(binary->pclntab().function_at(pc));
      EXPECT_EQ(binary->pclntab().function_at(pc)->index, f->index);
    }
  }
  EXPECT_FALSE(binary->pclntab().function_named("runtime.noSuchFunction"));
  EXPECT_EQ(binary->pclntab().text(), binary->image().symbol("runtime.text")->vaddr);
  EXPECT_EQ(binary->pclntab().etext(), binary->image().symbol("runtime.etext")->vaddr);
  EXPECT_EQ(binary->pclntab().moduledata(), binary->image().symbol("runtime.firstmoduledata")->vaddr);
}

TEST_P(Unstripped, StackDeltaFollowsTheFrame) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  const auto f = binary->pclntab().function_named("runtime.park_m");
  ASSERT_TRUE(f);
  EXPECT_EQ(binary->pclntab().sp_delta(f->entry), 0);
  // Behind the first call the frame is there: at least a frame pointer, 8-byte aligned.
  std::optional<std::uint64_t> behind_call;
  disassemble(binary->image(), *f, [&](const cs_insn& insn) {
    const bool call = std::string_view(insn.mnemonic) == "call" || std::string_view(insn.mnemonic) == "bl";
    if (call && !behind_call) behind_call = insn.address;
    return !behind_call;
  });
  ASSERT_TRUE(behind_call);
  const auto delta = binary->pclntab().sp_delta(*behind_call);
  ASSERT_TRUE(delta);
  EXPECT_GE(*delta, 8);
  EXPECT_LT(*delta, 4096);
  EXPECT_EQ(*delta % 8, 0);
  EXPECT_FALSE(binary->pclntab().sp_delta(binary->pclntab().etext() + 64));
}

class Optimized : public ::testing::TestWithParam<Subject> {};
INSTANTIATE_TEST_SUITE_P(All, Optimized, ::testing::ValuesIn(subjects_where([](const Subject& s) {
                           return !s.hello() && !s.unoptimized();
                         })),
                         subject_name);

TEST_P(Optimized, InlineTreesNameTheirHosts) {
  const auto binary = open_subject(GetParam().name);
  ASSERT_TRUE(binary);
  const auto hosts = names_of(binary->pclntab().functions_inlining("main.inlined2"));
  EXPECT_THAT(hosts, Contains("main.outer"));
  EXPECT_THAT(hosts, Contains("main.thing.method"));
  EXPECT_TRUE(binary->pclntab().functions_inlining("main.outer").empty());
  EXPECT_TRUE(binary->pclntab().functions_inlining("runtime.execute").empty());
  EXPECT_TRUE(binary->pclntab().functions_inlining("main.inlined").empty()) << "a prefix is not a name";
}

}  // namespace
}  // namespace gorotrace::testing
