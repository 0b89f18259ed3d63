#include "capture/shared_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <vector>

namespace gorotrace {
namespace {

bool same_cookies(const Plan& a, const Plan& b) {
  return std::ranges::equal(a.sites, b.sites, [](const Site& x, const Site& y) {
    return x.file_offset == y.file_offset && x.hook == y.hook && x.groups == y.groups && x.reg == y.reg &&
           x.flags == y.flags;
  });
}

std::vector<std::uint64_t> zero_by_cpu() {
  return std::vector<std::uint64_t>(static_cast<std::size_t>(std::max(1, libbpf_num_possible_cpus())));
}

}  // namespace

Result<std::shared_ptr<SharedLinks>> SharedFiles::open(const std::string& exe_path, const Plan& plan) {
  if (mode_ == AttachMode::kPerfEventIp) return nullptr;
  UniqueFd file(::open(exe_path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno(errno, "opening " + exe_path);
  struct stat st{};
  if (::fstat(file.get(), &st) != 0) return fail_errno(errno, "reading " + exe_path);
  const Key key{st.st_dev, st.st_ino};
  File* unused = nullptr;
  for (File& known : files_) {
    auto links = known.links.lock();
    if (links && known.key == key) return same_cookies(links->plan(), plan) ? links : nullptr;
    if (!links && unused == nullptr) unused = &known;
  }
  if (unused == nullptr) return nullptr;
  const auto index = static_cast<gt_u8>(unused - files_.data() + 1);
  const std::uint32_t count_at = index;
  if (bpf_map_update_elem(bpf_map__fd(skeleton_.maps.others_hits), &count_at, zero_by_cpu().data(),
                          BPF_ANY) != 0)
    return fail_errno(errno, "clearing the count of other processes' hits");
  auto links = std::make_shared<SharedLinks>(skeleton_, detacher_, mode_, index, std::move(file), plan);
  *unused = {key, links};
  return links;
}

std::uint64_t SharedFiles::others_hits(const SharedLinks& links) const {
  auto by_cpu = zero_by_cpu();
  const std::uint32_t index = links.index();
  if (bpf_map_lookup_elem(bpf_map__fd(skeleton_.maps.others_hits), &index, by_cpu.data()) != 0) return 0;
  return std::accumulate(by_cpu.begin(), by_cpu.end(), std::uint64_t{0});
}

}  // namespace gorotrace
