"""deploy/kubernetes and deploy/Containerfile: what must hold of them, without a cluster."""

import re
import subprocess

import pytest
import yaml

import harness
from machine import Machine

DEPLOY = harness.ROOT / "deploy"
CAPABILITIES = ["BPF", "DAC_READ_SEARCH", "PERFMON", "SYS_PTRACE"]


@pytest.fixture(scope="module")
def objects():
    found = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "daemonset.yaml").read_text()))
    return {o["kind"]: o for o in found}


def test_the_daemon_set_asks_for_no_more_than_it_needs(objects):
    assert objects.keys() == {"Namespace", "ConfigMap", "DaemonSet"}  # no role, no service account
    name_space = objects["Namespace"]["metadata"]["name"]
    assert {o["metadata"].get("namespace", name_space) for o in objects.values()} == {name_space}
    spec = objects["DaemonSet"]["spec"]
    labels = spec["selector"]["matchLabels"]
    assert spec["template"]["metadata"]["labels"].items() >= labels.items()
    pod = spec["template"]["spec"]
    assert pod["hostPID"] is True and not pod.get("hostNetwork") and not pod.get("hostIPC")
    assert pod["automountServiceAccountToken"] is False
    assert pod["tolerations"] == [{"operator": "Exists"}]  # every node
    container, = pod["containers"]
    assert not pod.get("initContainers")
    security = container["securityContext"]
    assert security["privileged"] is False and security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is True
    assert security["capabilities"] == {"drop": ["ALL"], "add": security["capabilities"]["add"]}
    assert sorted(security["capabilities"]["add"]) == CAPABILITIES
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    unit = (DEPLOY / "systemd" / "gorotrace.service").read_text()
    for line in ("CapabilityBoundingSet", "AmbientCapabilities"):
        allowed = re.search(rf"^{line}=(.*)$", unit, re.M)[1].split()
        assert sorted(allowed) == [f"CAP_{name}" for name in CAPABILITIES]
    assert container["resources"]["limits"].keys() == {"cpu", "memory"}


def test_its_mounts_are_read_only(objects):
    pod = objects["DaemonSet"]["spec"]["template"]["spec"]
    container, = pod["containers"]
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    assert all(mount["readOnly"] is True for mount in mounts.values())
    assert mounts.keys() == {volume["name"] for volume in pod["volumes"]}
    host = [volume["hostPath"]["path"] for volume in pod["volumes"] if "hostPath" in volume]
    assert host == ["/var/log/containers"] and mounts["container-logs"]["mountPath"] == host[0]
    for volume in pod["volumes"]:
        assert "secret" not in volume or volume["secret"]["defaultMode"] == 0o400


