#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/json/json.hpp"
#include "tests/parity/helm_peer.hpp"
#include "tests/parity/schema_generator.hpp"
#include "tests/support/not_run.hpp"

// What our engine and the real helm say of values and the schemas that they are checked against. One run of helm checks
// hundreds: each schema belongs to a subchart of its own.

using namespace gitopsctl;
using namespace gitopsctl::tests;

namespace {

/// A schema as text, and values for it.
struct SchemaCase {
  std::string schema;
  Value values;
};

std::string must_json(const Value& value) {
  auto text = to_json(value);
  REQUIRE(text.ok());
  return *std::move(text);
}

/// `{"drafts": […], "schema": {…} or "v": {…} or "text": "…", "values": […]}`: a schema for every draft; `v` is that of
/// the value `v`, and the values are then values of it.
void expand(const Value& line, std::vector<SchemaCase>& out) {
  Value::List drafts{Value::null()};
  if (const Value* named = line.find("drafts")) drafts = named->as_list();
  for (const auto& draft : drafts) {
    for (const auto& given : line.find("values")->as_list()) {
      Value schema = Value::map();
      if (draft.is_int()) schema.set("$schema", Value::string(draft_url(static_cast<int>(draft.as_int()))));
      Value values = given.deep_copy();
      if (const Value* v = line.find("v")) {
        Value properties = Value::map();
        properties.set("v", *v);
        schema.set("properties", properties);
        values = Value::map();
        values.set("v", given);
      } else if (const Value* whole = line.find("schema")) {
        for (const auto& member : whole->as_map()) schema.set(member.key, member.value);
      }
      const Value* text = line.find("text");
      out.push_back({text == nullptr ? must_json(schema) : std::string(text->as_string()), values});
    }
  }
}

std::vector<SchemaCase> written_cases() {
  std::vector<SchemaCase> out;
  std::ifstream file(std::string(GITOPSCTL_SOURCE_DIR) + "/tests/parity/schemas/cases.jsonl");
  for (std::string line; std::getline(file, line);) {
    const auto one = parse_json(line);
    REQUIRE_MESSAGE(one.ok(), line);
    expand(*one, out);
  }
  return out;
}

std::string chart_name(std::size_t number) { return "c" + std::to_string(100'000 + number); }

/// What an error text says of each subchart.
std::map<std::string, std::string> by_chart(const std::string& text) {
  std::map<std::string, std::string> out;
  std::string* current = nullptr;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    // Where the text of a broken schema ends in no newline, the next name follows it.
    const auto name = line.size() >= 8 && line.ends_with(':') ? line.size() - 8 : std::string::npos;
    if (name != std::string::npos && line.compare(name, 2, "c1") == 0) {
      if (current != nullptr) *current += line.substr(0, name);
      current = &out[line.substr(name, 7)];
    } else if (current != nullptr) {
      *current += line + '\n';
    }
  }
  return out;
}

/// Without the words of the places at which names were wrong, their number kept: jsonschema 6.0.3 tells such a place from
/// memory that it shares with the place's siblings, which Go visits in random order.
std::string without_places_of_names(const std::string& text) {
  constexpr std::string_view place = "- at '";
  constexpr std::string_view problem = "': invalid propertyName ";
  std::string out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    const auto before = line.find(place);
    const auto end = line.find(problem);
    if (before != std::string::npos && end != std::string::npos) {
      const auto begin = before + place.size();
      const auto depth = static_cast<std::size_t>(std::count(line.begin() + static_cast<std::ptrdiff_t>(begin),
                                                             line.begin() + static_cast<std::ptrdiff_t>(end), '/'));
      line.replace(begin, end - begin, depth, '/');
    }
    out += line + '\n';
  }
  return out;
}

int compare(const HelmPeer& helm, const std::vector<SchemaCase>& cases) {
  const WorkDirectory directory;
  directory.write("chart/Chart.yaml", "apiVersion: v2\nname: root\nversion: 1.0.0\n");
  Value values = Value::map();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto name = chart_name(i);
    directory.write("chart/charts/" + name + "/Chart.yaml", "apiVersion: v2\nname: " + name + "\nversion: 1.0.0\n");
    directory.write("chart/charts/" + name + "/values.schema.json", cases[i].schema);
    values.set(name, cases[i].values);
  }
  directory.write("values.yaml", must_json(values));
  RenderCase one;
  one.value_files = {"values.yaml"};
  const auto theirs = helm.render(directory, one);
  const auto ours = render_with_ours(directory, one, helm.profile());
  REQUIRE_FALSE(theirs.ok);
  REQUIRE_FALSE(ours.ok);
  const auto their_texts = by_chart(theirs.text);
  auto our_texts = by_chart(ours.text);
  const bool places_vary = helm.profile() == "helm-3.22" || helm.profile() == "helm-4.3";
  const auto comparable = [&](const std::string& text) {
    return sorted_schema_errors(places_vary ? without_places_of_names(text) : text);
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto name = chart_name(i);
    const auto known = their_texts.find(name);
    const std::string wanted = known == their_texts.end() ? "" : known->second;
    CAPTURE(cases[i].schema);
    CAPTURE(must_json(cases[i].values));
    CHECK(comparable(our_texts[name]) == comparable(wanted));
  }
  return static_cast<int>(their_texts.size());
}

}  // namespace

TEST_SUITE("parity: schemas") {
  TEST_CASE("every keyword and format of every draft, and schemas that are none") {
    const auto cases = written_cases();
    REQUIRE(cases.size() > 900);
    for (const auto& helm : HelmPeer::all("parity of schemas")) {
      CAPTURE(helm.profile());
      const int refused = compare(helm, cases);
      std::cout << "parity with " << helm.profile() << ": " << cases.size() << " schemas with values, " << refused
                << " of them refused\n";
      CHECK(refused > 600);
    }
  }

  TEST_CASE("generated schemas and values") {
    const auto helms = HelmPeer::all("parity of generated schemas");
    const auto* more = std::getenv("GITOPSCTL_PARITY_SCHEMAS");  // NOLINT(concurrency-mt-unsafe): nothing changes it
    const int rounds = more == nullptr ? 2 : std::atoi(more);
    int refused = 0;
    for (int round = 1; round <= rounds; ++round) {
      SchemaGenerator generator(static_cast<std::uint64_t>(round));
      std::vector<SchemaCase> cases;
      for (int i = 0; i < 500; ++i) {
        auto [schema, values] = generator.next();
        cases.push_back({must_json(schema), std::move(values)});
      }
      CAPTURE(round);
      for (const auto& helm : helms) {
        CAPTURE(helm.profile());
        const int count = compare(helm, cases);
        if (helm.is_newest()) refused += count;
      }
    }
    if (helms.empty() || !helms.front().is_newest()) return;
    std::cout << "parity with " << helms.size() << " helms: " << rounds * 500 << " generated schemas with values, "
              << refused << " of them refused\n";
    CHECK(refused > rounds * 100);
  }
}
