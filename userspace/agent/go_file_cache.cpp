#include "agent/go_file_cache.h"

#include <sys/stat.h>

#include <cerrno>

#include "elf/image.h"
#include "golang/buildinfo.h"
#include "golang/presence.h"

namespace gorotrace {

namespace {

// False: it does not say.
bool add_buildinfo(const ElfImage& image, GoFileFacts& out) {
  const auto info = read_buildinfo(image);
  if (!info) return false;
  if (info->version) out.go_version = info->version->text;
  out.module = info->main_module;
  out.module_version = info->main_version;
  return true;
}

}  // namespace

GoFileFacts GoFileCache::examine_file(const std::string& path) {
  GoFileFacts out;
  const auto image = ElfImage::open(path);
  if (image) out.is_go = add_buildinfo(**image, out) || has_go(**image);
  return out;
}

GoFileFacts GoFileCache::examine_library(const std::string& path) {
  GoFileFacts out;
  const auto image = ElfImage::open(path);
  if (!image || !has_loaded_runtime(**image)) return out;
  out.is_go = true;
  add_buildinfo(**image, out);
  return out;
}

Result<GoFileFacts> GoFileCache::of(const std::string& path) {
  struct stat st{};
  if (::stat(path.c_str(), &st) != 0) {
    const int error = errno;
    return fail_errno(error == ENOENT ? ESRCH : error, "stat " + path);
  }
  const Key key{FileIdentity::of(st), st.st_ctim.tv_sec, st.st_ctim.tv_nsec};
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = known_.find(key); found != known_.end()) {
      by_use_.splice(by_use_.begin(), by_use_, found->second.used);
      return found->second.facts;
    }
    ++examined_;
  }
  // Without the lock: the file's owner may keep whoever reads it waiting.
  GoFileFacts facts = examine_(path);
  // The process may have executed another program meanwhile: what was read was perhaps that one's.
  struct stat after{};
  if (::stat(path.c_str(), &after) != 0 ||
      Key{FileIdentity::of(after), after.st_ctim.tv_sec, after.st_ctim.tv_nsec} != key)
    return fail(ErrorKind::kFailed, path + " became another file while it was read");
  const std::lock_guard lock(mutex_);
  const auto [at, fresh] = known_.try_emplace(key);
  if (!fresh) return at->second.facts;
  by_use_.push_front(key);
  at->second = {facts, by_use_.begin()};
  if (known_.size() > most_) {
    known_.erase(by_use_.back());
    by_use_.pop_back();
  }
  return facts;
}

std::uint64_t GoFileCache::examined() const {
  const std::lock_guard lock(mutex_);
  return examined_;
}

}  // namespace gorotrace
