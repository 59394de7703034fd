#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "agent/cli/helm_flags.hpp"
#include "agent/cli/helm_name.hpp"
#include "agent/cli/helm_words.hpp"
#include "agent/cli/invocation.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent::cli;

namespace {

std::string said(std::vector<std::string> words, const std::string& profile = "helm-4.3") {
  words.insert(words.begin(), {"helm", "--helm-compat", "--helm-profile=" + profile});
  REQUIRE(asks_for_helm(words));
  return read_as_helm(words).said;
}

Invocation parse_as_helm(std::vector<std::string> words) {
  static MemoryTerminal nowhere;
  words.insert(words.begin(), {"helm", "--helm-compat"});
  const auto read = read_as_helm(words);
  REQUIRE_MESSAGE(!read.refused, read.said);
  auto line = parse_line(read.words, nowhere);
  REQUIRE_MESSAGE(line.ok(), (line.ok() ? "" : line.error().to_string()));
  return *line->invocation;
}

}  // namespace

TEST_SUITE("cli: helm's words") {
  TEST_CASE("what helm takes is what our parser reads") {
    const auto one = parse_as_helm({"template", "-gfa.yaml", "web", "--set", "a=-1", "--include-crds=T", "--dry-run"});
    CHECK(one.verb().name == "helm template");
    CHECK(one.arguments() == std::vector<std::string>{"web"});
    CHECK(one.list("values") == std::vector<std::string>{"a.yaml"});
    CHECK(one.list("set") == std::vector<std::string>{"a=-1"});
    CHECK(one.is_set("include-crds"));
    CHECK(one.is_set("generate-name"));
    CHECK(one.text("dry-run") == "client");
    const auto two = parse_as_helm({"--kube-context", "x", "show", "-n", "", "values", "--", "-odd"});
    CHECK(two.verb().name == "helm show");
    CHECK(two.arguments() == std::vector<std::string>{"values", "-odd"});
    CHECK(two.text("kube-context") == "x");
  }

  TEST_CASE("mistakes have the words of helm's version") {
    CHECK(said({"template", "x", "--foo"}) == "Error: unknown flag: --foo\n");
    CHECK(said({"template", "-gx"}) == "Error: unknown shorthand flag: 'x' in -x\n");
    CHECK(said({"template", "--force", "x"}, "helm-3.22").empty());
    CHECK(said({"template", "--force", "x"}) == "Flag --force has been deprecated, use --force-replace instead\n");
    CHECK(said({"template", "--wait=x", "y"}, "helm-3.20").find("strconv.ParseBool") != std::string::npos);
    CHECK(said({"show", "chart"}).starts_with("Error: \"helm show chart\" requires 1 argument\n"));
    CHECK(said({"lint"}, "helm-3.21").empty());
    CHECK(said({"lint"}).starts_with("Error: \"helm lint\" requires at least 1 argument\n"));
  }

  TEST_CASE("who does not ask for helm is not read as helm") {
    CHECK_FALSE(asks_for_helm({"helm", "template", "x"}));
    CHECK_FALSE(asks_for_helm({"helm", "template", "--", "--helm-compat"}));
    CHECK_FALSE(asks_for_helm({"helm", "template", "--helm-compat=false"}));
    CHECK_FALSE(asks_for_helm({"diff", "--helm-compat"}));
  }

  TEST_CASE("lists of flags are lines of comma-separated values") {
    using Parts = std::vector<std::string>;
    CHECK(split_helm_list("").value() == Parts{});
    CHECK(split_helm_list("a,,b").value() == Parts{"a", "", "b"});
    CHECK(split_helm_list("a,").value() == Parts{"a", ""});
    CHECK(split_helm_list("\"a,b\",\"c\"\"d\"").value() == Parts{"a,b", "c\"d"});
    CHECK(split_helm_list("a\"b").error().message() == "parse error on line 1, column 2: bare \" in non-quoted-field");
    CHECK(split_helm_list("\"a").error().message() ==
          "parse error on line 1, column 3: extraneous or missing \" in quoted-field");
  }

  TEST_CASE("every flag of helm is one of the verb that stands in for its command") {
    const auto has = [](std::string_view verb, std::string_view name) {
      const auto in = [&](std::span<const Flag> flags) {
        return std::any_of(flags.begin(), flags.end(), [&](const Flag& flag) { return flag.name == name; });
      };
      return in(find_verb(verb)->flags) || in(global_flags());
    };
    for (const auto& flag : helm_flags) {
      CAPTURE(flag.name);
      if ((flag.commands & helm_command::template_) != 0) CHECK(has("helm template", flag.name));
      if ((flag.commands & helm_command::show) != 0) CHECK(has("helm show", flag.name));
      if ((flag.commands & helm_command::lint) != 0) CHECK(has("helm lint", flag.name));
    }
  }

  TEST_CASE("names of releases are made by templates with the functions of sprig") {
    const auto name = [](std::string_view text) {
      return helm_release_name(text, render::helm::find_profile("helm-4.3").value(), {}, TimePoint{});
    };
    CHECK(name("a-{{ upper \"b\" }}-{{ now | date \"2006\" }}").value() == "a-B-1970");
    CHECK(name("{{ randAlphaNum 5 | len }}").value() == "5");
    CHECK(name("{{ .x }}").value() == "<no value>");
    CHECK(name("[{{ expandenv \"$NOT_SET_AT_ALL-${NOR_THIS}x$$\" }}]").value() == "[-x]");
    CHECK(name("{{ include \"a\" . }}").error().message() == "template: name-template:1: function \"include\" not defined");
    CHECK_FALSE(name("{{ range until 100000000 }}{{ end }}").ok());
  }
}
