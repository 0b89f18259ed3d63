#include "symbols/module_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gorotrace {
namespace {

struct Opened {
  explicit Opened(CodeFile code) : file(std::move(code)) {}
  CodeFile file;
  std::unique_ptr<ElfImage> image;
  std::unique_ptr<Pclntab> table;
};

std::optional<SharedLibrary> library_at(const Process& process, std::uint64_t pc) {
  const auto mappings = process.mappings();
  if (!mappings) return std::nullopt;
  for (SharedLibrary& library : shared_libraries(*mappings, process.executable())) {
    if (std::ranges::any_of(library.code, [&](const Mapping& m) { return pc >= m.start && pc < m.end; }))
      return std::move(library);
  }
  return std::nullopt;
}

// The file's own words of where its code and its moduledata are must be those that the process has.
Result<Module> open_module(const Process& process, const ChainedModule& chained, SharedLibrary library) {
  auto file = CodeFile::library_of(process, std::move(library));
  if (!file) return std::unexpected(file.error());
  auto opened = std::make_shared<Opened>(*std::move(file));
  auto image = ElfImage::open(opened->file.open_path());
  if (!image) return std::unexpected(image.error());
  opened->image = std::move(*image);
  auto table = Pclntab::make(*opened->image);
  if (!table) return std::unexpected(table.error());
  opened->table = std::move(*table);
  const auto bias = opened->file.load_bias(*opened->image);
  if (!bias) return std::unexpected(bias.error());
  Module module{.image = opened->image.get(),
                .table = opened->table.get(),
                .bias = *bias,
                .path = opened->file.path(),
                .open_path = opened->file.open_path(),
                .keeps = opened};
  if (module.text() != chained.text || module.etext() != chained.etext ||
      module.table->moduledata() + module.bias != chained.moduledata)
    return fail(ErrorKind::kUnsupported, "its line table is not that of the module in memory");
  return module;
}

}  // namespace

ModuleLoader::ModuleLoader(const Process& process, std::shared_ptr<Modules> modules)
    : process_(process),
      modules_(std::move(modules)),
      chain_(process, {modules_->first().table->moduledata() + modules_->first().bias,
                       modules_->first().text(), modules_->first().etext()}) {}

void ModuleLoader::look() {
  const std::unique_lock lock(looking_, std::try_to_lock);
  if (!lock) return;
  for (const ChainedModule& module : chain_.more()) open(module);
}

void ModuleLoader::open(const ChainedModule& chained) {
  const auto refuse = [&](const std::string& path, const std::string& why) {
    const std::lock_guard lock(refused_mutex_);
    refused_.push_back({path, why});
  };
  auto library = library_at(process_, chained.text);
  if (!library) return refuse(fmt::format("the module at {:#x}", chained.text), "no file is mapped there");
  const std::string path = library->path;
  auto module = open_module(process_, chained, *std::move(library));
  if (!module) return refuse(path, module.error().message);
  if (!modules_->add(*std::move(module)))
    refuse(path, "its code overlaps that of another module, or there are too many of them");
}

std::vector<ModuleLoader::Refused> ModuleLoader::refused() const {
  const std::lock_guard lock(refused_mutex_);
  return refused_;
}

}  // namespace gorotrace
