#include <doctest/doctest.h>

#include <filesystem>
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
      {"rel", "bad", "--set", "what=[\\,", "--debug"},
      {"rel", "bad", "--set", "what=[\\,", "--debug", "-s", "templates/x.yaml"},
      {"rel", "bad", "--set", "what=[\\,", "--debug", "-s", "nothing"},
      {"rel", "strict", "--set", "size=1", "--debug"},
      {"rel", "web", "-f", "web"},
  };
}

/// Flags that change nothing here, and mistakes of the command line: all that is said is compared.
std::vector<std::vector<std::string>> flag_lines() {
  return {
      // Of an installation, a cluster, a log.
      {"rel", "small", "--wait", "--wait-for-jobs", "--timeout", "1m30s", "--create-namespace", "--description", "d",
       "--disable-openapi-validation", "--skip-crds", "--take-ownership", "--replace", "--labels", "a=b,c=d", "-v", "3",
       "--debug=false"},
      {"rel",
       "small",
       "--kube-as-group",
       "a",
       "--kube-as-user",
       "u",
       "--kube-token",
       "t",
       "--kube-apiserver",
       "s",
       "--kube-ca-file",
       "f",
       "--kube-tls-server-name",
       "n",
       "--kube-insecure-skip-tls-verify",
       "--burst-limit",
       "0x7",
       "--qps",
       "1.5",
       "--repository-config",
       "x",
       "--repository-cache",
       "out-of-sight",
       "--registry-config",
       "y"},
      {"rel", "small", "--atomic", "--force", "--hide-notes", "--render-subchart-notes"},
      {"rel", "small", "--server-side=false", "--rollback-on-failure", "--content-cache", "out-of-sight"},
      {"rel", "small", "--dry-run"},
      {"rel", "small", "--dry-run=true"},
      {"rel", "small", "--wait=true", "--dry-run=client"},
      {"rel", "small", "--include-crds=T", "--skip-tests=0", "-n", "", "--kube-version", "", "--name-template", ""},
      // Names.
      {"small", "--name-template", "{{ randAlpha 3 | len }}-{{ \"Q\" | lower }}{{ env \"NOT_SET\" }}"},
      {"small", "--name-template", "{{ .x }}"},
      {"small", "--name-template", "{{ fail \"no\" }}"},
      {"small", "--name-template", "a{{ toYaml 1 }}"},
      {"small", "--name-template", "{{ if }}"},
      {"rel", "small", "--name-template", "x"},
      // The namespace.
      {"rel", "small", "--kubeconfig", "kube.yaml"},
      {"rel", "small", "--kubeconfig", "kube.yaml", "--kube-context", "two"},
      {"rel", "small", "--kubeconfig", "nothing.yaml", "--kube-context", "two"},
      // Programs: helm 4 knows none of these.
      {"rel", "small", "--post-renderer", "sed", "--post-renderer-args", "s/ConfigMap/Changed/"},
      {"rel", "web", "--include-crds", "--post-renderer", "tac", "-s", "templates/hook.yaml"},
      {"rel", "small", "--post-renderer", "false"},
      {"rel", "small", "--post-renderer", "./nothing"},
      // Mistakes.
      {},
      {"rel", "small", "x", "y"},
      {"rel", "--", "small", "--foo"},
      {"rel", "small", "--foo"},
      {"-gx", "small"},
      {"small", "--set"},
      {"small", "-gn"},
      {"small", "--=x"},
      {"small", "---x"},
      {"rel", "small", "--timeout", "5"},
      {"rel", "small", "-g=maybe"},
      {"rel", "small", "--include-crds=maybe"},
      {"rel", "small", "--burst-limit", "99999999999999999999"},
      {"rel", "small", "--qps", "abc"},
      {"rel", "small", "--labels", "a=b,c=d,e"},
      {"rel", "small", "-l", "owner=b"},
      {"rel", "small", "-f", "a\"b"},
      {"rel", "small", "-f", "\"a\"b"},
      {"rel", "small", "--dry-run=foo"},
      {"rel", "small", "--dry-run=none"},
      {"rel", "small", "--wait=foo"},
      {"rel", "small", "--force", "--force-conflicts"},
      {"rel", "small", "--color", "bad"},
      {"rel", "small", "--verify"},
      {"rel", "bitnami/redis"},
      {"", "small"},
  };
}

