#!/usr/bin/env python3
"""Checks of the image that tools/image.py makes: the same bytes twice, a layout that is right, nothing in it that must not be,
and programs that run when they have nothing but the image, as nobody, on a root that cannot be written to.

  tests/image/check.py [--programs DIR]
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
MOST_BYTES = 60_000_000
USER = 65532

passed, failed = 0, 0


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what}{': ' if detail else ''}{detail}", file=sys.stderr)
    return good


def not_run(what, why):
    print(f"NOT RUN: {what}: {why}")
    if os.environ.get("CI") == "true":
        check(what, False, why)


def make(programs, output):
    done = subprocess.run(
        [sys.executable, str(SOURCE / "tools/image.py"), f"--programs={programs}", f"--output={output}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"the image cannot be made: {done.stderr}")
    return next(output.glob("*.oci.tar"))


def same_twice(programs, first, scratch):
    """From copies with other times and modes, in another directory."""
    copies = scratch / "copies"
    copies.mkdir()
    for name in ("gitopsctl", "gitopsctl-net"):
        shutil.copyfile(programs / name, copies / name)
        (copies / name).chmod(0o700)
        os.utime(copies / name, (1, 1))
    before = os.umask(0o077)
    second = make(copies, scratch / "second")
    os.umask(before)
    check("two images of the same programs are equal", first.read_bytes() == second.read_bytes())


class Image:
    def __init__(self, archive):
        self.files = {}
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.isfile():
                    self.files[member.name] = tar.extractfile(member).read()
        index = json.loads(self.files["index.json"])
        self.manifest = json.loads(self.blob(index["manifests"][0]))
        self.config = json.loads(self.blob(self.manifest["config"]))
        self.layers = [gzip.decompress(self.blob(layer)) for layer in self.manifest["layers"]]

    def blob(self, descriptor):
        digest = descriptor["digest"].removeprefix("sha256:")
        data = self.files[f"blobs/sha256/{digest}"]
        check("a blob has its digest", hashlib.sha256(data).hexdigest() == digest, digest)
        check("a blob has its size", len(data) == descriptor["size"], digest)
        return data


def right_layout(image):
    check("the layout has its version", json.loads(image.files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"})
    ids = ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in image.layers]
    check("the config names the layers", image.config["rootfs"]["diff_ids"] == ids)
    check("the image runs as nobody in particular", image.config["config"]["User"] == f"{USER}:{USER}")
    check("the image is small", sum(map(len, image.layers)) < MOST_BYTES, str(sum(map(len, image.layers))))
    for layer, described in zip(image.layers, image.manifest["layers"]):
        # RFC 1952: flags and time of the header.
        head = image.blob(described)[:8]
        check("gzip has neither name nor time", head[3] == 0 and head[4:8] == b"\0\0\0\0")
        with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
            members = tar.getmembers()
        names = [member.name for member in members]
        check("entries are sorted", names == sorted(names))
        for member in members:
            check("no entry leaves the root", not member.name.startswith("/") and ".." not in member.name.split("/"))
            check("nobody becomes somebody else", member.mode & 0o6000 == 0, member.name)
            writable = member.mode & 0o022 and not member.issym()
            check("only /tmp is everybody's", not writable or member.name == "tmp", member.name)
            check("files are root's", member.isdir() or (member.uid == 0 and member.gid == 0), member.name)
            check("one time for all", member.mtime == members[0].mtime, member.name)


def unpack(image, root):
    for layer in image.layers:
        with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
            for member in tar:
                if os.geteuid() != 0:
                    member.uid, member.gid = os.getuid(), os.getgid()
                tar.extract(member, root)


def way_in(root):
    """The words before a command that run it in the image, on a root that cannot be written to; None where nothing does."""
    script = (
        'mount --bind "$0" "$0" && mount --rbind /proc "$0/proc" && mount -o remount,ro,bind "$0" && '
        'exec chroot $USERSPEC "$0" "$@"'
    )
    ways = [["unshare", "--mount"]] if os.geteuid() == 0 else [["unshare", "--user", "--map-root-user", "--mount"]]
    ways.append([])
    for way in ways:
        user = f"--userspec={USER}:{USER}" if os.geteuid() == 0 else ""
        words = script if way else 'exec chroot $USERSPEC "$0" "$@"'
        command = [*way, "sh", "-c", words.replace("$USERSPEC", user), str(root)]
        if subprocess.run([*command, "/usr/bin/gitopsctl", "--version"], capture_output=True, check=False).returncode == 0:
            return command, bool(way)
    return None, False


def runs(root):
    command, read_only = way_in(root)
    if command is None:
        # What fails everywhere is the image, and not this machine.
        able = subprocess.run(["unshare", "--user", "--map-root-user", "true"], capture_output=True, check=False)
        if os.geteuid() == 0 or able.returncode == 0:
            check("the program starts in the image", False)
        else:
            not_run("the programs in their image", "neither chroot nor user namespaces are allowed here")
        return
    if not read_only:
        not_run("the image on a root that cannot be written to", "nothing can be mounted here")

    def call(*words, text=""):
        return subprocess.run([*command, "/usr/bin/gitopsctl", *words], input=text, capture_output=True, text=True, check=False)

    done = call("version", "-o", "json")
    check("gitopsctl version", done.returncode == 0 and '"version"' in done.stdout, done.stderr)
    # The second program, with all that it loads; the first one finds it through /proc.
    if not read_only:
        not_run("gitopsctl-net in its image", "without mounts there is no /proc in it")
        return
    sets = ["--set", "repositories[0].name=shop,repositories[0].url=https://git.example.org/shop.git"]
    sets += ["--set", "bindings[0].repository=shop,bindings[0].channel=prod"]
    done = call("install", "-o", "yaml", *sets)
    check("gitopsctl install -o yaml", done.returncode == 0 and "kind: Deployment" in done.stdout, done.stderr)
    done = call("agent", "--config", "/etc/gitopsctl/agent.yaml")
    check("gitopsctl agent says what it lacks", done.returncode > 0 and "agent.yaml" in done.stderr, done.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, default=SOURCE / "build/release")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gitopsctl-image-") as name:
        scratch = pathlib.Path(name)
        scratch.chmod(0o755)
        archive = make(options.programs, scratch / "first")
        same_twice(options.programs, archive, scratch)
        image = Image(archive)
        right_layout(image)
        root = scratch / "root"
        root.mkdir()
        unpack(image, root)
        runs(root)
        print(f"image: {archive.stat().st_size / 1e6:.1f} MB packed, {sum(map(len, image.layers)) / 1e6:.1f} MB unpacked")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
