#include "recording/read_ahead.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace gorotrace {

Result<std::size_t> ReadAhead::fill(std::size_t wanted) {
  constexpr std::size_t kPiece = 256u << 10;
  while (end_ - at_ < wanted && !ended_) {
    if (at_ > 0 && buffer_.size() - end_ < kPiece) {
      std::memmove(buffer_.data(), buffer_.data() + at_, end_ - at_);
      end_ -= std::exchange(at_, 0);
    }
    if (buffer_.size() - end_ < kPiece) buffer_.resize(end_ + kPiece);
    const ssize_t n = ::read(file_.get(), buffer_.data() + end_, buffer_.size() - end_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "cannot read");
    ended_ = n == 0;
    end_ += static_cast<std::size_t>(n);
    read_ += static_cast<std::size_t>(n);
  }
  return end_ - at_;
}

std::uint64_t ReadAhead::unread() const {
  struct stat status{};
  if (::fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  return size > read_ ? size - read_ : 0;
}

}  // namespace gorotrace
