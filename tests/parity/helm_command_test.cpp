#include <doctest/doctest.h>

#include <iostream>
#include <string>
#include <vector>

#include "tests/parity/helm_peer.hpp"

// `gitopsctl helm template --helm-compat` against `helm template`: what is printed, said, written and returned.

using namespace gitopsctl::tests;

namespace {

void write_charts(const WorkDirectory& directory) {
  directory.write("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: \"7\"\n");
  directory.write("web/values.yaml", "name: x\nlist: [1]\nnested: {a: 1}\ntext: null\n");
  directory.write("web/templates/a.yaml",
                  "kind: ConfigMap\nname: {{ .Release.Name }}.{{ .Release.Namespace }}.{{ .Release.IsUpgrade }}\n"
                  "kube: {{ .Capabilities.KubeVersion }} {{ .Capabilities.APIVersions.Has \"a.io/v1\" }} "
                  "{{ .Capabilities.APIVersions.Has \"b.io/v1/Kind\" }}\nvalues: {{ toJson .Values }}\n");
  directory.write("web/templates/two.yaml", "kind: Service\n---\nkind: Pod\n");
  directory.write("web/templates/sub/deep.yaml", "kind: Job\n");
  directory.write("web/templates/test.yaml", "kind: Pod\nmetadata:\n  annotations:\n    helm.sh/hook: test\n");
  directory.write("web/templates/hook.yaml", "kind: Job\nmetadata:\n  annotations:\n    helm.sh/hook: pre-install\n");
  directory.write("web/templates/NOTES.txt", "hello\n");
  directory.write("web/crds/crd.yaml", "kind: CustomResourceDefinition\n");
  directory.write("web/charts/child/Chart.yaml", "apiVersion: v2\nname: child\nversion: 0.1.0\n");
  directory.write("web/charts/child/templates/c.yaml", "kind: Secret\nvalue: {{ .Values.v }}\n");
  directory.write("one.yaml", "name: one\nnested: {b: 2}\n");
  directory.write("two.yaml", "name: two\nchild: {v: 5}\n");
  directory.write("text.txt", "line\nother\n");
  directory.write("broken.yaml", "a: [\n");
  directory.write("list.yaml", "- a\n");
  directory.write("empty/Chart.yaml", "apiVersion: v2\nname: empty\nversion: 1.0.0\n");
  directory.write("strict/Chart.yaml", "apiVersion: v2\nname: strict\nversion: 1.0.0\nkubeVersion: \">=1.30.0\"\n");
  directory.write("strict/values.schema.json", R"({"required":["size"],"properties":{"size":{"type":"integer"}}})");
  directory.write("strict/templates/x.yaml", "a: {{ required \"say it\" .Values.word }}\n");
  directory.write("bad/Chart.yaml", "apiVersion: v2\nname: bad\nversion: 1.0.0\n");
  directory.write("bad/templates/x.yaml", "a: {{ .Values.what }}\n");
  directory.write("no/templates/x.yaml", "a: 1\n");
}

std::vector<std::vector<std::string>> command_lines() {
  return {
      {"web"},
      {"rel", "web"},
      {"rel", "./web"},
      {"rel", "web/"},
      {"web", "--generate-name"},
      {"rel", "web", "-n", "apps", "--is-upgrade"},
      {"rel", "web", "-f", "one.yaml", "-f", "two.yaml"},
      {"rel", "web", "--values", "two.yaml", "--values=one.yaml"},
      {"rel", "web", "--set", "name=y,list[1]=2,nested.a=null", "--set-string", "nested.b=5", "--set-json",
       "list=[1,\"a\"]"},
      {"rel", "web", "--set-json", R"({"name":"j","nested":{"c":1.5}})", "--set-literal", "text=a,b=c"},
      {"rel", "web", "--set-file", "text=text.txt,nested.f=one.yaml"},
      {"rel", "web", "--set", "a.b=1", "--set", "a.b=2", "--set", "child.v=7"},
      {"rel", "web", "--kube-version", "1.30", "-a", "a.io/v1,b.io/v1/Kind"},
      {"rel", "web", "--kube-version", "v1.31.4", "--api-versions", "a.io/v1", "--api-versions", "b.io/v1/Kind"},
      {"rel", "web", "--include-crds"},
      {"rel", "web", "--no-hooks"},
      {"rel", "web", "--skip-tests"},
      {"rel", "web", "-s", "templates/two.yaml"},
      {"rel", "web", "-s", "templates/hook.yaml", "-s", "templates/a.yaml"},
      {"rel", "web", "--show-only", "templates/*.yaml"},
      {"rel", "web", "--show-only", "charts/child/templates/c.yaml"},
      {"rel", "web", "--include-crds", "-s", "crds/crd.yaml"},
      {"rel", "empty"},
      {"rel", "strict", "--set", "size=1,word=x"},
      {"rel", "strict", "--skip-schema-validation", "--set", "word=x"},
      // Files.
      {"rel", "web", "--output-dir", "out"},
      {"rel", "web", "--output-dir", "out"},
      {"rel", "web", "--output-dir", "out", "--release-name", "--include-crds"},
      {"rel", "web", "--output-dir", "out", "--no-hooks"},
      // Mistakes.
      {"rel", "web", "-s", "nothing"},
      {"rel", "web", "--no-hooks", "-s", "templates/hook.yaml"},
      {"rel", "nothing"},
      {"rel", "./nothing"},
      {"rel", "no"},
      {"rel", "web", "-f", "nothing.yaml"},
      {"rel", "web", "-f", "broken.yaml"},
      {"rel", "web", "-f", "list.yaml"},
      {"rel", "web", "--set", "a"},
      {"rel", "web", "--set", "a[=1"},
      {"rel", "web", "--set", "a[0"},
      {"rel", "web", "--set", "a.b[0][1"},
      {"rel", "web", "--set", "a[x]=1"},
      {"rel", "web", "--set", "a.b"},
      {"rel", "web", "--set", "a={1,2"},
      {"rel", "web", "--set-json", "a={"},
      {"rel", "web", "--set-file", "a=nothing.txt"},
      {"rel", "web", "--kube-version", "abc"},
      {"rel", "web", "--generate-name"},
      {"rel", "strict"},
      {"rel", "strict", "--set", "size=x"},
      {"rel", "strict", "--set", "size=1"},
      {"rel", "strict", "--set", "size=1,word=x", "--kube-version", "1.29"},
      {"rel", "bad", "--set", "what=[\\,"},
      {"rel", "web", "-f", "web"},
  };
}

}  // namespace

TEST_SUITE("parity: helm template") {
  TEST_CASE("the command prints, writes and returns what helm does") {
    for (const auto& helm : HelmPeer::all("parity of the command line of helm template")) {
      const WorkDirectory theirs;
      const WorkDirectory ours;
      write_charts(theirs);
      write_charts(ours);
      int refused = 0;
      for (const auto& words : command_lines()) refused += compare_commands(helm, theirs, ours, words) == 0 ? 0 : 1;
      CHECK(refused >= 20);
      std::cout << "parity with " << helm.profile() << ": " << command_lines().size() << " command lines, " << refused
                << " of them refused\n";
    }
  }
}
