"""Harbor deployment tasks."""
from invoke import Collection, Exit, call, task
@task
def fetch(c, ref="main"): "Fetch the sources."; print(f"fetch {ref}")
@task(pre=[call(fetch, ref="v1")], aliases=["mk"],
      help={"image": "Image to build", "push": "Push when done", "jobs": "Worker count"})
def build_image(c, image, push=False, cache=True, jobs=4):
    "Build one image.\n\nUses every worker."
    print(f"build {image} push={push:d} cache={cache:d} jobs={jobs}")
@task(iterable=["label"], incrementable=["verbose"], optional=["log"])
def audit(c, label, verbose=0, log=None):
    print("audit", ",".join(label) or "-", verbose, "on" if log is True else log or "-")
@task
def probe(c, code=3, quiet=""): c.run(f"echo probe; echo oops >&2; exit {code}", hide=quiet or None)
@task(default=True, post=[fetch])
def roll(c): "Roll out."; c.run("echo rolled")
@task
def stop(c, msg="", code=-1): raise Exit(msg or None, code if code >= 0 else None)
@task(default=True)
def dump(c): "Dump the database."; print(f"dump {c.db.host}:{c.db.port} ssl={c.db.ssl:d}")
@task
def restore(c, name): print(f"restore {name}")
db = Collection("db_admin", dump, restore)
db.configure({"db": {"host": "inner", "port": 5432, "ssl": True}})
ns = Collection(fetch, build_image, audit, probe, roll, stop, db)
