// Files, archives, values, schemas and charts in charts that are larger, deeper, or elsewhere than they may be.
#include "tests/hostile/archives.hpp"
#include "tests/hostile/hostile_case.hpp"

namespace gitopsctl::tests {

namespace {

std::string repeated(std::string_view part, std::size_t times) {
  std::string out;
  out.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += part;
  return out;
}

std::string chart_yaml(const std::string& name, const std::string& more = {}) {
  return "apiVersion: v2\nname: " + name + "\nversion: 1.0.0\n" + more;
}

HostileCase with_files(std::string name, std::vector<std::pair<std::string, std::string>> files, std::string error = {}) {
  return {.name = std::move(name), .files = std::move(files), .error = std::move(error)};
}

HostileCase with_values(std::string name, std::string values, std::string error = {}) {
  return with_files(std::move(name),
                    {{"values.yaml", std::move(values)}, {"templates/a.yaml", "{{ toYaml .Values | len }}"}},
                    std::move(error));
}

HostileCase with_schema(std::string name, std::string schema, std::string values = "a: 1\n", std::string error = {}) {
  return with_files(
      std::move(name),
      {{"values.schema.json", std::move(schema)}, {"values.yaml", std::move(values)}, {"templates/a.yaml", "a: 1"}},
      std::move(error));
}

HostileCase with_link(std::string name, std::string at, std::string target, std::string text, std::string error = {}) {
  HostileCase made = with_files(std::move(name), {{"templates/a.yaml", std::move(text)}}, std::move(error));
  made.links = {{std::move(at), std::move(target)}};
  return made;
}

HostileCase packed(std::string name, std::string archive, std::string error = {}) {
  HostileCase made;
  made.name = std::move(name);
  made.archive = std::move(archive);
  made.error = std::move(error);
  return made;
}

HostileCase flagged(std::string name, std::vector<std::string> arguments, std::string error = {}) {
  HostileCase made = with_files(std::move(name), {{"templates/a.yaml", "{{ toYaml .Values | len }}"}}, std::move(error));
  made.arguments = std::move(arguments);
  return made;
}

std::string laughs_in_yaml(int levels, const std::string& reference) {
  std::string text = "a0: &a0 {k: lol}\n";
  for (int i = 1; i <= levels; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " {";
    for (int k = 0; k < 9; ++k) text += (k == 0 ? "" : ", ") + reference + std::to_string(k) + ": " + last;
    text += "}\n";
  }
  return text;
}

/// Charts of which each has two aliases of the next one.
HostileCase doubling_aliases(int levels) {
  HostileCase made;
  made.name = "aliases that double " + std::to_string(levels) + " times";
  std::string at;
  for (int level = 0; level <= levels; ++level) {
    const std::string name = "c" + std::to_string(level);
    std::string more;
    if (level < levels) {
      const std::string next = "c" + std::to_string(level + 1);
      more = "dependencies:\n";
      for (const char* alias : {"x", "y"}) {
        more += "- {name: " + next + ", version: 1.0.0, alias: " + next + alias + ", repository: ''}\n";
      }
    }
    made.files.emplace_back(at + "Chart.yaml", chart_yaml(name, more));
    made.files.emplace_back(at + "templates/a.yaml", "a: {{ .Values.x }}");
    at += "charts/c" + std::to_string(level + 1) + "/";
  }
  return made;
}

HostileCase many_subcharts(int count) {
  HostileCase made;
  made.name = std::to_string(count) + " charts in a chart";
  made.files.emplace_back("templates/a.yaml", "a: 1");
  for (int i = 0; i < count; ++i) {
    const std::string name = "c" + std::to_string(i);
    made.files.emplace_back("charts/" + name + "/Chart.yaml", chart_yaml(name));
    made.files.emplace_back("charts/" + name + "/values.yaml", "a: 1\n");
    made.files.emplace_back("charts/" + name + "/templates/a.yaml", "a: {{ .Values.a }}\n");
  }
  return made;
}

HostileCase nested_charts(int depth) {
  HostileCase made;
  made.name = "charts nested " + std::to_string(depth) + " deep";
  made.error = depth > 50 ? "nested more than" : "";
  std::string at;
  for (int i = 0; i < depth; ++i) {
    made.files.emplace_back(at + "Chart.yaml", chart_yaml("c"));
    at += "charts/c/";
  }
  return made;
}

HostileCase nested_archives(int depth) {
  std::string inner = gzip(tar_entry("c/Chart.yaml", chart_yaml("c")) + std::string(1024, '\0'));
  for (int i = 0; i < depth; ++i) {
    inner = gzip(tar_entry("c/Chart.yaml", chart_yaml("c")) + tar_entry("c/charts/c.tgz", inner) + std::string(1024, '\0'));
  }
  return packed("archives nested " + std::to_string(depth) + " deep", inner, depth > 50 ? "nested more than" : "");
}

HostileCase many_dependencies(int count, const std::string& each) {
  std::string more = "dependencies:\n";
  for (int i = 0; i < count; ++i) {
    more += "- {name: sub, version: 1.0.0, repository: '', alias: s" + std::to_string(i) + each + "}\n";
  }
  return with_files(std::to_string(count) + " aliases" + each, {{"Chart.yaml", chart_yaml("app", more)},
                                                                {"charts/sub/Chart.yaml", chart_yaml("sub")},
                                                                {"charts/sub/values.yaml", "exports: {data: {a: 1}}\n"},
                                                                {"charts/sub/templates/a.yaml", "a: 1\n"}});
}

std::string bomb_of_zeros(std::size_t mib) {
  const std::string zeros(1UL << 20U, '\0');
  return gzip_repeated(
      tar_entry("c/Chart.yaml", chart_yaml("c")) + tar_entry("c/big", {}, '0', {}, static_cast<long long>(mib) << 20U),
      zeros, mib);
}

}  // namespace

std::vector<HostileCase> hostile_files() {
  const std::string head = tar_entry("c/Chart.yaml", chart_yaml("c"));
  const std::string end(1024, '\0');
  std::vector<HostileCase> out{
      packed("an archive of 400 MiB of zeros", bomb_of_zeros(400), "exceeds the maximum decompressed size"),
      packed("an archive of a million entries", gzip_repeated(head, tar_entry("c/a", ""), 1'000'000),
             "exceeds the maximum decompressed size"),
      packed("an archive of 190 thousand entries", gzip_repeated(head, tar_entry("c/a", ""), 190'000), "entries"),
      packed("an archive that climbs", gzip(head + tar_entry("c/../../etc/x", "x") + end), "climbs"),
      packed("an archive that climbs with its name", gzip(tar_entry("../c/Chart.yaml", "x") + end), "climbs"),
      packed("an archive with an absolute path", gzip(head + tar_entry("/etc/passwd", "x") + end)),
      packed("an archive with a backslash", gzip(head + tar_entry("c\\..\\..\\x", "x") + end), "impossible path"),
      packed("an archive with a drive", gzip(head + tar_entry("c:/x", "x") + end), "drive letter"),
      packed("an archive with a link outwards", gzip(head + tar_entry("c/templates/a.yaml", "", '2', "/etc/passwd") + end)),
      packed("an archive with a climbing link",
             gzip(head + tar_entry("c/templates/a.yaml", "", '2', "../../../../etc/passwd") + end)),
      packed("an archive with a hard link outwards",
             gzip(head + tar_entry("c/templates/a.yaml", "", '1', "/etc/passwd") + end)),
      packed("an archive with a link to itself", gzip(head + tar_entry("c/templates", "", '2', ".") + end)),
      packed("an archive of links that multiply",
             [&] {
               std::string tar = head + tar_entry("c/f0", std::string(1UL << 20U, 'x'));
               for (int i = 1; i < 400; ++i)
                 tar += tar_entry("c/f" + std::to_string(i), "", '1', "c/f" + std::to_string(i - 1));
               return gzip(tar + end);
             }()),
      packed("an archive with a device", gzip(head + tar_entry("c/dev", "", '3') + end)),
      packed("a sparse archive", gzip(head + tar_entry("c/sparse", "x", 'S', {}, 1LL << 40U) + end)),
      packed("an archive that claims too much", gzip(head + tar_entry("c/x", "x", '0', {}, 1LL << 32U) + end)),
      packed("an archive with a huge name",
             gzip(head + tar_entry("././@LongLink", std::string(10'000'000, 'x'), 'L') + end)),
      packed("an archive with huge extensions", gzip(head + tar_entry("pax", "99999999999 path=x\n", 'x') +
                                                     tar_entry("pax", std::string(5'000'000, '1'), 'x') + end)),
      packed("an archive of deep directories",
             gzip(head + tar_entry("c/" + repeated("d/", 48), "", '5') +
                  tar_entry("././@LongLink", "c/" + repeated("d/", 5'000) + "f", 'L') + tar_entry("x", "x") + end)),
      packed("an archive that ends early", gzip(head).substr(0, 40)),
      packed("an archive that is none", repeated("no archive ", 1'000'000)),
      packed("an archive of twenty chart files", gzip_repeated({}, head, 20'000)),
      nested_archives(20),
      nested_archives(80),
      with_link("a link to a file of the machine", "templates/b.yaml", "/etc/passwd", "a: 1"),
      with_link("a link that climbs", "templates/b.yaml", "../../../../../../../../../../etc/passwd", "a: 1"),
      with_link("a link to a directory of the machine", "files", "/etc", "{{ .Files.Get \"files/passwd\" }}"),
      with_link("a link to the directory above", "up", ".", "{{ range $p, $_ := .Files }}{{ $p }}{{ end }}"),
      with_link("a link to itself", "templates/b.yaml", "b.yaml", "a: 1"),
      with_link("a link to a device", "templates/b.yaml", "/dev/zero", "a: 1"),
      with_link("Chart.lock that is a link", "Chart.lock", "/etc/passwd", "a: 1"),
      with_link("values that are a link", "values.yaml", "/etc/passwd", "{{ toYaml .Values }}"),
      with_files(
          "files read from above",
          {{"a", "x"},
           {"templates/a.yaml",
            R"({{ range list "../../etc/passwd" "/etc/passwd" "a/../../x" "..\\x" "./a/.." }}{{ with $.Files.Get . }}{{ fail . }}{{ end }}{{ end }}{{ range $p, $_ := .Files.Glob "/etc/*" }}{{ fail $p }}{{ end }}{{ range $p, $_ := .Files.Glob "../**" }}{{ fail $p }}{{ end }}ok: 1)"}}),
      with_files(
          "globs that explode",
          {{"a/b/c/d", repeated("x", 1000)},
           {"templates/a.yaml",
            R"({{ .Files.Glob (repeat 5000 "{a,b}") | len }}{{ .Files.Glob (repeat 100000 "*a") | len }}{{ .Files.Glob (repeat 100000 "**/") | len }}{{ .Files.Glob (repeat 30 "{a,") | len }}{{ .Files.Glob (repeat 100000 "[a-z]") | len }})"}}),
      with_files(
          "globs by the thousand",
          {{"a", "x"},
           {"templates/a.yaml",
            R"({{ range $i := until 1000000 }}{{ $x := $.Files.Glob (printf "{a%d,%s}" $i (repeat 100 "{b,c}")) }}{{ end }})"}}),
      with_files("a file as lines",
                 {{"f", repeated("\n", 20'000'000)}, {"templates/a.yaml", "{{ .Files.Lines \"f\" | len }}"}}),
      with_files("a file as bytes",
                 {{"f", repeated("x", 50'000'000)},
                  {"templates/a.yaml",
                   "{{ .Files.GetBytes \"f\" | toJson | len }}{{ range $k, $v := .Files }}{{ $v | len }}{{ end }}"}}),
      with_files("a file as secrets",
                 {{"f", repeated("x", 50'000'000)},
                  {"templates/a.yaml", "{{ range until 100 }}{{ $.Files.AsSecrets }}{{ $.Files.AsConfig }}{{ end }}"}}),
      with_files("a hundred thousand patterns to ignore",
                 [] {
                   std::vector<std::pair<std::string, std::string>> files{{".helmignore", repeated("*a*a*a*b\n", 200'000)},
                                                                          {"templates/a.yaml", "a: 1"}};
                   for (int i = 0; i < 1'000; ++i) files.emplace_back("f/" + std::string(100, 'a') + std::to_string(i), "");
                   return files;
                 }()),
      with_files(
          "one endless pattern to ignore",
          {{".helmignore", repeated("*a", 5'000'000) + "\n"}, {std::string(200, 'a'), ""}, {"templates/a.yaml", "a: 1"}}),
      with_files("classes without end to ignore",
                 {{".helmignore", "[" + repeated("a-z", 3'000'000) + "]\n"}, {"b", ""}, {"templates/a.yaml", "a: 1"}}),
  };
  return out;
}

std::vector<HostileCase> hostile_charts() {
  std::vector<HostileCase> out{
      with_values("values, nested a hundred thousand deep", repeated("[", 100'000)),
      with_values("values, maps nested a hundred thousand deep", "a: " + repeated("{a: ", 100'000)),
      with_values("values, nested by indentation",
                  [] {
                    std::string text;
                    for (int i = 0; i < 5'000; ++i) text += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
                    return text;
                  }()),
      with_values("values, nested lists in a line", repeated("- ", 1'000'000)),
      with_values("values, keys in keys", repeated("? ", 1'000'000)),
      with_values("values, a million laughs", laughs_in_yaml(9, "k"), "excessive aliasing"),
      with_values("values, laughs in merges", laughs_in_yaml(12, "<<: *a0, k")),
      with_values("values, merges of merges",
                  [] {
                    std::string text = "a0: &a0 {k0: 1}\n";
                    for (int i = 1; i < 3'000; ++i) {
                      text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " {<<: *a" + std::to_string(i - 1) +
                              ", k" + std::to_string(i) + ": 1}\n";
                    }
                    return text;
                  }()),
      with_values("values, an alias in itself", "a: &a [*a]\nb: *a\n"),
      with_values("values, anchors without end",
                  [] {
                    std::string text;
                    for (int i = 0; i < 500'000; ++i) text += "k" + std::to_string(i) + ": &a" + std::to_string(i) + " 1\n";
                    return text;
                  }()),
      with_values("values, one document after the other", repeated("---\na: 1\n", 1'000'000)),
      with_values("values, separators", repeated("---\n", 5'000'000)),
      with_values("values, huge numbers", "a: " + repeated("9", 1'000'000) + "\nb: 1e" + repeated("9", 100'000) + "\nc: 0x" +
                                              repeated("f", 1'000'000) + "\nd: 0b" + repeated("1", 1'000'000) + "\n"),
      with_values("values, the same key a million times", repeated("a: {b: 1}\n", 2'000'000)),
      with_values("values, a million keys",
                  [] {
                    std::string text;
                    for (int i = 1'000'000; i > 0; --i) text += "k" + std::to_string(i) + ": 1\n";
                    return text;
                  }()),
      with_values("values, five million items", "a:\n" + repeated("- 1\n", 5'000'000)),
      with_values("values, ninety megabytes", "a: " + repeated("x", 90'000'000) + "\n"),
      with_values("values, a tag without end", "a: !<" + repeated("x", 5'000'000) + "> 1\n"),
      with_values("values, directives", repeated("%TAG !a! tag:x,2000:\n", 500'000) + "---\na: 1\n"),
      with_values("values, a block without end", "a: |\n" + repeated("  x\n", 5'000'000)),
      with_values("values, quotes without end", "a: \"" + repeated("\\n", 10'000'000)),
      with_values("values, comments", repeated("# c\n", 10'000'000) + "a: 1\n"),
      with_values("values, blanks", std::string(50'000'000, ' ') + "a: 1\n"),
      with_values("values, flow of flows", "a: [" + repeated("{a: [1]},", 2'000'000) + "]\n"),
      with_values("values, binary", "a: !!binary " + repeated("QUFB", 5'000'000) + "\n"),
      with_values("values, no characters", repeated("\xff\xfe\x01", 1'000'000)),
      with_files("documents without end", {{"templates/a.yaml", "{{ repeat 12000000 \"---\\n\" }}"}}),
      with_files("a million documents",
                 {{"templates/a.yaml",
                   "{{ repeat 1000000 \"---\\napiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: x}\\n\" }}"}}),
      with_files("a document of laughs",
                 {{"templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n" + laughs_in_yaml(9, "k")}}),
      with_files("a document, nested",
                 {{"templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\ndata: {{ repeat 1000000 \"[\" }}"}}),
      with_files("a hook of a million events",
                 {{"templates/a.yaml",
                   "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  annotations:\n    helm.sh/hook: {{ repeat 1000000 "
                   "\"pre-install,\" }}\n    helm.sh/hook-weight: \"{{ repeat 1000000 \"9\" }}\"\n"}}),
      with_files("notes of sixty megabytes", {{"templates/NOTES.txt", "{{ repeat 60000000 \"x\" }}"}}),
      with_files("a hundred thousand templates",
                 [] {
                   std::vector<std::pair<std::string, std::string>> files;
                   for (int i = 0; i < 20'000; ++i)
                     files.emplace_back("templates/" + std::to_string(i) + ".yaml", "a: {{ " + std::to_string(i) + " }}");
                   return files;
                 }()),
      with_files("a Chart.yaml of keys",
                 {{"Chart.yaml", chart_yaml("app", "annotations:\n" + repeated("  a: b\n", 3'000'000))},
                  {"templates/a.yaml", "a: 1"}}),
      with_files("a Chart.yaml, nested", {{"Chart.yaml", chart_yaml("app", "x: " + repeated("[", 200'000))}}),
      with_files("a Chart.yaml of laughs", {{"Chart.yaml", chart_yaml("app", laughs_in_yaml(9, "k"))}}),
      with_files("a name that climbs", {{"Chart.yaml", chart_yaml("../../x")}, {"templates/a.yaml", "a: 1"}}),
      with_files(
          "a chart that needs itself",
          {{"Chart.yaml", chart_yaml("app", "dependencies:\n- {name: app, version: 1.0.0, repository: 'file://.'}\n")}}),
      with_files(
          "a chart that holds itself",
          {{"Chart.yaml", chart_yaml("app", "dependencies:\n- {name: app, version: 1.0.0, repository: ''}\n")},
           {"charts/app/Chart.yaml", chart_yaml("app", "dependencies:\n- {name: app, version: 1.0.0, repository: ''}\n")}}),
      with_files("values imported from each other",
                 {{"Chart.yaml", chart_yaml("app",
                                            "dependencies:\n- {name: sub, version: 1.0.0, repository: '', import-values: "
                                            "[{child: a, parent: a}, {child: a.a, parent: a.a.a}]}\n")},
                  {"charts/sub/Chart.yaml", chart_yaml("sub")},
                  {"charts/sub/values.yaml", "a: {a: {a: {a: 1}}}\n"},
                  {"templates/a.yaml", "{{ toYaml .Values }}"}}),
      with_files(
          "imports without end",
          {{"Chart.yaml", chart_yaml("app", "dependencies:\n- {name: sub, version: 1.0.0, repository: '', import-values: [" +
                                                repeated("{child: a, parent: b},", 200'000) + "]}\n")},
           {"charts/sub/Chart.yaml", chart_yaml("sub")},
           {"charts/sub/values.yaml", "a: {a: {a: {a: 1}}}\n"}}),
      with_files("conditions and tags without end",
                 {{"Chart.yaml",
                   chart_yaml("app", "dependencies:\n- {name: sub, version: 1.0.0, repository: '', condition: \"" +
                                         repeated("a.b.c,", 1'000'000) + "\", tags: [" + repeated("t,", 500'000) + "]}\n")},
                  {"charts/sub/Chart.yaml", chart_yaml("sub")}}),
      many_dependencies(5'000, ""),
      many_dependencies(2'000, ", import-values: [data]"),
      doubling_aliases(8),
      doubling_aliases(24),
      many_subcharts(3'000),
      nested_charts(45),
      nested_charts(60),
      with_schema("a schema that is itself", R"({"$ref": "#"})"),
      with_schema("schemas that are each other",
                  R"({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"})"),
      with_schema("a schema of a file", R"({"$ref": "file:///etc/passwd"})", "a: 1\n", "file:///etc/passwd"),
      with_schema("a schema of a device", R"({"$ref": "/dev/zero"})"),
      with_schema("a schema of a relative file", R"({"$ref": "../../../etc/passwd"})"),
      with_schema("a schema of a host", R"({"$ref": "http://127.0.0.1:1/x.json"})", "a: 1\n"),
      with_schema("a dialect of a host", R"({"$schema": "https://127.0.0.1:1/x.json"})", "a: 1\n"),
      with_schema("a schema, nested", repeated(R"({"not":)", 100'000) + "{}" + repeated("}", 100'000)),
      with_schema("a schema that explodes",
                  [] {
                    std::string text = R"({"$defs": {"d0": {"type": "string"})";
                    for (int i = 1; i < 40; ++i) {
                      const std::string last = R"({"$ref": "#/$defs/d)" + std::to_string(i - 1) + R"("})";
                      text += R"(, "d)" + std::to_string(i) + R"(": {"anyOf": [)" + last + "," + last + "]}";
                    }
                    return text + R"(}, "$ref": "#/$defs/d39"})";
                  }()),
      with_schema("a schema of expressions", R"({"properties": {"a": {"pattern": "((a{100}){100}){100}"}}})", "a: aaa\n"),
      with_schema("a schema of going back", R"({"properties": {"a": {"pattern": "^(([a-z])+.)+[A-Z]([a-z])+$"}}})",
                  "a: " + repeated("a", 5'000'000) + "\n"),
      with_schema("a schema of a million properties",
                  "{\"properties\": {" + repeated(R"("a": {"type": "integer"},)", 500'000) + R"("b": {}}})"),
      with_schema("an enum of a million", "{\"enum\": [" + repeated("1,", 2'000'000) + "1]}"),
      with_schema("values all different", R"({"properties": {"a": {"uniqueItems": true}}})",
                  [] {
                    std::string text = "a: [";
                    for (int i = 0; i < 100'000; ++i) text += "{a: " + std::to_string(i) + "},";
                    return text + "]\n";
                  }()),
      with_schema("numbers of a schema", R"({"properties": {"a": {"multipleOf": 1e-300, "maximum": 1e999999999}}})"),
      with_schema("numbers of a million digits",
                  "{\"properties\": {\"a\": {\"maximum\": " + repeated("9", 1'000'000) + "}}}"),
      flagged("an index that is too large", {"--set", "a[999999999]=1"}),
      flagged("an index of 65536", {"--set", "a[65536]=1", "--set", "b[65535].c[65535]=1"}),
      flagged("a path that is too deep", {"--set", repeated("a.", 10'000) + "a=1"}),
      flagged("indexes in indexes", {"--set", "a" + repeated("[0]", 20'000) + "=1"}),
      flagged("a list of commas", {"--set", "a={" + repeated(",", 100'000) + "}"}),
      flagged("open brackets", {"--set", repeated("a={", 30'000)}),
      flagged("deep JSON in a flag", {"--set-json", "a=" + repeated("[", 100'000)}),
      flagged("versions of a cluster", {"--kube-version", repeated("9", 100'000), "-a", repeated("a/b,", 25'000)}),
  };
  return out;
}

}  // namespace gitopsctl::tests