def test_its_probes_and_its_configuration(objects, tmp_path):
    container, = objects["DaemonSet"]["spec"]["template"]["spec"]["containers"]
    port, = container["ports"]
    assert container["livenessProbe"]["httpGet"] == {"path": "/-/healthy", "port": port["name"], "scheme": "HTTPS"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/-/ready", "port": port["name"], "scheme": "HTTPS"}
    text = objects["ConfigMap"]["data"]["gorotrace.toml"]
    assert f':{port["containerPort"]}"' in text and 'token_file = "' in text and 'tls_cert = "' in text
    mounted = [mount["mountPath"] for mount in container["volumeMounts"]]
    for path in [*re.findall(r'"(/.*)"', text), container["args"][2]]:
        assert any(path.startswith(mount + "/") for mount in mounted), path
    assert container["args"][:2] == ["monitor", "--config"]
    file = tmp_path / "gorotrace.toml"
    file.write_text(re.sub(r"(?m)^ *# (?=\[\[rule|\w+ = )", "", text))  # with the rule that it shows
    done = subprocess.run([harness.gorotrace(), "monitor", "--check-config", file], capture_output=True, text=True)
    assert done.returncode == 0 and "[[rule]]" in file.read_text(), done.stderr


def test_the_job_for_kubernetes(tmp_path, objects):
    """Debian's promtool knows no Kubernetes: that part of the job is looked at by itself."""
    job, = yaml.safe_load((DEPLOY / "prometheus" / "kubernetes.yml").read_text())["scrape_configs"]
    pods, = job.pop("kubernetes_sd_configs")
    assert pods == {"role": "pod", "namespaces": {"names": [objects["Namespace"]["metadata"]["name"]]}}
    port, = objects["DaemonSet"]["spec"]["template"]["spec"]["containers"][0]["ports"]
    kept = {rule["source_labels"][0]: rule["regex"] for rule in job["relabel_configs"] if rule.get("action") == "keep"}
    assert kept == {"__meta_kubernetes_pod_label_app_kubernetes_io_name":
                    objects["DaemonSet"]["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"],
                    "__meta_kubernetes_pod_container_port_name": port["name"]}
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump({"scrape_configs": [{**job, "static_configs": [{"targets": ["a:1"]}]}]}))
    done = subprocess.run(["promtool", "check", "config", "--syntax-only", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_commands_of_the_recipes_exist():
    """Each option of each gorotrace command in deploy/README.md, and each file that it names."""
    text = (DEPLOY / "README.md").read_text()
    commands = re.findall(r"(?<!/)\bgorotrace (stat|dump|check|monitor|metrics|ps)\b([^\n|`]*)", text)
    assert len(commands) >= 5
    harness.check_options(commands)
    for file in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (DEPLOY / file).exists(), file


# ---------------------------------------------------------------- the image

BASE = "docker.io/library/debian:13-slim"


@pytest.mark.slow
def test_the_image_is_built_and_runs(tmp_path):
    """With buildah, in a machine of its own; its base is a debootstrap of Debian 13 under the name of the image."""
    assert re.findall(r"^FROM (\S+)", (DEPLOY / "Containerfile").read_text(), re.M) == ["debian:13-slim"] * 2
    mirror = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian"],
                            check=True, capture_output=True, text=True).stdout.split()[0]
    with Machine(tmp_path / "machine", on_disk=True) as machine:
        source = subprocess.run(["git", "-C", harness.ROOT, "archive", "HEAD"], check=True, capture_output=True).stdout
        subprocess.run(machine.command("sh", "-ec", "mkdir /srv/source; tar -x -C /srv/source"), input=source, check=True)
        machine.run("apt-get", "-qq", "update", seconds=300)
        machine.run("apt-get", "-qq", "-y", "--no-install-recommends", "install", "buildah", "debootstrap",
                    "debian-archive-keyring", seconds=600)
        machine.run("debootstrap", "--variant=minbase", "trixie", "/srv/base", mirror, seconds=900)
        # What reaches the network from here must reach it from there.
        machine.run("sh", "-ec", """
            cp -L /etc/resolv.conf /etc/hosts /srv/base/etc/
            for file in $(grep -ls Acquire /etc/apt/apt.conf /etc/apt/apt.conf.d/*); do
              cp "$file" /srv/base/etc/apt/apt.conf.d/
            done
            tar -C /srv/base -c . >/srv/base.tar""", seconds=300)
        buildah = ["buildah", "--root", "/srv/storage", "--storage-driver", "overlay"]
        name = machine.run(*buildah, "from", "scratch").stdout.strip()
        machine.run(*buildah, "add", name, "/srv/base.tar", "/", seconds=300)
        machine.run(*buildah, "commit", "--rm", name, BASE, seconds=300)
        machine.run(*buildah, "bud", "--isolation", "chroot", "--pull-never", "-f", "/srv/source/deploy/Containerfile", "-t",
                    "gorotrace", "/srv/source", seconds=3600)
        name = machine.run(*buildah, "from", "--pull-never", "localhost/gorotrace").stdout.strip()
        inside = [*buildah, "run", "--isolation", "chroot", name, "--"]
        assert machine.run(*inside, "/usr/bin/gorotrace", "--version").stdout.startswith("gorotrace ")
        # It has the library that serves; buildah's capabilities are not those that it asks for.
        served = machine.run(*inside, "timeout", "3", "/usr/bin/gorotrace", "monitor", "--listen", "127.0.0.1:0", check=False)
        assert "msg=listening" in served.stderr, served.stderr
