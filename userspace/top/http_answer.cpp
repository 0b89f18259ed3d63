#include "top/http_answer.h"

#include <algorithm>
#include <utility>

#include "base/number.h"

namespace gorotrace {
namespace {

constexpr std::string_view kLineEnd = "\r\n", kHeaderEnd = "\r\n\r\n";
constexpr std::string_view kBlanks = " \t";

std::unexpected<Error> no_answer(const char* what) {
  return fail(ErrorKind::kFailed, std::string("what answers speaks no HTTP/1.1: ") + what);
}

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// "HTTP/1.1 200 OK".
std::optional<int> status_of(std::string_view line) {
  constexpr std::string_view kVersion = "HTTP/1.";
  constexpr std::size_t kCodeAt = kVersion.size() + 2, kDigits = 3;
  if (!line.starts_with(kVersion) || line.size() < kCodeAt + kDigits) return std::nullopt;
  if (line[kCodeAt - 1] != ' ' || (line.size() > kCodeAt + kDigits && line[kCodeAt + kDigits] != ' '))
    return std::nullopt;
  const auto code = whole_number<unsigned>(line.substr(kCodeAt, kDigits));
  return code && *code >= 100 && *code <= 599 ? std::optional(static_cast<int>(*code)) : std::nullopt;
}

}  // namespace

Result<bool> HttpAnswerReader::take(std::string_view bytes) {
  if (until_ == Until::kWhole) return true;
  raw_ += bytes;
  if (until_ == Until::kHeader) {
    auto read = read_header();
    if (!read || !*read) return read;
  }
  return read_body();
}

// False: more of it is to come.
Result<bool> HttpAnswerReader::read_header() {
  while (true) {
    const std::size_t end = raw_.find(kHeaderEnd);
    if (std::min(end, raw_.size()) > kMostHeader) return no_answer("its header is too long");
    if (end == std::string::npos) return false;
    const std::string header = raw_.substr(0, end);
    raw_.erase(0, end + kHeaderEnd.size());
    const std::size_t first = std::min(header.find(kLineEnd), header.size());
    const auto status = status_of(std::string_view(header).substr(0, first));
    if (!status) return no_answer("there is no status");
    answer_.status = *status;
    if (*status >= 200) {
      std::string_view rest = std::string_view(header).substr(first);
      while (!rest.empty()) {
        rest.remove_prefix(kLineEnd.size());
        const std::string_view line = rest.substr(0, rest.find(kLineEnd));
        rest.remove_prefix(line.size());
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) return no_answer("a header field has no name");
        if (auto read = read_field(line.substr(0, colon), trimmed(line.substr(colon + 1))); !read)
          return std::unexpected(read.error());
      }
      break;
    }
  }
  if (chunked_) {
    until_ = Until::kChunks;
  } else {
    constexpr int kNoContent = 204, kNotModified = 304;
    if (answer_.status == kNoContent || answer_.status == kNotModified) length_ = 0;
    until_ = length_ ? Until::kLength : Until::kClose;
  }
  return true;
}

Status HttpAnswerReader::read_field(std::string_view name, std::string_view value) {
  if (same_word(name, "Content-Length")) {
    const auto length = whole_number<std::size_t>(value);
    if (!length || (length_ && *length_ != *length)) return no_answer("its length is no number");
    if (*length > kMostBody) return no_answer("it is too long");
    length_ = length;
  }
  if (same_word(name, "Transfer-Encoding")) {
    if (!same_word(value, "chunked")) return no_answer("its encoding is not known");
    chunked_ = true;
  }
  if (same_word(name, "Content-Encoding") && !same_word(value, "identity"))
    return no_answer("its encoding is not known");
  return {};
}

Result<bool> HttpAnswerReader::read_body() {
  if (until_ == Until::kChunks) return read_chunks();
  answer_.body += std::exchange(raw_, {});
  if (until_ == Until::kLength && answer_.body.size() >= *length_) {
    answer_.body.resize(*length_);
    until_ = Until::kWhole;
  }
  if (answer_.body.size() > kMostBody) return no_answer("it is too long");
  return until_ == Until::kWhole;
}

Result<bool> HttpAnswerReader::read_chunks() {
  std::string_view rest = raw_;
  while (until_ != Until::kWhole) {
    if (chunk_left_) {  // of its bytes, then of the line end behind them
      const std::size_t content = *chunk_left_ > kLineEnd.size() ? *chunk_left_ - kLineEnd.size() : 0;
      const std::size_t now = std::min(content, rest.size());
      answer_.body += rest.substr(0, now);
      rest.remove_prefix(now);
      *chunk_left_ -= now;
      if (*chunk_left_ > kLineEnd.size() || rest.size() < kLineEnd.size()) break;
      if (!rest.starts_with(kLineEnd)) return no_answer("a chunk is longer than it says");
      rest.remove_prefix(kLineEnd.size());
      chunk_left_.reset();
      continue;
    }
    const std::size_t end = rest.find(kLineEnd);
    const std::string_view line = rest.substr(0, end);
    if (chunk_lines_ + line.size() > kMostHeader) return no_answer("a line between its chunks is too long");
    if (end == std::string_view::npos) break;
    if (last_chunk_) chunk_lines_ += line.size() + kLineEnd.size();
    rest.remove_prefix(end + kLineEnd.size());
    if (last_chunk_) {  // trailers
      if (line.empty()) until_ = Until::kWhole;
      continue;
    }
    const auto size = whole_number<std::size_t>(trimmed(line.substr(0, line.find(';'))), 16);
    if (!size) return no_answer("a chunk has no size");
    if (*size > kMostBody - answer_.body.size()) return no_answer("it is too long");
    last_chunk_ = *size == 0;
    if (*size != 0) chunk_left_ = *size + kLineEnd.size();
  }
  raw_.erase(0, raw_.size() - rest.size());
  return until_ == Until::kWhole;
}

Result<HttpAnswer> HttpAnswerReader::end() {
  if (until_ == Until::kClose) until_ = Until::kWhole;
  if (until_ != Until::kWhole) return fail(ErrorKind::kFailed, "the answer ended before it was whole");
  return std::move(answer_);
}

}  // namespace gorotrace
