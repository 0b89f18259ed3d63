// Names of containers and pods out of control groups and of kubelet's log files, as the runtimes write them.
#include "agent/container_name.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace gorotrace {
namespace {

const std::string kId = "4f0c2a9be3d75618c0ffee00112233445566778899aabbccddeeff0011223344";
const std::string kOuter = "aaaa2a9be3d75618c0ffee00112233445566778899aabbccddeeff0011223344";
const std::string kUid = "1a2b3c4d-1111-2222-3333-444455556666";

ContainerName of(const std::string& path) {
  return container_of_cgroups("0::" + path + "\n");
}

TEST(ContainerName, OfEachRuntime) {
  const std::string systemd =
      "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod"
      "1a2b3c4d_1111_2222_3333_444455556666.slice";
  EXPECT_EQ(of("/system.slice/docker-" + kId + ".scope").id, kId);
  EXPECT_EQ(of("/docker/" + kId).id, kId);
  EXPECT_EQ(of("/machine.slice/libpod-" + kId + ".scope/container").id, kId);
  EXPECT_EQ(of("/k8s.io/" + kId).id, kId);
  EXPECT_EQ(of(systemd + "/cri-containerd-" + kId + ".scope").id, kId);
  EXPECT_EQ(of(systemd + "/cri-containerd-" + kId + ".scope").pod_uid, kUid);
  EXPECT_EQ(of(systemd + "/crio-" + kId + ".scope").pod_uid, kUid);
  EXPECT_EQ(of("/kubepods/besteffort/pod" + kUid + "/" + kId).pod_uid, kUid);
  EXPECT_EQ(of("/kubepods/pod0123456789abcdef0123456789abcdef/" + kId).pod_uid,
            "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(of("/system.slice/containerd.service/kubepods-pod1a2b3c4d_1111_2222_3333_444455556666.slice"
               ":cri-containerd:" +
               kId)
                .id,
            kId);
  EXPECT_EQ(of("/lxc/web01").id, "web01");
  EXPECT_EQ(of("/lxc.payload.web01/system.slice/x.service").id, "web01");
  EXPECT_EQ(of("/podruntime/kubelet").id, "kubelet");
}

TEST(ContainerName, TheInnermostOfNestedOnes) {
  EXPECT_EQ(of("/docker/" + kOuter + "/docker/" + kId).id, kId);
}

TEST(ContainerName, OfTheFirstVersionOfControlGroups) {
  const auto name =
      container_of_cgroups("12:memory:/kubepods/burstable/pod" + kUid + "/" + kId +
                           "\n1:name=systemd:/kubepods/burstable/pod" + kUid + "/" + kId + "\n");
  EXPECT_EQ(name.id, kId);
  EXPECT_EQ(name.pod_uid, kUid);
}

TEST(ContainerName, NoneWhereThereIsNone) {
  for (const char* path : {"/", "", "/user.slice/user-1000.slice/session-3.scope", "/system.slice/x.service",
                           "/podman", "/kubepods.slice", "/pod", "/podshort/x", "/lxc"})
    EXPECT_TRUE(of(path).id.empty() && of(path).pod_uid.empty()) << path;
  EXPECT_EQ(of("/machine.slice/libpod-conmon-" + kId + ".scope").id, "") << "the monitor beside a container";
  EXPECT_EQ(of("/x/crio-conmon-" + kId + ".scope").id, "");
  EXPECT_EQ(of("/docker/" + kId + "0").id, "") << "65 digits";
  EXPECT_EQ(container_of_cgroups("garbage\n:\n::\n" + std::string(1000, ':')).id, "");
}

TEST(ContainerName, PathInTheUnifiedHierarchy) {
  EXPECT_EQ(cgroup_path("5:cpu:/a\n0::/b\n"), "/b");
  EXPECT_EQ(cgroup_path("5:cpu:/\n4:memory:/a:b\n0::/\n"), "/a:b");
  EXPECT_EQ(cgroup_path("0::/\n"), "/");
  EXPECT_EQ(cgroup_path("0::/x\x1b[1m\n").find('\x1b'), std::string::npos);
  EXPECT_EQ(cgroup_path(""), "");
}

TEST(ContainerName, OfALogFile) {
  const auto name = parse_container_log_name("web-7d9f-x2x4l_shop_nginx-proxy-" + kId + ".log");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->id, kId);
  EXPECT_EQ(name->pod, "web-7d9f-x2x4l");
  EXPECT_EQ(name->name_space, "shop");
  EXPECT_EQ(name->container, "nginx-proxy");
  EXPECT_EQ(name->shown(), "nginx-proxy");
  for (const std::string& bad :
       {std::string(), std::string(".log"), "a_b_c-" + kId, "a_b-" + kId + ".log", "_b_c-" + kId + ".log",
        "a__c-" + kId + ".log", "a_b_c-" + kId.substr(1) + ".log", "a_b_c" + kId + ".log"})
    EXPECT_FALSE(parse_container_log_name(bad)) << bad;
}

TEST(ContainerName, TheDirectoryIsReadWhenAnIdIsNotKnown) {
  const auto directory =
      std::filesystem::temp_directory_path() / ("gorotrace-names-" + std::to_string(getpid()));
  std::filesystem::create_directory(directory);
  std::ofstream(directory / ("pod_space_one-" + kId + ".log"));
  std::ofstream(directory / "something else");
  ContainerNames names(directory);
  ContainerName name{.id = kId, .pod_uid = "", .pod = "", .name_space = "", .container = ""};
  names.complete(name);
  EXPECT_EQ(name.pod, "pod");
  EXPECT_EQ(name.container, "one");
  ContainerName other{.id = kOuter, .pod_uid = "", .pod = "", .name_space = "", .container = ""};
  names.complete(other);
  EXPECT_EQ(other.pod, "");
  EXPECT_EQ(other.shown(), kOuter.substr(0, 12));
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace gorotrace
