#include "agent/isolate/isolate.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>

#include "base/process/sandbox.hpp"
#include "render/release/render_release.hpp"
#include "tests/unit/render/helm/chart_tree.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::tests;

namespace {

IsolatedRenderer renderer() { return IsolatedRenderer(std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl"); }

render::RenderInputs inputs_of(FileTreePtr tree) {
  render::RenderInputs inputs;
  inputs.tree = std::move(tree);
  inputs.helm.chart = tree_path("app");
  inputs.helm.release_name = "shop";
  inputs.installation_key = "key";
  inputs.identity = "a/b/c/d";
  return inputs;
}

FileTreePtr with_template(const std::string& text) {
  return make_tree({{"app/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"}, {"app/templates/a.yaml", text}});
}

/// How a process of its own ends that runs `work`.
int status_of(const std::function<int()>& work) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(work());
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return status;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

}  // namespace

TEST_SUITE("isolate") {
  TEST_CASE("lookups are answered by who ordered the render") {
    auto inputs = inputs_of(with_template(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n"
        "  a: {{ (lookup \"v1\" \"Secret\" \"web\" \"db\").data.p }}-{{ lookup \"v1\" \"Pod\" \"\" \"\" | len }}\n"));
    inputs.lookup = [](const render::LookupQuestion& question) -> Result<Value> {
      if (question.kind == "Pod") return Value::map();
      return make_map({{"data", make_map({{"p", Value::string(question.to_string())}})}});
    };
    const auto set = renderer().release(inputs);
    REQUIRE_MESSAGE(set.ok(), (set.ok() ? "" : set.error().to_string()));
    CHECK(set->objects.front().body.string_at({"data", "a"}) == "Secret web/db-0");
  }

  TEST_CASE("a release comes out the same, with the same notes of what was read") {
    auto inputs = inputs_of(
        with_template("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: {{ randAlphaNum 30 }}, "
                      "t: {{ dateInZone \"MST\" (toDate \"2006-01-02\" \"2026-07-01\") \"Europe/Berlin\" | quote }}, "
                      "k: {{ genPrivateKey \"ecdsa\" | sha256sum }}, h: {{ htpasswd \"u\" \"p\" | len }}}\n"));
    const auto here_notes = std::make_shared<RecordingTree>(inputs.tree);
    const auto there_notes = std::make_shared<RecordingTree>(inputs.tree);
    inputs.tree = here_notes;
    const auto here = render::render_release(inputs);
    inputs.tree = there_notes;
    const auto there = renderer().release(inputs);
    REQUIRE(here.ok());
    REQUIRE_MESSAGE(there.ok(), there.error().to_string());
    CHECK(there->text == here->text);
    CHECK(there->render_digest == here->render_digest);
    CHECK(there->seal_digest == here->seal_digest);
    CHECK(there->warnings == here->warnings);
    CHECK(there_notes->dependencies() == here_notes->dependencies());
  }

  TEST_CASE("the charts of the tests come out the same") {
    namespace fs = std::filesystem;
    const std::string root = std::string(GITOPSCTL_SOURCE_DIR) + "/tests/parity/charts";
    auto tree = open_disk_tree(root);
    REQUIRE(tree.ok());
    int count = 0;
    for (const auto& entry : fs::directory_iterator(root)) {
      if (!fs::exists(entry.path() / "Chart.yaml")) continue;
      auto inputs = inputs_of(make_tree({}));
      inputs.tree = *tree;
      inputs.helm.chart = tree_path(entry.path().filename().string());
      CAPTURE(inputs.helm.chart.str());
      auto stage_here = render::helm::Stage::inputs;
      auto stage_there = render::helm::Stage::inputs;
      const auto here = render::helm::render_chart(inputs, &stage_here);
      const auto there = renderer().chart(inputs, &stage_there);
      REQUIRE(here.ok() == there.ok());
      CHECK(stage_here == stage_there);
      if (here.ok()) {
        CHECK(here->text() == there->text());
        CHECK(here->notes == there->notes);
        CHECK(here->warnings == there->warnings);
      } else {
        CHECK(here.error().to_string() == there.error().to_string());
      }
      ++count;
    }
    CHECK(count > 0);
  }

  TEST_CASE("errors arrive with place, hint and code") {
    for (const std::string text : {"{{ fail \"no\" }}", "{{ .a.b.c }}", "{{", "{{ repeat 100000000 \"x\" }}",
                                   "{{ include \"nothing\" . }}", "a: [", "{{ range 1000000000 }}{{ end }}"}) {
      const auto inputs = inputs_of(with_template(text));
      const auto here = render::render_release(inputs);
      const auto there = renderer().release(inputs);
      REQUIRE(!here.ok());
      REQUIRE(!there.ok());
      CHECK(there.error().to_string() == here.error().to_string());
      CHECK(there.error().hint() == here.error().hint());
      CHECK(there.error().code() == here.error().code());
    }
    const auto missing = inputs_of(make_tree({}));
    CHECK(renderer().release(missing).error().to_string() == render::render_release(missing).error().to_string());
  }

  TEST_CASE("a process that does not render is an error of that render") {
    const auto inputs = inputs_of(with_template("a: 1"));
    const auto error_of = [&](const std::string& program) { return IsolatedRenderer(program).release(inputs).error(); };
    CHECK(error_of("/bin/false").message().find("exit code") != std::string::npos);
    CHECK(error_of("/no/such/program").code() == ErrorCode::not_found);
    CHECK(error_of("/bin/true").code() == ErrorCode::internal);
    // It sends back what it is sent: an order, which is no answer.
    CHECK(error_of("/bin/cat").code() != ErrorCode::invalid_input);
  }

  TEST_CASE("a render that burns its time is ended by the system as well") {
    if (sanitized) return;
    const auto status = status_of([] {
      if (!enter_sandbox({.address_space = 0, .cpu_time = std::chrono::seconds(1)}).ok()) return 9;
      for (;;) asm volatile("");
    });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGXCPU);
  }

  TEST_CASE("in the sandbox nothing is opened, started or connected") {
    if (sanitized) return;
    const auto inside = [](const std::function<int()>& work) {
      return status_of([&] {
        return enter_sandbox({.address_space = 1UL << 32U, .cpu_time = std::chrono::seconds(5)}).ok() ? work() : 99;
      });
    };
    const auto exits_with = [](int status, int code) { return WIFEXITED(status) && WEXITSTATUS(status) == code; };
    const auto killed = [](int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS; };
    CHECK(exits_with(inside([] { return 7; }), 7));
    CHECK(exits_with(inside([] { return ::open("/etc/passwd", O_RDONLY) < 0 && errno == EPERM ? 1 : 2; }), 1));
    CHECK(exits_with(inside([] { return ::open("/tmp/x", O_WRONLY | O_CREAT, 0600) < 0 ? 1 : 2; }), 1));
    CHECK(exits_with(inside([] { return ::unlink("/tmp/x") < 0 && errno == EPERM ? 1 : 2; }), 1));
    CHECK(exits_with(inside([] { return ::access("/etc/passwd", R_OK) < 0 && errno == EPERM ? 1 : 2; }), 1));
    CHECK(exits_with(inside([] { return ::dup(0) < 0 ? 1 : 2; }), 1));
    CHECK(killed(inside([] { return ::socket(AF_INET, SOCK_STREAM, 0); })));
    CHECK(killed(inside([] { return ::fork(); })));
    CHECK(killed(inside([] { return ::execl("/bin/true", "true", nullptr); })));
    CHECK(killed(inside([] { return ::kill(::getppid(), 0); })));
    CHECK(exits_with(inside([] {
                       // More than the address space: refused, not granted and regretted.
                       return std::malloc(std::size_t{1} << 33U) == nullptr ? 1 : 2;
                     }),
                     1));
  }
}