/// Charts with much to say about them.
void write_lint_charts(const WorkDirectory& directory) {
  const std::string icon = "icon: https://x.org/i.png\n";
  directory.write("full/Chart.yaml",
                  "apiVersion: v2\nname: full\nversion: 1.2.3+b\nappVersion: 72225e2\nkubeVersion: \">=1.20.0\"\n"
                  "description: a 'quoted' thing\ntype: application\nkeywords: [a, b]\nhome: https://x.org\n"
                  "sources: [https://x.org/s]\nmaintainers: [{name: Ann, email: a@x.org, url: https://x.org}]\n"
                  "deprecated: true\nannotations: {a: \"1\", b: c}\ncondition: x.y\ntags: q\nunknown: field\n"
                  "dependencies:\n- name: sub\n  version: 0.1.0\n  repository: \"\"\n  condition: sub.enabled\n"
                  "  tags: [t]\n  import-values: [data, {child: a, parent: b}]\n  alias: s2\n");
  directory.write("full/values.yaml", "a: 1 # c\nb: [x]\n");
  directory.write("full/README.md", "# Readme\nhello");
  directory.write("full/crds/a.yaml", "---\nkind: A\n");
  directory.write("full/crds/b.yaml", "kind: B");
  directory.write("full/crds/c.txt", "text");
  directory.write("full/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n");
  directory.write("full/charts/sub/crds/s.yaml", "kind: S\n");
  directory.write("full/templates/a.yaml", "kind: ConfigMap\nmetadata: {name: x}\n");

  directory.write("objects/Chart.yaml", "apiVersion: v2\nname: objects\nversion: 1.0.0\n" + icon);
  directory.write("objects/templates/a.yaml",
                  "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: Bad_Name\n---\n"
                  "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: ok}\n---\n"
                  "kind: Service\nmetadata: {name: 1.x}\n---\nkind: Role\nmetadata: {name: \"a/b%c\"}\n---\n"
                  "kind: Namespace\nmetadata: {name: a.b}\n--- # comment\n\n---\nkind: ConfigMap\n");
  directory.write("objects/templates/b.yaml", "  indented: 1\n");
  directory.write("objects/templates/c.yml",
                  "metadata: {name: r.{{ .Release.Name }}.{{ .Release.Revision }}.{{ .Release.IsInstall }}}\n");
  directory.write("objects/templates/d.json", "x");
  directory.write("objects/templates/list.yaml",
                  "kind: List\nmetadata: {name: l}\nitems:\n- metadata: {annotations: {helm.sh/resource-policy: keep}}\n");
  directory.write("objects/templates/_h.tpl", "a: \"helm.sh/hook\": crd-install\n .Release.Time");

  directory.write("wrong/Chart.yaml",
                  "apiVersion: v3\nname: b/c\nversion: 1.x.0\nversion: 2\nappVersion: 1.5\ntype: foo\nicon: x\n"
                  "sources: [x, \"\"]\nmaintainers: [{name: a, email: zz}]\nfoo: 1\n");
  directory.write("wrong/values.yaml", "a: [\n");
  directory.write("wrong/templates/a.yaml", "a: 1\n");
  directory.write(
      "old/Chart.yaml",
      "apiVersion: v1\nname: old\nversion: v1.2\ndependencies: [{name: zz, version: 1}, {name: zz, version: 1}]\n"
      "type: library\nmaintainers: [{name: m, url: \"ht tp://x\"}]\n");
  directory.write("unread/Chart.yaml", "name: [\n");
  directory.write("low/Chart.yaml", "apiVersion: v2\nname: low\nversion: 0.0.0-0\n");
  directory.write("low/values.schema.json", R"({"properties":{"a":{"type":"integer"}}})");
  directory.write("low/values.yaml", "a: x\n");
  directory.write("low/crds/a.yaml", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n---\nkind: X\n");
  directory.write("parent/Chart.yaml",
                  "apiVersion: v2\nname: parent\nversion: 1.0.0\ndependencies: [{name: q, version: 1}]\n");
  directory.write("parent/templates/bad.yaml", "a: [");
  directory.write("parent/charts/s1/Chart.yaml", "apiVersion: v2\nname: s1\nversion: 0.1.0\n");
  directory.write("parent/charts/s1/templates/x.yaml", "metadata: x");
  directory.write("cut/Chart.yaml", "apiVersion: v2\nname: cut\nversion: 1.0.0\nmaintainers: [{email: a@b.cd}]\n" + icon);
  directory.write("cut/templates/k.yaml", "kind: 1\nmetadata: {name: 2}\n--- foo\n");
  directory.write("fails/Chart.yaml", "apiVersion: v2\nname: fails\nversion: 1.0.0\n" + icon);
  directory.write("fails/templates/k.yaml", "a: {{ .Values.x.y }}\n");
  directory.write("good/Chart.yaml", "apiVersion: v2\nname: good\nversion: 1.0.0\n" + icon);
  directory.write("good/values.yaml", "x: a\n");
  directory.write("good/values.schema.json", R"({"properties":{"x":{"type":"string"}}})");
  directory.write("good/templates/k.yaml", "kind: ConfigMap\nmetadata: {name: \"{{ .Values.x }}\"}\n");
}

/// A chart that helm has much to log about.
void write_odd_chart(const WorkDirectory& directory, const std::string& name) {
  const bool old = name == "old";
  directory.write(name + "/Chart.yaml",
                  "apiVersion: v2\nname: odd\nversion: 1.0.0\ndeprecated: true\ndependencies:\n"
                  "- {name: sub, version: 0.1.0, condition: \"sub.on,sub.u\", tags: [front],\n"
                  "   import-values: [data, {child: no.thing, parent: p}]}\n");
  directory.write(name + "/values.yaml",
                  "table: {a: 1}\ntext: x\ntags: {front: no bool}\nsub: {on: text, t: {a: 1}, u: 5}\n"
                  "global: {g: {a: 1}, h: 1}\n");
  directory.write(name + "/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n");
  directory.write(name + "/charts/sub/values.yaml", "t: 1\nu: {b: 1}\nglobal: {g: 1, h: {x: 1}}\nexports: {other: {}}\n");
  directory.write(name + "/templates/h.yaml", "kind: A\nmetadata: {annotations: {helm.sh/hook: \"Non sense\"}}\n");
  directory.write("real/b.yaml", "kind: B\n");
  directory.write("real/d/d.yaml", "kind: D\n");
  const auto templates = directory.path() / name / "templates";
  std::filesystem::create_symlink("../../real/b.yaml", templates / "link.yaml");
  std::filesystem::create_directory_symlink("../../real/d", templates / "links");
  if (!old) return;
  directory.write(name + "/requirements.yaml", "dependencies: []\n");
  directory.write(name + "/requirements.lock", "dependencies: []\n");
}

std::vector<std::vector<std::string>> odd_lines() {
  return {
      {"template", "rel", "odd", "--set", "table=5,text.a=1"},
      {"template", "rel", "old/"},
      {"template", "rel", "odd", "--set", "sub=5"},
      {"template", "rel", "odd", "--set", "global=5", "-s", "templates/nothing"},
      {"template", "rel", "old", "--set", "sub.global=5"},
      {"template", "Rel", "odd"},
      {"show", "values", "old"},
  };
}

std::vector<std::vector<std::string>> lines_about_charts() {
  return {
      {"show", "all", "full"},
      {"show", "chart", "full"},
      {"show", "values", "full"},
      {"show", "readme", "full"},
      {"show", "crds", "full"},
      {"show", "values", "unread/../objects"},
      {"show", "chart", "unread"},
      {"show", "chart", "templates"},
      {"show", "chart", "a/b"},
      {"show", "chart"},
      {"show", "values", "full", "full"},
      {"show", "readme", "full", "--foo"},
      {"--debug=false", "show", "--kube-context", "x", "chart", "full", "--version", "9", "--devel"},
      {"lint", "objects", "full", "wrong", "old", "unread", "low", "cut", "fails", "good", "nothing"},
      {"lint", "objects", "good", "low", "--strict", "--quiet", "--kube-version", "1.13"},
      {"lint", "parent", "--with-subcharts"},
      {"lint", "good", "--strict"},
      {"lint", "good", "--quiet"},
      {"lint", "good", "--set", "x=1"},
      {"lint", "good", "--set", "x=1", "--skip-schema-validation"},
      {"lint", "good", "--set", "x=Upper", "--strict"},
      {"lint", "good", "-f", "nothing.yaml"},
      {"lint", "good", "--kube-version", "foo"},
      {"lint"},
  };
}

void write_small_chart(const WorkDirectory& directory) {
  directory.write("small/Chart.yaml", "apiVersion: v2\nname: small\nversion: 1.0.0\n");
  directory.write("small/templates/a.yaml",
                  "kind: ConfigMap\nname: {{ .Release.Name }}.{{ .Release.Namespace }}.{{ .Capabilities.KubeVersion }}\n");
  directory.write("kube.yaml",
                  "apiVersion: v1\nkind: Config\ncurrent-context: one\n"
                  "clusters: [{name: c, cluster: {server: \"https://localhost:1\"}}]\nusers: [{name: u, user: {}}]\n"
                  "contexts:\n- {name: one, context: {cluster: c, user: u, namespace: first}}\n"
                  "- {name: two, context: {cluster: c, user: u, namespace: second}}\n");
}

}  // namespace

