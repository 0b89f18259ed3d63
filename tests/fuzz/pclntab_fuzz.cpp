// A line table, in a file whose module data agrees with the table's header.
#include "check.h"
#include "golang/pclntab.h"
#include "golang/pclntab_layout.h"
#include "input.h"
#include "line_table_file.h"

using namespace gorotrace;
using fuzz::check;
using fuzz::kText;
using fuzz::kTextSize;

namespace {

void check_frames(const Pclntab& table, std::uint64_t pc) {
  constexpr std::size_t kMost = 257;  // pclntab.cpp kMaxInlineDepth, and the function itself
  const auto frames = table.frames(pc);
  check(!frames.empty() && frames.size() <= kMost, "a pc has some frames");
  check(!frames.back().inlined, "the outermost frame is a function's own");
  for (const Frame& f : frames) {
    fuzz::check_printable(f.function, "a function's name is printable");
    fuzz::check_printable(f.file, "a file's name is printable");
    fuzz::check_printable(f.type_arguments, "type arguments are printable");
    check(f.line >= 0 && (f.line == 0 || !f.file.empty()), "a line is of a file");
    (void)table.functions_inlining(f.function);
  }
  if (const auto function = table.function_at(pc))
    check(function->entry <= pc && pc < function->end, "a function holds its pc");
  const auto delta = table.sp_delta(pc);
  check(!delta || *delta >= 0, "a frame's size is not negative");
}

}  // namespace

// 2 bytes: the offset in the table of what funcdata counts from, the topmost bit for Go 1.27; the table.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto flags = input.take<std::uint16_t>();
  const Bytes table = input.rest();
  if (!PclntabLayout::parse(table, {0, table.size()})) return 0;
  const auto file = fuzz::line_table_file(table, flags & 0x7fff, (flags & 0x8000) != 0);
  const auto image = ElfImage::from_bytes(file);
  check(image.has_value(), "the file around the table is sound");
  const auto pclntab = Pclntab::make(**image);
  check(pclntab.has_value(), "a table whose header is sound is found");
  const Pclntab& t = **pclntab;
  constexpr std::size_t kFunctions = 4;
  for (std::size_t i = 0; i < std::min(t.function_count(), kFunctions); ++i) {
    const auto function = t.function(i);
    if (!function) continue;
    if (const auto named = t.function_named(function->name))
      check(named->name == function->name, "by its name");
    for (const std::uint64_t into : {0u, 20u, 40u}) check_frames(t, function->entry + into);
  }
  for (const std::uint64_t pc : {kText - 1, kText, kText + kTextSize - 1, kText + kTextSize})
    check_frames(t, pc);
  return 0;
}
