// A file that its owner may write to, cut off or replace while we read it. It is never mapped: a mapped page
// beyond the new end is a SIGBUS, and one that was written to is another file's. What is asked for is read
// by pread into memory of ours, in pieces; a read that falls short, or after which the file is no longer
// the one that was opened, ends all reading with a reason.
// (device, inode) cannot change behind a descriptor; size and mtime tell a change of the bytes, since the
// kernel sets them before the bytes (mm/filemap.c, generic_file_write_iter). A write within one clock tick
// (4 ms) of the last one before the open has the same mtime, and is not told.
// Threads: any; views exclude one another.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace gorotrace {

// Which file, and in which state: two opens with equal identities read the same bytes.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_s = 0, mtime_ns = 0;

  [[nodiscard]] static FileIdentity of(const struct stat& st) {
    return {st.st_dev, st.st_ino, static_cast<std::uint64_t>(st.st_size), st.st_mtim.tv_sec,
            st.st_mtim.tv_nsec};
  }
  auto operator<=>(const FileIdentity&) const = default;
};

class FileWindow {
 public:
  // The greatest executables known are below 1 GB; a sparse file may claim exabytes.
  static constexpr std::uint64_t kMaxFile = std::uint64_t{8} << 30;
  static constexpr std::size_t kPiece = 64 * 1024;
  // What one view may hold: twice the line table of the greatest executables known.
  static constexpr std::size_t kMaxHeld = 256u << 20;
  // What stays in memory between views: single look-ups go to the same few pieces.
  static constexpr std::size_t kMaxKept = 2u << 20;

  [[nodiscard]] static Result<std::unique_ptr<FileWindow>> open(const std::string& path);
  [[nodiscard]] static Result<std::unique_ptr<FileWindow>> from_bytes(Bytes bytes);
  FileWindow(const FileWindow&) = delete;
  FileWindow& operator=(const FileWindow&) = delete;
  ~FileWindow();

  // Whoever holds it reads as if the file were in memory; what it gave out is gone when it goes.
  class View {
   public:
    explicit View(const FileWindow& window) : window_(window), lock_(window.mutex_) {}
    ~View() { window_.give_back(); }
    View(const View&) = delete;
    View& operator=(const View&) = delete;

    // Empty when any of it lies outside of the file or cannot be read.
    [[nodiscard]] Bytes at(std::uint64_t offset, std::uint64_t size) const {
      return offset <= window_.size() && size <= window_.size() - offset && window_.fill(offset, size)
                 ? Bytes{window_.memory_ + offset, size}
                 : Bytes{};
    }
    // What can be had from offset on without reading more than the piece it is in.
    [[nodiscard]] Bytes piece_from(std::uint64_t offset) const {
      if (offset >= window_.size()) return {};
      return at(offset, std::min(kPiece - offset % kPiece, window_.size() - offset));
    }
    template <typename T>
    [[nodiscard]] std::optional<T> load(std::uint64_t offset) const {
      return gorotrace::load<T>(at(offset, sizeof(T)), 0);
    }
    // Up to the zero byte, `end` or `max` bytes, whatever comes first.
    [[nodiscard]] std::string_view c_string(std::uint64_t offset, std::uint64_t end, std::size_t max) const;

   private:
    const FileWindow& window_;
    std::unique_lock<std::mutex> lock_;
  };

  // While there is one, what views have read stays: for whoever goes through the same parts again and again.
  class Hold {
   public:
    explicit Hold(const FileWindow& window) : window_(window) { window_.hold(+1); }
    ~Hold() { window_.hold(-1); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    const FileWindow& window_;
  };

  [[nodiscard]] std::uint64_t size() const { return identity_.size; }
  [[nodiscard]] const FileIdentity& identity() const { return identity_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Reads into the caller's memory and keeps nothing; false: it cannot be read whole.
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::uint8_t> out) const;

  // Looks at the file again. Once something has failed, everything does.
  void verify() const;
  // Why nothing more can be read of it, to follow its name: "was cut off while it was read, ...".
  [[nodiscard]] std::optional<std::string> fault() const;

 private:
  FileWindow(UniqueFd fd, const FileIdentity& identity, std::uint8_t* memory);
  [[nodiscard]] static Result<std::unique_ptr<FileWindow>> make(UniqueFd fd, const std::string& shown);
  void hold(int change) const;
  // With mutex_ held.
  [[nodiscard]] bool fill(std::uint64_t offset, std::uint64_t size) const;
  void give_back() const;
  void fail_with(std::string reason) const;

  UniqueFd fd_;
  FileIdentity identity_;
  std::uint8_t* memory_;  // address space of the file's size; pages come with what is read
  mutable std::mutex mutex_;
  mutable std::vector<bool> held_;  // by piece
  mutable std::size_t held_bytes_ = 0;
  mutable int holds_ = 0;
  mutable std::mutex fault_mutex_;
  mutable std::optional<std::string> fault_;
};

}  // namespace gorotrace
