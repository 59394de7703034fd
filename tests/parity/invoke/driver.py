"""Answers questions to the installed invoke, one JSON document per line, for invoke_parser_test.cpp.

{"file": PATH}                     the tasks of a file are asked about from here on
{"collection": {...}}              those of a description are (see build_collection)
{"argv": [...], "width": 80}       one command line without the program's name

Each answer is one line: for a collection {"ok": bool}, for a command line what the program printed, its exit code, and
instead of running anything the calls and core values that it would have run with.
"""
import contextlib
import getpass
import importlib.util
import io
import json
import sys

import invoke.program
from invoke import Collection, Program, task

getpass.getpass = lambda *arguments: ""
invoke.program.enable_logging = lambda: None


def was_given(argument):
    if argument.kind is list:
        return bool(argument.value)
    if argument.incrementable:
        return argument.value != argument.default
    return argument.raw_value is not None


class Stop(Exception):
    """What the program would have run."""


def build_task(spec):
    names = ["c"] + (["*"] if spec["args"] else [])
    scope = {}
    for number, argument in enumerate(spec["args"]):
        if "default" in argument:
            scope[f"value{number}"] = argument["default"]
            names.append(f"{argument['name']}=value{number}")
        else:
            names.append(argument["name"])
    exec(f"def body({', '.join(names)}): pass", scope)  # the description is ours
    body = scope["body"]
    body.__name__ = spec["name"]
    body.__doc__ = spec.get("doc")
    words = {key: spec[key] for key in ("aliases", "positional", "optional", "iterable", "incrementable") if key in spec}
    texts = {argument["name"]: argument["help"] for argument in spec["args"] if "help" in argument}
    return task(name=spec["name"], auto_shortflags=spec.get("short", True), help=texts, **words)(body)


def build_collection(spec):
    out = Collection(spec["name"], auto_dash_names=spec.get("dashed", True))
    out.__doc__ = spec.get("doc")
    for one in spec["tasks"]:
        out.add_task(build_task(one), default=spec.get("default") == one["name"])
    for one in spec["collections"]:
        out.add_collection(build_collection(one), default=spec.get("default") == one["name"])
    return out


def load_file(path):
    spec = importlib.util.spec_from_file_location("tasks", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Collection.from_module(module, name="tasks")


def run(make, argv, width):
    class Asked(Program):
        def load_collection(self):
            # Made anew, since help takes texts out of tasks.
            self.collection = make()

        def update_config(self, merge=True):
            pass

        def execute(self):
            calls = [
                {"name": c.name, "args": c.as_kwargs, "given": [a.name for a in c.args.values() if was_given(a)]}
                for c in self.tasks
            ]
            core = {name: argument.value for name, argument in self.core[0].args.items()}
            raise Stop({"calls": calls, "core": core, "remainder": self.core.remainder})

    invoke.program.pty_size = lambda: (width, 24)
    program = Asked(name="Invoke", binary="inv[oke]", binary_names=["invoke", "inv"], version="3.0.3")
    out, err = io.StringIO(), io.StringIO()
    answer = {"code": 0}
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            program.run(["inv", *argv])
        except Stop as stop:
            answer.update(stop.args[0])
        except SystemExit as end:
            answer["code"] = end.code or 0
        except Exception as error:  # what would be a traceback
            answer["code"] = 1
            answer["crash"] = f"{type(error).__name__}: {error}"
    answer["out"] = out.getvalue()
    answer["err"] = err.getvalue()
    return answer


def main():
    make = None
    for line in sys.stdin:
        question = json.loads(line)
        if "argv" in question:
            answer = run(make, question["argv"], question.get("width", 80))
        else:
            if "file" in question:
                make = lambda path=question["file"]: load_file(path)
            else:
                make = lambda spec=question["collection"]: build_collection(spec)
            try:
                make()
                answer = {"ok": True}
            except Exception as error:
                answer = {"ok": False, "why": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, default=str), flush=True)


main()