TEST_SUITE("parity: helm template") {
  TEST_CASE("helm's flags are taken, and its mistakes said, as helm does") {
    for (const auto& helm : HelmPeer::all("parity of the flags of helm template")) {
      const WorkDirectory theirs;
      const WorkDirectory ours;
      for (const auto* directory : {&theirs, &ours}) {
        write_charts(*directory);
        write_small_chart(*directory);
      }
      int refused = 0;
      for (auto words : flag_lines()) {
        words.insert(words.begin(), "template");
        refused += compare_any(helm, theirs, ours, words, Said::all) == 0 ? 0 : 1;
      }
      CHECK(refused >= 25);
      std::cout << "parity with " << helm.profile() << ": " << flag_lines().size() << " lines of flags, " << refused
                << " of them refused\n";
    }
  }

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

  TEST_CASE("charts are shown and linted as helm does") {
    for (const auto& helm : HelmPeer::all("parity of helm show and helm lint")) {
      const WorkDirectory theirs;
      const WorkDirectory ours;
      write_lint_charts(theirs);
      write_lint_charts(ours);
      int refused = 0;
      for (const auto& words : lines_about_charts()) {
        refused += compare_any(helm, theirs, ours, words, Said::all) == 0 ? 0 : 1;
      }
      CHECK(refused >= 12);
      std::cout << "parity with " << helm.profile() << ": " << lines_about_charts().size()
                << " command lines of show and lint, " << refused << " of them refused\n";
    }
  }

  TEST_CASE("what helm logs of odd charts is said") {
    for (const auto& helm : HelmPeer::all("parity of what helm logs")) {
      const WorkDirectory theirs;
      const WorkDirectory ours;
      for (const auto* directory : {&theirs, &ours}) {
        write_odd_chart(*directory, "odd");
        write_odd_chart(*directory, "old");
      }
      int refused = 0;
      for (const auto& words : odd_lines()) refused += compare_any(helm, theirs, ours, words, Said::all) == 0 ? 0 : 1;
      CHECK(refused == 3);
    }
  }
}
