#include "golang/binary.h"

#include "base/text.h"
#include "golang/buildinfo.h"
#include "golang/counter_check.h"
#include "golang/foreign.h"
#include "golang/globals.h"

namespace gorotrace {

Result<std::unique_ptr<GoBinary>> GoBinary::open(const std::string& path, OffsetsFrom from) {
  const std::string shown = printable(path);
  auto image = ElfImage::open(path);
  if (!image) return std::unexpected(image.error());
  std::unique_ptr<GoBinary> binary(new GoBinary);
  binary->image_ = std::move(*image);

  const FileWindow::Hold hold(binary->image_->file());
  const auto info = read_buildinfo(*binary->image_);
  // A file that changes under our hands looks like none of Go's, or like a modified one: that comes first.
  const auto refused = [&](const Error& error) {
    const auto fault = binary->image_->fault();
    return std::unexpected(fault ? Error{ErrorKind::kFailed, shown + " " + *fault}
                                 : wrap(error, shown).error());
  };
  if (const auto what = foreign_by_headers(*binary->image_)) return refused({ErrorKind::kUnsupported, *what});
  auto pclntab = Pclntab::make(*binary->image_);
  if (!pclntab) {
    const auto what = foreign_by_contents(*binary->image_);
    return refused(what ? Error{ErrorKind::kUnsupported, *what} : pclntab.error());
  }
  binary->pclntab_ = std::move(*pclntab);
  if (const auto what = foreign_by_functions(*binary->pclntab_))
    return refused({ErrorKind::kUnsupported, *what});

  auto version = info ? info->version : std::nullopt;
  if (!version) version = version_from_code(*binary->image_, *binary->pclntab_);
  if (!version)
    return refused({ErrorKind::kUnsupported,
                    "its Go version cannot be established: no build info, and runtime.schedinit names none; "
                    "rebuild it with an unmodified Go toolchain"});
  binary->version_ = std::move(*version);
  if (info) {
    binary->main_module_ = info->main_module;
    binary->main_version_ = info->main_version;
  }

  auto offsets = offsets_for(*binary->image_, *binary->pclntab_, binary->version_, from);
  if (!offsets) return refused(offsets.error());
  binary->use(std::move(*offsets));
  // The table's g may hold and its sched not; debug information has both.
  if (!binary->counters_missing_.empty() && from == OffsetsFrom::kBest && binary->image_->has_dwarf()) {
    if (auto better = offsets_for(*binary->image_, *binary->pclntab_, binary->version_, OffsetsFrom::kDwarf))
      binary->use(std::move(*better));
  }
  binary->wait_reasons_ = find_wait_reasons(*binary->image_, binary->version_);
  if (binary->image_->fault()) return refused({});
  return binary;
}

void GoBinary::use(OffsetsWithSource offsets) {
  offsets_ = std::move(offsets);
  globals_ = find_globals(*image_, *pclntab_, offsets_.offsets);
  if (version_.at_least(26)) globals_.traceback_labels = find_debug_setting(*image_, "tracebacklabels");
  counters_missing_ = counters_contradiction(*image_, *pclntab_, offsets_.offsets, globals_);
}

LinkMode GoBinary::link_mode() const {
  // A program that a loader starts names it; -buildmode=c-archive leaves that to the program's linker.
  if (!image_->dynamically_linked()) {
    const char* entry = image_->arch() == Arch::kAmd64 ? "_rt0_amd64_linux_lib" : "_rt0_arm64_linux_lib";
    if (image_->position_independent() && pclntab_->function_named(entry)) return LinkMode::kCShared;
  }
  // A program that uses cgo has runtime/cgo linked in (its crosscall2 lets C call Go).
  const bool cgo = pclntab_->function_named("crosscall2").has_value() ||
                   pclntab_->function_named("runtime/cgo.crosscall2").has_value() ||
                   pclntab_->function_named("runtime.cgocallbackg").has_value();
  if (image_->position_independent()) return cgo ? LinkMode::kCgoPie : LinkMode::kPie;
  return cgo ? LinkMode::kCgo : LinkMode::kStatic;
}

}  // namespace gorotrace
