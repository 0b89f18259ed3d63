// What the linker wrote about the build, and the names of wait reasons: the data segment of a file.
#include "golang/buildinfo.h"

#include "check.h"
#include "elf_file.h"
#include "golang/globals.h"
#include "input.h"

using namespace gorotrace;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kData = 0x600000;
  fuzz::Input input(data, size);
  const bool named = (input.take<std::uint8_t>() & 1) != 0;
  const Bytes bytes = input.rest();
  const auto file =
      fuzz::elf_file({{named ? ".go.buildinfo" : ".data", kData, {bytes.begin(), bytes.end()}, PF_R | PF_W},
                      {".rodata", 2 * kData, {bytes.begin(), bytes.end()}}});
  const auto image = ElfImage::from_bytes(file);
  fuzz::check(image.has_value(), "the file around the data is sound");
  if (const auto info = read_buildinfo(**image)) {
    for (const std::string* text : {&info->main_package, &info->main_module, &info->main_version})
      fuzz::check_printable(*text, "what the linker wrote is printable");
    if (info->version) {
      fuzz::check_printable(info->version->text, "a version is printable");
      fuzz::check(info->version->major >= 0 && info->version->minor >= 0 && info->version->patch >= 0,
                  "a version's numbers are not negative");
    }
  }
  const GoVersion version{.major = 1, .minor = 26, .text = "go1.26", .release = true};
  for (const std::string& reason : find_wait_reasons(**image, version))
    fuzz::check_printable(reason, "a wait reason is printable");
  return 0;
}
