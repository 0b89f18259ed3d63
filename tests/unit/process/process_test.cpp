// Against real processes: children of the test, which it may read.
#include "process/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <cstring>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "process/discovery.h"
#include "process/file_users.h"
#include "process/hold.h"
#include "process/procfs.h"

namespace gorotrace {
namespace {

using namespace std::chrono_literals;

class Child {
 public:
  explicit Child(const std::function<void()>& body) : pid_(::fork()) {
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      body();
      ::_exit(0);
    }
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

void sleep_for_ever() {
  for (;;) ::pause();
}

bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 500; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

std::unique_ptr<Process> opened(pid_t pid) {
  auto process = Process::open(pid);
  if (!process) throw std::runtime_error(process.error().message);
  return std::move(*process);
}

// A sanitizer has threads of its own in every process.
std::size_t tasks_of(pid_t pid) {
  const std::filesystem::directory_iterator tasks("/proc/" + std::to_string(pid) + "/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST(ProcessOpen, SaysWhatItIs) {
  const Child child(sleep_for_ever);
  const auto p = opened(child.pid());
  EXPECT_EQ(p->executable(), std::filesystem::read_symlink("/proc/self/exe").string());
  EXPECT_FALSE(p->executable_deleted());
  EXPECT_EQ(p->namespace_pid(), child.pid());
  EXPECT_GT(p->start_time_ticks(), 0u);
  EXPECT_EQ(p->thread_count(), tasks_of(child.pid()));
  EXPECT_EQ(p->liveness(), Liveness::kAlive);
}

TEST(ProcessOpen, EachRefusalHasItsMessage) {
  const auto none = Process::open(INT_MAX);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().kind, ErrorKind::kNoProcess);
  EXPECT_FALSE(Process::open(0).has_value());

  pid_t tid = 0;
  std::thread thread([&] {
    __atomic_store_n(&tid, ::gettid(), __ATOMIC_RELEASE);
    std::this_thread::sleep_for(1s);
  });
  while (__atomic_load_n(&tid, __ATOMIC_ACQUIRE) == 0) std::this_thread::yield();
  const auto of_thread = Process::open(tid);
  thread.join();
  ASSERT_FALSE(of_thread.has_value());
  EXPECT_NE(of_thread.error().message.find("thread of process " + std::to_string(::getpid())),
            std::string::npos)
      << of_thread.error().message;

  const pid_t zombie = ::fork();
  if (zombie == 0) ::_exit(0);
  siginfo_t info;
  ::waitid(P_PID, static_cast<id_t>(zombie), &info, WEXITED | WNOWAIT);
  const auto exited = Process::open(zombie);
  ::waitpid(zombie, nullptr, 0);
  ASSERT_FALSE(exited.has_value());
  EXPECT_EQ(exited.error().kind, ErrorKind::kNoProcess);
  EXPECT_NE(exited.error().message.find("exited"), std::string::npos) << exited.error().message;
}

TEST(ProcessOpen, NamesTheCapabilityThatIsMissing) {
  // Process 1 and a process that gave up its rights: in a child, because rights cannot be had back.
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  const Child victim(sleep_for_ever);
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const Child other([&] {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) ::_exit(1);
    const auto p = Process::open(victim.pid());
    const std::string text = p ? "opened" : p.error().message;
    const char kind = p ? '?' : static_cast<char>('0' + static_cast<int>(p.error().kind));
    if (::write(pipe[1], &kind, 1) < 0 || ::write(pipe[1], text.data(), text.size()) < 0) ::_exit(1);
  });
  ::close(pipe[1]);
  std::string text;
  char c;
  while (::read(pipe[0], &c, 1) == 1) text.push_back(c);
  ::close(pipe[0]);
  ASSERT_FALSE(text.empty());
  EXPECT_EQ(text[0], '0' + static_cast<int>(ErrorKind::kPermission)) << text;
  EXPECT_NE(text.find("CAP_SYS_PTRACE"), std::string::npos) << text;
}

TEST(ProcessOpen, KernelThreadsAreNamedSo) {
  const auto p = Process::open(2);  // kthreadd, where the PID namespace is the initial one
  ASSERT_FALSE(p.has_value());
  if (p.error().kind == ErrorKind::kNoProcess) GTEST_SKIP() << "no kernel threads in this PID namespace";
  EXPECT_EQ(p.error().kind, ErrorKind::kUnsupported);
  EXPECT_NE(p.error().message.find("kernel thread"), std::string::npos);
}

TEST(ProcessOpen, ADeletedExecutableIsFlagged) {
  const auto copy =
      std::filesystem::temp_directory_path() / ("gorotrace_deleted_" + std::to_string(::getpid()));
  std::filesystem::copy_file("/bin/sleep", copy, std::filesystem::copy_options::overwrite_existing);
  const Child child([&] { ::execl(copy.c_str(), "sleep", "1000", nullptr); });
  // The link is the new program's before the whole of the process is.
  ASSERT_TRUE(eventually([&] {
    const auto p = opened(child.pid());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return p->executable() == copy.string() && p->liveness() == Liveness::kAlive;
  }));
  std::filesystem::remove(copy);
  const auto p = opened(child.pid());
  EXPECT_TRUE(p->executable_deleted());
  EXPECT_EQ(p->executable(), copy.string());
  EXPECT_EQ(::access(p->executable_path().c_str(), R_OK), 0);
  EXPECT_EQ(p->liveness(), Liveness::kAlive);
}

TEST(ProcessMemory, ReadsAndGoesOnAfterBadRanges) {
  constexpr std::size_t kPage = 4096, kPages = 3000;  // more ranges than one call takes
  auto* area = static_cast<std::uint8_t*>(
      ::mmap(nullptr, kPage * kPages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  for (std::size_t i = 0; i < kPages; ++i) area[i * kPage] = static_cast<std::uint8_t>(i);
  for (const std::size_t hole : {0u, 7u, 8u, 1023u, 1024u, 2999u})
    ::mprotect(area + hole * kPage, kPage, PROT_NONE);
  const Child child(sleep_for_ever);
  const auto p = opened(child.pid());
  const auto base = reinterpret_cast<std::uint64_t>(area);

  std::vector<std::uint8_t> bytes(kPages, 0xee);
  std::vector<Memory::Range> ranges;
  for (std::size_t i = 0; i < kPages; ++i) ranges.push_back({base + i * kPage, {&bytes[i], 1}});
  std::vector<bool> failed;
  ASSERT_TRUE(p->read_many(ranges, failed));
  for (std::size_t i = 0; i < kPages; ++i) {
    const bool hole = i == 0 || i == 7 || i == 8 || i == 1023 || i == 1024 || i == 2999;
    ASSERT_EQ(failed[i], hole) << i;
    ASSERT_EQ(bytes[i], hole ? 0xee : static_cast<std::uint8_t>(i)) << i;
  }
  std::array<std::uint8_t, 16> across{};
  EXPECT_TRUE(p->read(base + kPage, across));
  EXPECT_FALSE(p->read(base + 7 * kPage - 8, across));  // half of it is mapped
  EXPECT_FALSE(p->value<std::uint64_t>(0).has_value());
  ::munmap(area, kPage * kPages);
}

TEST(ProcessMemory, SaysWhenTheProcessIsGone) {
  std::unique_ptr<Process> p;
  std::uint64_t word = 42;
  {
    const Child child(sleep_for_ever);
    p = opened(child.pid());
    EXPECT_EQ(p->value<std::uint64_t>(reinterpret_cast<std::uint64_t>(&word)), 42u);
    EXPECT_EQ(p->explain({ErrorKind::kUnsupported, "why"}).message, "why");
  }
  EXPECT_EQ(p->liveness(), Liveness::kExited);
  const Error explained = p->explain({ErrorKind::kUnsupported, "why"});
  EXPECT_EQ(explained.kind, ErrorKind::kNoProcess);
  EXPECT_NE(explained.message.find("ended meanwhile"), std::string::npos) << explained.message;
  std::uint8_t byte;
  std::vector<bool> failed;
  const std::array<Memory::Range, 1> ranges{
      Memory::Range{reinterpret_cast<std::uint64_t>(&word), {&byte, 1}}};
  EXPECT_FALSE(p->read_many(ranges, failed));
  EXPECT_TRUE(failed[0]);
  EXPECT_FALSE(p->cpu_time_ns().has_value());
}

// pthread_exit in main: a zombie without memory or files leads threads that go on.
class Headless : public Child {
 public:
  Headless()
      : Child([] {
          std::thread(sleep_for_ever).detach();
          ::syscall(SYS_exit, 0);
        }) {
    EXPECT_TRUE(eventually([&] {
      const auto text = procfs::read_file(pid(), "stat");
      return text && procfs::parse_stat(*text).value_or(procfs::Stat{}).has_exited();
    }));
  }
};

TEST(ProcessOpen, AnExitedMainThreadIsNoExitedProcess) {
  const int here = 4711;  // at the same address in the child
  const Headless child;
  auto process = opened(child.pid());
  ASSERT_TRUE(process);
  EXPECT_EQ(process->pid(), child.pid());
  EXPECT_NE(process->task(), child.pid());
  EXPECT_EQ(process->value<int>(reinterpret_cast<std::uint64_t>(&here)), 4711);
  const auto maps = process->mappings();
  ASSERT_TRUE(maps.has_value());
  EXPECT_FALSE(maps->empty());
  EXPECT_TRUE(process->used_bytes().has_value());
  EXPECT_TRUE(std::filesystem::equivalent(process->executable_path(), "/proc/self/exe"));
  EXPECT_EQ(process->liveness(), Liveness::kAlive);
  ::kill(child.pid(), SIGKILL);
  EXPECT_TRUE(eventually([&] { return process->liveness() == Liveness::kExited; }));
}

// Its first thread is gone and the others are about to be: what could not be read meanwhile is the end's
// doing.
TEST(ProcessLiveness, AnErrorWhileTheThreadsEndOneByOneIsTheEnd) {
  std::array<int, 2> go{};
  ASSERT_EQ(::pipe(go.data()), 0);
  const Child child([&] {
    std::thread([&] {
      char byte = 0;
      while (::read(go[0], &byte, 1) == 1 && byte != 'y') {
      }
      ::usleep(20'000);
      ::_exit(0);
    }).detach();
    ::usleep(100'000);
    ::syscall(SYS_exit, 0);
  });
  auto process = opened(child.pid());
  EXPECT_EQ(process->task(), child.pid());
  EXPECT_TRUE(eventually([&] { return procfs::living_task(child.pid()) != child.pid(); }));
  ASSERT_EQ(::write(go[1], "y", 1), 1);
  EXPECT_EQ(process->explain({ErrorKind::kFailed, "cannot open"}).kind, ErrorKind::kNoProcess);
  for (const int end : go) ::close(end);
}

// Compared with the executable's, which comes from a link and is not escaped.
TEST(ProcessMappings, ANameWithALineBreakIsTheName) {
  const std::string name = ::testing::TempDir() + "a\nb " + std::to_string(::getpid());
  const int fd = ::open(name.c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::ftruncate(fd, 4096), 0);
  void* mapped = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  auto process = opened(::getpid());
  ASSERT_TRUE(process);
  const auto maps = process->mappings();
  ASSERT_TRUE(maps.has_value());
  EXPECT_EQ(std::ranges::count(*maps, printable(name), &Mapping::path), 1);
  ::munmap(mapped, 4096);
  ::close(fd);
  ::unlink(name.c_str());
}

TEST(ProcessMemory, IsReadThroughAnotherThreadOnceTheMainOneHasExited) {
  std::array<int, 2> go{};
  ASSERT_EQ(::pipe(go.data()), 0);
  const int here = 4711;
  const Child child([&] {
    std::thread(sleep_for_ever).detach();
    char byte = 0;
    (void)!::read(go[0], &byte, 1);
    ::syscall(SYS_exit, 0);
  });
  auto process = opened(child.pid());
  ASSERT_TRUE(process);
  EXPECT_EQ(process->task(), child.pid());
  ASSERT_EQ(::write(go[1], "x", 1), 1);
  EXPECT_TRUE(eventually([&] {
    // Readable at any time, whoever lives.
    EXPECT_EQ(process->value<int>(reinterpret_cast<std::uint64_t>(&here)), 4711);
    return process->task() != child.pid();
  }));
  std::vector<bool> failed;
  int read = 0;
  const Memory::Range range{reinterpret_cast<std::uint64_t>(&here),
                            {reinterpret_cast<std::uint8_t*>(&read), sizeof read}};
  EXPECT_TRUE(process->read_many(std::span(&range, 1), failed));
  EXPECT_EQ(read, 4711);
  EXPECT_EQ(process->liveness(), Liveness::kAlive);
  for (const int end : go) ::close(end);
}

TEST(ProcessLiveness, AnExecIsSeenOfTheSameFileToo) {
  for (const bool randomised : {true, false}) {
    int go[2];
    ASSERT_EQ(::pipe2(go, O_CLOEXEC), 0);
    // A shell that re-executes itself when told: same file, same arguments, and without ASLR the same
    // addresses.
    const Child child([&] {
      if (!randomised) ::personality(ADDR_NO_RANDOMIZE);
      ::dup2(go[0], 0);
      ::execl("/bin/sh", "sh", "-c", "read x; exec /bin/sh -c \"$0\" \"$0\"",
              "read x; exec /bin/sh -c \"$0\" \"$0\"", nullptr);
    });
    ::close(go[0]);
    ASSERT_TRUE(
        eventually([&] { return opened(child.pid())->executable() != opened(::getpid())->executable(); }));
    const auto p = opened(child.pid());
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(p->liveness(), Liveness::kAlive);
    ASSERT_EQ(::write(go[1], "x\n", 2), 2);
    EXPECT_TRUE(eventually([&] { return p->liveness() == Liveness::kExeced; }));
    ::close(go[1]);
  }
}

TEST(ProcessLiveness, OneThatIsOpenedInTheMiddleOfAnExecHasNotExecutedAnother) {
  const std::string self = *procfs::read_link(::getpid(), "exe");
  for (int i = 0; i < 300; ++i) {
    const Child child([] { ::execl("/bin/sleep", "sleep", "100", nullptr); });
    // The file is another as soon as the old address space is gone, before the new one is built.
    while (procfs::read_link(child.pid(), "exe") == self) continue;
    const auto p = opened(child.pid());
    std::this_thread::sleep_for(2ms);
    ASSERT_EQ(p->liveness(), Liveness::kAlive) << "round " << i;
  }
}

TEST(ProcessLiveness, AStoppedProcessIsAlive) {
  const Child child(sleep_for_ever);
  const auto p = opened(child.pid());
  EXPECT_EQ(what_holds(child.pid()), "");
  ::kill(child.pid(), SIGSTOP);
  EXPECT_TRUE(eventually([&] { return what_holds(child.pid()) == "stopped by a signal"; }));
  EXPECT_EQ(p->liveness(), Liveness::kAlive);
}

TEST(ProcessLiveness, TheExitDescriptorIsReadableOnceItHasExited) {
  const Child child(sleep_for_ever);
  const auto p = opened(child.pid());
  pollfd exit{p->exit_fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&exit, 1, 0), 0);
  ::kill(child.pid(), SIGKILL);
  EXPECT_EQ(::poll(&exit, 1, 10'000), 1);
}

TEST(ProcessCpu, CountsAllThreads) {
  const Child child([] {
    std::thread other([] {
      for (;;) asm volatile("");
    });
    sleep_for_ever();
  });
  const auto p = opened(child.pid());
  const auto before = p->cpu_time_ns();
  ASSERT_TRUE(before.has_value());
  EXPECT_TRUE(eventually([&] { return *p->cpu_time_ns() > *before + 20'000'000; }));
  EXPECT_EQ(p->thread_count(), tasks_of(child.pid()));
  EXPECT_GE(p->thread_count(), 2u);
}

TEST(ProcessMaps, LoadBiasIsWhereTheFileLies) {
  const Child child(sleep_for_ever);
  const auto p = opened(child.pid());
  const auto maps = p->mappings();
  ASSERT_TRUE(maps.has_value());
  const auto lowest =
      std::find_if(maps->begin(), maps->end(), [&](const Mapping& m) { return m.path == p->executable(); });
  ASSERT_NE(lowest, maps->end());
  const auto bias = p->load_bias(0, true);
  ASSERT_TRUE(bias.has_value()) << bias.error().message;
  EXPECT_EQ(*bias, lowest->start);
  EXPECT_EQ(p->load_bias(0x400000, false).value(), 0u);
  EXPECT_FALSE(p->load_bias(0x1000'0000'0000, true).has_value());
}

TEST(Discovery, FindsOneWhoseMainThreadHasExited) {
  const Headless child;
  const auto rows = list_processes().rows;
  const auto row = std::ranges::find(rows, child.pid(), &ProcessRow::pid);
  ASSERT_NE(row, rows.end());
  EXPECT_NE(row->task, child.pid());
}

TEST(Threads, OfThisProcessAreFoundAndThoseOfAChildAreNot) {
  EXPECT_EQ(procfs::has_thread(::getpid(), ::gettid()), true);
  pid_t other = 0;
  std::thread([&] { other = ::gettid(); }).join();
  EXPECT_TRUE(eventually([&] { return procfs::has_thread(::getpid(), other) == std::optional(false); }));
  const Child child(sleep_for_ever);
  EXPECT_EQ(procfs::has_thread(child.pid(), child.pid()), true);
  EXPECT_EQ(procfs::has_thread(child.pid(), ::gettid()), false) << "the thread that forked it";
  EXPECT_EQ(procfs::has_thread(0x7fff'fffe, 1), std::nullopt);
}

TEST(FileUsers, OneWhoseMainThreadHasExitedRunsItsFileAllTheSame) {
  const Headless child;
  EXPECT_TRUE(executable_file(child.pid()).has_value());
  const FileUsers users = users_of_file(::getpid(), *executable_file(::getpid()));
  EXPECT_EQ(std::ranges::count(users.pids, child.pid()), 1);
}

TEST(FileUsers, WhoHasLoadedALibraryUsesIt) {
  const auto copy = std::filesystem::temp_directory_path() / ("grt-library" + std::to_string(::getpid()));
  std::filesystem::copy_file("/bin/sleep", copy, std::filesystem::copy_options::overwrite_existing);
  const UniqueFd fd(::open(copy.c_str(), O_RDONLY | O_CLOEXEC));
  struct ::stat st{};
  ASSERT_EQ(::fstat(fd.get(), &st), 0);
  const auto maps = [&](int protection) {
    return [&, protection] {
      if (::mmap(nullptr, 4096, protection, MAP_PRIVATE, fd.get(), 0) == MAP_FAILED) ::_exit(1);
      sleep_for_ever();
    };
  };
  const Child target(maps(PROT_READ | PROT_EXEC)), twin(maps(PROT_READ | PROT_EXEC)), reader(maps(PROT_READ));
  const auto users = [&] { return users_of_file(target.pid(), FileIdentity::of(st)).pids; };
  EXPECT_TRUE(eventually([&] { return users().size() == 2; }));
  std::vector<pid_t> expected{target.pid(), twin.pid()};
  std::ranges::sort(expected);
  EXPECT_EQ(users(), expected);
  std::filesystem::remove(copy);
}

TEST(FileUsers, OneThatHasExitedRunsNone) {
  const Child child([] { ::_exit(0); });
  EXPECT_TRUE(eventually([&] { return procfs::living_task(child.pid()) == 0; }));
  EXPECT_FALSE(executable_file(child.pid()).has_value());
}

TEST(Discovery, FindsAChildByPidAndByName) {
  const auto copy = std::filesystem::temp_directory_path() / ("grt" + std::to_string(::getpid()));
  std::filesystem::copy_file("/bin/sleep", copy, std::filesystem::copy_options::overwrite_existing);
  const auto run = [&] { ::execl(copy.c_str(), copy.c_str(), "1000", nullptr); };
  const Child child(run);
  const std::string name = copy.filename();
  ASSERT_TRUE(eventually([&] { return resolve_target(name).has_value(); }));
  EXPECT_EQ(*resolve_target(name), child.pid());
  EXPECT_EQ(*resolve_target(std::to_string(child.pid())), child.pid());
  for (const std::string& process : {name, std::to_string(child.pid())}) {
    const auto with_file = resolve_target(process + ":libc.so");
    ASSERT_TRUE(with_file) << with_file.error().message;
    EXPECT_EQ(*with_file, TargetName(child.pid(), "libc.so"));
    EXPECT_EQ(resolve_target(process + ":").error().kind, ErrorKind::kUsage);
  }
  EXPECT_EQ(resolve_target("no-such-process-here:libc.so").error().kind, ErrorKind::kNoProcess);
  const auto rows = list_processes().rows;
  EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), [&](const ProcessRow& r) {
    return r.pid == child.pid() && r.executable == copy.string() && r.comm == name && !r.user.empty();
  }));
  EXPECT_TRUE(
      std::is_sorted(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; }));
  {
    const Child twin(run);
    ASSERT_TRUE(eventually([&] { return !resolve_target(name).has_value(); }));
    const auto ambiguous = resolve_target(name);
    EXPECT_EQ(ambiguous.error().kind, ErrorKind::kUsage);
    EXPECT_NE(ambiguous.error().message.find(std::to_string(twin.pid())), std::string::npos);
  }
  std::filesystem::remove(copy);
  const auto none = resolve_target("no-such-process-here");
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().kind, ErrorKind::kNoProcess);
  EXPECT_EQ(resolve_target("").error().kind, ErrorKind::kUsage);
}

}  // namespace
}  // namespace gorotrace
