#!/usr/bin/env python3
"""Makes an OCI image of the two programs, without a daemon and without a network (./dev image).

The image holds the programs, exactly the shared libraries that they load, the certificates of this system, and the few files
without which a program in a container has no name and no temporary directory. Same files in, same bytes out: entries are
sorted, owners and modes are set, times are SOURCE_DATE_EPOCH (else that of the commit), and gzip gets neither name nor time.

The libraries come from the Debian packages of this machine. As images without a package manager do it, their entries of
dpkg's status stand in /var/lib/dpkg/status.d, so that scanners see what is inside, and their copyright files travel along.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

USER = 65532
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
PASSWD = (
    "root:x:0:0:root:/root:/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"
    f"gitopsctl:x:{USER}:{USER}:gitopsctl:/home/gitopsctl:/sbin/nologin\n"
)
GROUP = f"root:x:0:\nnogroup:x:65534:\ngitopsctl:x:{USER}:\n"
NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\n"


def fail(message):
    sys.exit(f"image: {message}")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        fail(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Layer:
    """Files of one layer, and the tar that they make."""

    def __init__(self, epoch):
        self.epoch = epoch
        self.entries = {}

    def _add(self, path, kind, mode, data=b"", target="", owner=0):
        info = tarfile.TarInfo(path)
        info.type, info.mode, info.mtime = kind, mode, self.epoch
        info.uid = info.gid = owner
        info.size, info.linkname = len(data), target
        if path in self.entries and self.entries[path][1] != data:
            fail(f"two files want to be {path}")
        self.entries[path] = (info, data)

    def directory(self, path, mode=0o755, owner=0):
        parent = os.path.dirname(path)
        if parent and parent not in self.entries:
            self.directory(parent)
        self._add(path, tarfile.DIRTYPE, mode, owner=owner)

    def file(self, path, data, mode=0o644):
        parent = os.path.dirname(path)
        if parent not in self.entries:
            self.directory(parent)
        self._add(path, tarfile.REGTYPE, mode, data)

    def link(self, path, target):
        self._add(path, tarfile.SYMTYPE, 0o777, target=target)

    def tar(self):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for path in sorted(self.entries):
                info, data = self.entries[path]
                archive.addfile(info, io.BytesIO(data))
        return out.getvalue()


def compressed(data):
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=out, mtime=0) as archive:
        archive.write(data)
    return out.getvalue()


def stripped(program):
    """The program without its symbols, which nobody reads in a container."""
    with tempfile.NamedTemporaryFile() as copy:
        run("strip", "--strip-all", "-o", copy.name, str(program))
        return pathlib.Path(copy.name).read_bytes()


def libraries_of(programs):
    """Soname or path of the loader → file, for everything that the programs load."""
    out = {}
    for program in programs:
        for line in run("ldd", str(program)).splitlines():
            line = line.strip()
            if "not found" in line:
                fail(f"{program} needs {line.split()[0]}, which is not here")
            if found := re.match(r"(\S+) => (/\S+) \(0x", line):
                out[found[1]] = found[2]
            elif found := re.match(r"(/\S+) \(0x", line):
                out[found[1]] = found[1]
    return out


def in_usr(path):
    """/lib is a link to usr/lib in the image, as it is in Debian."""
    return re.sub(r"^/?(lib(32|64)?|bin|sbin)/", r"usr/\1/", path.lstrip("/"))


def package_of(path):
    """The Debian package of a file, by the path that dpkg knows."""
    real = os.path.realpath(path)
    for name in (real, re.sub("^/usr", "", real), path):
        done = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.split(": ")[0].split(",")[0]
    return None


def add_package(layer, package):
    name = package.split(":")[0]
    status = run("dpkg-query", "-s", package)
    # Describes this machine's installation and differs between machines.
    status = "".join(line + "\n" for line in status.splitlines() if not line.startswith("Conffiles"))
    layer.file(f"var/lib/dpkg/status.d/{name}", status.encode())
    copyright_file = pathlib.Path(f"/usr/share/doc/{name}/copyright")
    if copyright_file.exists():
        layer.file(f"usr/share/doc/{name}/copyright", copyright_file.read_bytes())
    else:
        print(f"image: no copyright file of {name} on this machine", file=sys.stderr)


def base_layer(programs, epoch):
    layer = Layer(epoch)
    for name in ("usr/bin", "usr/lib", "usr/lib64", "etc", "root", "run", "var/run/secrets"):
        layer.directory(name)
    # What a runtime mounts.
    for name in ("dev", "proc", "sys"):
        layer.directory(name)
    layer.link("bin", "usr/bin")
    layer.link("lib", "usr/lib")
    layer.link("lib64", "usr/lib64")
    layer.directory("tmp", 0o1777)
    for name in ("home/gitopsctl", "var/lib/gitopsctl"):
        layer.directory(name, 0o700, USER)
    # Where the chart mounts the agent's file.
    layer.directory("etc/gitopsctl")
    packages = set()
    for name, path in sorted(libraries_of(programs).items()):
        where = in_usr(name) if name.startswith("/") else in_usr(os.path.join(os.path.dirname(path), name))
        layer.file(where, pathlib.Path(path).read_bytes(), 0o755)
        if package := package_of(path):
            packages.add(package)
        else:
            print(f"image: no package has {path}", file=sys.stderr)
    layer.file(CERTIFICATES.lstrip("/"), pathlib.Path(CERTIFICATES).read_bytes())
    packages.add("ca-certificates")
    for package in sorted(packages):
        add_package(layer, package)
    layer.file("etc/passwd", PASSWD.encode())
    layer.file("etc/group", GROUP.encode())
    layer.file("etc/nsswitch.conf", NSSWITCH.encode())
    if (release := pathlib.Path("/usr/lib/os-release")).exists():
        layer.file("usr/lib/os-release", release.read_bytes())
        layer.link("etc/os-release", "../usr/lib/os-release")
    return layer


def program_layer(source, epoch, licence):
    layer = Layer(epoch)
    layer.file("usr/bin/gitopsctl", stripped(source / "gitopsctl"), 0o755)
    layer.file("usr/libexec/gitopsctl/gitopsctl-net", stripped(source / "gitopsctl-net"), 0o755)
    layer.file("usr/share/doc/gitopsctl/copyright", licence.read_bytes())
    return layer


class Layout:
    """An OCI image layout in a directory."""

    def __init__(self, directory):
        self.directory = directory
        (directory / "blobs/sha256").mkdir(parents=True)

    def blob(self, data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        (self.directory / "blobs/sha256" / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def json(self, value, media_type):
        return self.blob(json.dumps(value, sort_keys=True, separators=(",", ":")).encode(), media_type)


def stamp(epoch):
    import datetime

    return datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def build(options):
    epoch = options.epoch
    programs = [options.programs / name for name in ("gitopsctl", "gitopsctl-net")]
    for program in programs:
        if not os.access(program, os.X_OK):
            fail(f"there is no program {program}")
    architecture = ARCHITECTURES.get(platform.machine()) or fail(f"no image for {platform.machine()}")
    version = run(str(programs[0]), "version").split()[1]
    directory = options.output / "layout"
    shutil.rmtree(directory, ignore_errors=True)
    layout = Layout(directory)
    described, diff_ids = [], []
    for layer in (base_layer(programs, epoch), program_layer(options.programs, epoch, options.licence)):
        data = layer.tar()
        diff_ids.append("sha256:" + hashlib.sha256(data).hexdigest())
        described.append(layout.blob(compressed(data), "application/vnd.oci.image.layer.v1.tar+gzip"))
    labels = {
        "org.opencontainers.image.title": "gitopsctl",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.revision": options.revision,
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.created": stamp(epoch),
    }
    config = layout.json(
        {
            "architecture": architecture,
            "os": "linux",
            "created": stamp(epoch),
            "config": {
                "User": f"{USER}:{USER}",
                "Entrypoint": ["/usr/bin/gitopsctl"],
                "Cmd": ["--help"],
                "Env": ["PATH=/usr/bin", "HOME=/home/gitopsctl"],
                "WorkingDir": "/",
                "Labels": labels,
            },
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": [
                {"created": stamp(epoch), "created_by": "libraries, certificates, users"},
                {"created": stamp(epoch), "created_by": "gitopsctl"},
            ],
        },
        "application/vnd.oci.image.config.v1+json",
    )
    manifest = layout.json(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": config,
            "layers": described,
            "annotations": labels,
        },
        "application/vnd.oci.image.manifest.v1+json",
    )
    manifest["platform"] = {"architecture": architecture, "os": "linux"}
    manifest["annotations"] = {
        "org.opencontainers.image.ref.name": version,
        "io.containerd.image.name": f"docker.io/library/gitopsctl:{version}",
    }
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [manifest],
    }
    (directory / "index.json").write_text(json.dumps(index, sort_keys=True, separators=(",", ":")))
    (directory / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    packed = Layer(epoch)
    for file in sorted(directory.rglob("*")):
        if file.is_file():
            packed.file(str(file.relative_to(directory)), file.read_bytes())
    archive = options.output / f"gitopsctl-{version}-{architecture}.oci.tar"
    archive.write_bytes(packed.tar())
    print(f"image: {archive}: {archive.stat().st_size / 1e6:.1f} MB, digest {manifest['digest']}")


def default_epoch(source):
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    done = subprocess.run(
        ["git", "-C", str(source), "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False
    )
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip() else 0


def main():
    source = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, default=source / "build/release", help="where the programs are")
    parser.add_argument("--output", type=pathlib.Path, default=source / "build/image")
    parser.add_argument("--licence", type=pathlib.Path, default=source / "LICENSE")
    parser.add_argument("--epoch", type=int, default=default_epoch(source), help="seconds since 1970 of every file")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    described = subprocess.run(
        ["git", "-C", str(source), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    options.revision = described.stdout.strip() or "unknown"
    build(options)


if __name__ == "__main__":
    main()
