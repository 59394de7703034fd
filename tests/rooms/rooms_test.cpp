// Holds the sources to their tables: <library>/rooms.txt says which room includes which and which headers from outside.

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "tests/rooms/rooms_table.hpp"

namespace fs = std::filesystem;
using gitopsctl::tests::find_includes;
using gitopsctl::tests::Include;
using gitopsctl::tests::judge;
using gitopsctl::tests::parse_rooms;
using gitopsctl::tests::RoomFindings;
using gitopsctl::tests::RoomRules;

namespace {

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

RoomRules layers() {
  RoomRules rules;
  rules.lower = {{"base", {}},
                 {"render", {"base"}},
                 {"channels", {"base", "render"}},
                 {"invoke-compat", {"base"}},
                 {"agent", {"base", "render", "channels", "invoke-compat"}}};
  return rules;
}

bool any_contains(const std::vector<std::string>& lines, std::string_view part) {
  for (const auto& line : lines) {
    if (line.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("the sources keep to the rooms tables") {
  const fs::path root = GITOPSCTL_SOURCE_DIR;
  RoomRules rules = layers();
  std::vector<std::string> files;
  std::vector<Include> includes;
  for (const auto& [library, lower] : rules.lower) {
    if (!fs::exists(root / library)) continue;
    bool any = false;
    for (const auto& entry : fs::recursive_directory_iterator(root / library)) {
      const auto extension = entry.path().extension();
      if (!entry.is_regular_file() || (extension != ".cpp" && extension != ".hpp")) continue;
      any = true;
      const std::string name = fs::relative(entry.path(), root).generic_string();
      files.push_back(name);
      for (auto& include : find_includes(read_file(entry.path()), name)) includes.push_back(std::move(include));
    }
    if (any) rules.tables[library] = parse_rooms(read_file(root / library / "rooms.txt"), library + "/rooms.txt");
  }
  REQUIRE(files.size() > 20);
  const RoomFindings findings = judge(rules, files, includes);
  for (const auto& unused : findings.unused) std::cout << "warning: " << unused << '\n';
  for (const auto& error : findings.errors) FAIL_CHECK(error);
}

TEST_CASE("an edge, a header, a layer and a room that no table lists are errors") {
  RoomRules rules = layers();
  rules.tables["base"] = parse_rooms("# comment\nyaml: value ; yaml.h\nvalue:\n", "base/rooms.txt");
  rules.tables["render"] = parse_rooms("diff:\n", "render/rooms.txt");
  REQUIRE(rules.tables["base"].mistakes.empty());
  const std::vector<std::string> files{"base/yaml/a.cpp", "base/value/b.hpp", "base/json/c.cpp", "render/diff/d.cpp"};
  const auto errors_of = [&](const std::string& file, const std::string& line) {
    return judge(rules, {file}, find_includes(line, file)).errors;
  };
  CHECK(errors_of("base/yaml/a.cpp", "#include \"base/value/value.hpp\"").empty());
  CHECK(errors_of("base/yaml/a.cpp", "  #  include <yaml.h>").empty());
  CHECK(errors_of("base/yaml/a.cpp", "#include <string>").empty());
  CHECK(errors_of("render/diff/d.cpp", "#include \"base/value/value.hpp\"").empty());
  CHECK(any_contains(errors_of("base/value/b.cpp", "\n#include \"base/yaml/yaml.hpp\""),
                     "base/value/b.cpp:2: room 'value' may not include room 'yaml'"));
  CHECK(any_contains(errors_of("base/value/b.cpp", "#include <yaml.h>"), "may not include <yaml.h>"));
  CHECK(any_contains(errors_of("base/yaml/a.cpp", "#include \"render/diff/diff.hpp\""), "layers only look down"));
  CHECK(any_contains(errors_of("base/yaml/a.cpp", "#include \"tests/support/x.hpp\""), "layers only look down"));
  CHECK(any_contains(errors_of("base/yaml/a.cpp", "#include <regex>"), "std::regex is banned"));
  CHECK(errors_of("base/yaml/a.hpp", "#include <yaml.h>").empty());
  CHECK(any_contains(errors_of("base/value/b.hpp", "#include <nlohmann/json.hpp>"), "hide it in a .cpp"));
  CHECK(any_contains(judge(rules, files, {}).errors, "room 'json' has no line in base/rooms.txt"));
}

TEST_CASE("a header that shows another library stays in its room") {
  RoomRules rules = layers();
  rules.tables["base"] = parse_rooms("yaml: ; yaml.h\njson: yaml\n", "base/rooms.txt");
  std::vector<Include> includes = find_includes("#include <yaml.h>", "base/yaml/events.hpp");
  const std::vector<std::string> files{"base/yaml/events.hpp", "base/yaml/a.cpp", "base/json/b.cpp"};
  includes.push_back({"base/yaml/a.cpp", 1, "base/yaml/events.hpp", true});
  CHECK(judge(rules, files, includes).errors.empty());
  includes.push_back({"base/json/b.cpp", 1, "base/yaml/events.hpp", true});
  CHECK(any_contains(judge(rules, files, includes).errors, "base/json/b.cpp:1: base/yaml/events.hpp includes <yaml.h>"));
}

TEST_CASE("rooms that include each other are an error") {
  RoomRules rules = layers();
  rules.tables["base"] = parse_rooms("value:\nyaml: text value\njson: yaml value\ntext: json\n", "base/rooms.txt");
  const auto errors = judge(rules, {}, {}).errors;
  REQUIRE(errors.size() == 1);
  CHECK(errors[0] == "base/rooms.txt:3: rooms include each other: json -> yaml -> text -> json");
  rules.tables["base"] = parse_rooms("value:\nyaml: text value\njson: text yaml value\ntext: value\n", "base/rooms.txt");
  CHECK(judge(rules, {}, {}).errors.empty());
}

TEST_CASE("entries that nothing needs are pointed out") {
  RoomRules rules = layers();
  rules.tables["base"] = parse_rooms("yaml: value text ; yaml.h\nvalue:\ntext:\ngone:\n", "base/rooms.txt");
  const auto unused = judge(rules, {"base/yaml/a.cpp", "base/value/b.cpp", "base/text/c.cpp"},
                            find_includes("#include \"base/value/value.hpp\"", "base/yaml/a.cpp"))
                          .unused;
  CHECK(unused.size() == 3);
  CHECK(any_contains(unused, "yaml does not include text"));
  CHECK(any_contains(unused, "yaml does not include <yaml.h>"));
  CHECK(any_contains(unused, "gone is no folder with sources"));
}

TEST_CASE("a line of a rooms table that cannot be read is an error") {
  CHECK(parse_rooms("yaml value\n", "t").mistakes.size() == 1);
  CHECK(parse_rooms("yaml ; x: y\n", "t").mistakes.size() == 1);
  CHECK(parse_rooms("two words: y\n", "t").mistakes.size() == 1);
  CHECK(parse_rooms("yaml:\nyaml:\n", "t").mistakes.size() == 1);
  CHECK(parse_rooms("\n# only a comment\n  \n", "t").rooms.empty());
}
