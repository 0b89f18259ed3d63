#include "go_target.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "golang/metrics_offsets.h"

namespace gorotrace::testing {
namespace {

namespace fs = std::filesystem;

template <typename T>
T need(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string text;
  for (int c; (c = std::fgetc(pipe)) != EOF;) text.push_back(static_cast<char>(c));
  if (::pclose(pipe) != 0) throw std::runtime_error("failed: " + command);
  return text;
}

bool up_to_date(const fs::path& binary, const fs::path& source) {
  if (!fs::exists(binary)) return false;
  for (const auto& file : fs::directory_iterator(source)) {
    if (file.last_write_time() >= fs::last_write_time(binary)) return false;
  }
  return true;
}

std::string build(const std::string& program, const std::string& version, LinkMode link, bool symbols) {
  const fs::path source = fs::path(GOROTRACE_SOURCE_DIR) / "tests/testprogs" / program;
  const fs::path binary = fs::path(GOROTRACE_TESTPROGS_DIR) /
                          (program + "-" + version + "-" + name_of(link) + (symbols ? "-symbols" : ""));
  const bool cgo = link == LinkMode::kCgo || link == LinkMode::kCgoPie;
  const bool pie = link == LinkMode::kPie || link == LinkMode::kCgoPie;
  fs::create_directories(binary.parent_path());
  const UniqueFd lock(::open((binary.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  ::flock(lock.get(), LOCK_EX);
  if (up_to_date(binary, source)) return binary;
  output_of(fmt::format(
      "cd '{}' && CGO_ENABLED={:d} '{}/tools/toolchain' {} build -buildmode={} -ldflags='{}' -o '{}' .",
      source.string(), cgo, GOROTRACE_SOURCE_DIR, version, pie ? "pie" : "exe", symbols ? "" : "-s -w",
      binary.string()));
  fs::last_write_time(binary, fs::file_time_type::clock::now());
  return binary;
}

}  // namespace

std::vector<std::string> go_versions() {
  std::istringstream list(output_of(std::string(GOROTRACE_SOURCE_DIR) + "/tools/toolchain --list"));
  std::vector<std::string> versions;
  for (std::string v; list >> v;) versions.push_back(v);
  return versions;
}

GoTarget::GoTarget(const std::string& program, const std::string& go_version,
                   const std::vector<std::string>& arguments, LinkMode link, bool symbols) {
  const std::string binary = build(program, go_version, link, symbols);
  binary_ = need(GoBinary::open(binary));  // first: where it throws, no process is left behind
  int to[2], from[2];
  if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(to[0], 0);
    ::dup2(from[1], 1);
    std::vector<char*> argv{const_cast<char*>(binary.c_str())};
    for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    ::execv(binary.c_str(), argv.data());
    ::_exit(127);
  }
  ::close(to[0]);
  ::close(from[1]);
  in_.reset(to[1]);
  out_ = ::fdopen(from[0], "r");
}

void GoTarget::kill() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_ = -1;
}

GoTarget::~GoTarget() {
  kill();
  if (out_ != nullptr) std::fclose(out_);
}

std::string GoTarget::line() {
  std::string text;
  int c;
  while ((c = std::fgetc(out_)) != EOF && c != '\n') text.push_back(static_cast<char>(c));
  if (c == EOF) throw std::runtime_error("the Go program ended");
  // Past its exec for sure, now that it has spoken.
  if (!process_) {
    process_ = need(Process::open(pid_));
    bias_ = need(process_->load_bias(binary_->image().segments()[0].vaddr & ~0xfffull,
                                     binary_->image().position_independent()));
    injected_calls_ = InjectedCalls::find([this](std::string_view name) -> std::optional<TextRange> {
      const auto found = pclntab().function_named(name);
      if (!found) return std::nullopt;
      return TextRange{found->entry + bias_, found->end + bias_};
    });
  }
  return text;
}

std::string GoTarget::ask(const std::string& command) {
  const std::string text = command + "\n";
  if (::write(in_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::runtime_error("the Go program does not listen");
  }
  return line();
}

std::shared_ptr<const Modules> GoTarget::modules() const {
  return std::make_shared<Modules>(Module{.table = &pclntab(), .bias = bias_, .path = {}, .open_path = {}});
}

GoroutineReader::Config GoTarget::goroutine_config() const {
  GoroutineReader::Config config;
  config.offsets = binary_->offsets();
  config.allgs_address = binary_->globals().allgs + bias_;
  config.text = pclntab().text() + bias_;
  config.etext = pclntab().etext() + bias_;
  config.sp_delta = [this](std::uint64_t pc) { return pclntab().sp_delta(pc - bias_); };
  config.syscalls_counted = minor() < 26;
  const auto& reasons = binary_->wait_reasons();
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    if (reasons[i] == "coroutine") config.coroutine_reason = static_cast<std::uint8_t>(i);
    if (reasons[i] == "preempted") config.preempted_reason = static_cast<std::uint8_t>(i);
  }
  config.injected_calls = injected_calls_;
  return config;
}

CounterReader::Config GoTarget::counter_config() const {
  const RuntimeGlobals& at = binary_->globals();
  const auto of_p = metrics_offsets_from_table(binary_->version(), binary_->image().arch());
  return {binary_->offsets(), at.allgs + bias_, at.allp + bias_, at.sched + bias_,
          static_cast<std::uint16_t>(of_p.value().offsets.p_status)};
}

const std::string& GoTarget::wait_reason(const GoroutineSnapshot& g) const {
  return binary_->wait_reasons().at(g.wait_reason);
}

std::vector<std::string> GoTarget::frames(std::span<const std::uint64_t> pcs) const {
  std::vector<std::string> out;
  bool exact = false;
  for (const std::uint64_t pc : pcs) {
    const auto function = pclntab().function_at(pc - bias_);
    exact = exact || (function && function->entry == pc - bias_);
    for (const Frame& f : pclntab().frames(pc - bias_ - (exact ? 0 : 1))) {
      out.push_back(fmt::format("{} {}:{}", f.function, f.file, f.line));
    }
    exact = injected(injected_calls_.all, pc);
  }
  return out;
}

}  // namespace gorotrace::testing
