#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/json/json.hpp"
#include "base/text/escape.hpp"
#include "base/yaml/natural_order.hpp"
#include "base/yaml/yaml.hpp"
#include "tests/parity/goyaml.hpp"
#include "tests/parity/yaml_corpus.hpp"
#include "tests/support/not_run.hpp"

using namespace gitopsctl;
using tests::GoYamlFrame;
using tests::YamlCorpus;

namespace {

struct Answer {
  bool ok;
  std::string text;
};

Answer read(const std::string& text, YamlNumbers numbers) {
  const auto value = parse_yaml(text, {.numbers = numbers}, "input.yaml");
  if (!value.ok()) return {false, "error converting YAML to JSON: " + value.error().message()};
  const auto json = to_json(*value);
  return {json.ok(), json.ok() ? *json : json.error().message()};
}

Answer write(const Value& value) {
  const auto yaml = to_yaml(value);
  return {yaml.ok(), yaml.ok() ? *yaml : yaml.error().message()};
}

/// Compares and reports the first differences in full, then only counts.
class Comparison {
 public:
  void check(const GoYamlFrame& theirs, const Answer& ours) {
    ++total_;
    if (theirs.ok == ours.ok && essence(theirs.answer) == essence(ours.text)) return;
    // A raw NEL is a line break inside of the JSON text that upstream reads back; which of its errors comes first then
    // depends on blocks of 512 bytes, and is not copied.
    const bool next_line = theirs.verb == "write" && theirs.text.find("\xC2\x85") != std::string::npos;
    if (next_line && !theirs.ok && !ours.ok) return;
    if (++different_ <= 10) {
      MESSAGE(theirs.verb << ": " << terminal_safe(theirs.text).substr(0, 600) << "\n  go:   " << (theirs.ok ? "" : "error ")
                          << terminal_safe(theirs.answer).substr(0, 600) << "\n  ours: " << (ours.ok ? "" : "error ")
                          << terminal_safe(ours.text).substr(0, 600));
    }
  }
  ~Comparison() {
    MESSAGE(total_ << " compared, " << different_ << " different");
    CHECK(different_ == 0);
    CHECK(total_ > 0);
  }

 private:
  /// Which of several impossible keys is reported is random upstream, and it shows the key's value with Go types that JSON
  /// has forgotten.
  static std::string essence(const std::string& answer) {
    const std::string text = answer.rfind("error converting YAML to JSON: json: ", 0) == 0 ? answer.substr(31) : answer;
    return text.substr(0, std::min({text.find(", value: "), text.find("invalid map key: map"), text.size()}));
  }

  int total_ = 0;
  int different_ = 0;
};

/// The order of keys is not transitive: `0777` < `0x1` < `1-` < `0777`. Upstream's output is random for keys that form such
/// a ring, so there is nothing to be equal to.
bool has_ring(const Value& value) {
  for (const auto& item : value.as_list()) {
    if (has_ring(item)) return true;
  }
  const auto& members = value.as_map();
  const auto less = [&](std::size_t a, std::size_t b) {
    return yaml_detail::natural_less(members[a].key.view(), members[b].key.view());
  };
  for (std::size_t a = 0; a < members.size(); ++a) {
    if (has_ring(members[a].value)) return true;
    for (std::size_t b = 0; b < members.size(); ++b) {
      if (!less(a, b)) continue;
      for (std::size_t c = 0; c < members.size(); ++c) {
        if (less(b, c) && less(c, a)) return true;
      }
    }
  }
  return false;
}

void compare_reading(const std::string& peer, const std::vector<std::string>& texts) {
  std::vector<GoYamlFrame> frames;
  for (const auto& text : texts) {
    frames.push_back({.verb = "read", .text = text});
  }
  REQUIRE(tests::ask_goyaml(peer, frames));
  Comparison comparison;
  for (const auto& frame : frames) comparison.check(frame, read(frame.text, YamlNumbers::float64));
}

void compare_writing(const std::string& peer, const std::vector<Value>& values) {
  std::vector<GoYamlFrame> frames;
  for (const auto& value : values) {
    const auto json = to_json(value);
    REQUIRE(json.ok());
    frames.push_back({.verb = "write", .text = *json});
  }
  REQUIRE(tests::ask_goyaml(peer, frames));
  Comparison comparison;
  for (std::size_t i = 0; i < frames.size(); ++i) comparison.check(frames[i], write(values[i]));
}

}  // namespace

TEST_SUITE("parity/yaml") {
  TEST_CASE("the writer's bytes are those of sigs.k8s.io/yaml") {
    const auto peer = tests::need_peer("goyaml", "YAML writer against sigs.k8s.io/yaml");
    if (!peer) return;

    SUBCASE("every hazard as text, in a list, as key, and deep in a tree") {
      std::vector<Value> values;
      for (const auto& text : YamlCorpus::hazards()) {
        values.push_back(Value::string(text));
        values.push_back(Value::list({Value::string(text)}));
        values.push_back(make_map({{"k", Value::string(text)}}));
        values.push_back(make_map({{text, Value::string(text)}}));
        values.push_back(make_map({{text, Value::list({Value::int64(1)})}}));
        values.push_back(make_map({{"a", Value::list({make_map({{text, make_map({{"b", Value::string(text)}})}})})}}));
      }
      compare_writing(*peer, values);
    }
    SUBCASE("all hazards as keys of one map, in natural order") {
      YamlCorpus corpus(1);
      std::vector<Value> values;
      for (int i = 0; i < 400; ++i) {
        Value map = Value::map();
        for (int k = 0; k < 30; ++k) {
          const auto key = corpus.text();
          if (to_yaml(make_map({{key, Value()}})).ok()) map.set(key, Value::int64(k));
        }
        // Few of thirty keys like these are free of rings; drop keys until none is left.
        while (has_ring(map)) map.erase(map.as_map()[map.size() / 2].key.str());
        values.push_back(map);
      }
      compare_writing(*peer, values);
    }
    SUBCASE("generated texts around the fold column") {
      YamlCorpus corpus(2);
      std::vector<Value> values;
      for (int i = 0; i < 3000; ++i) {
        std::string text = corpus.text();
        while (text.size() < 60 + static_cast<std::size_t>(i) % 120) text += ' ' + corpus.text();
        values.push_back(i % 2 == 0 ? Value::string(text) : make_map({{"key", Value::list({Value::string(text)})}}));
      }
      compare_writing(*peer, values);
    }
    SUBCASE("generated trees") {
      YamlCorpus corpus(3);
      std::vector<Value> values;
      while (values.size() < 6000) {
        Value value = corpus.value(4);
        if (!has_ring(value)) values.push_back(std::move(value));
      }
      compare_writing(*peer, values);
    }
    SUBCASE("raw bytes") {
      YamlCorpus corpus(4);
      std::vector<GoYamlFrame> frames;
      for (int i = 0; i < 1000; ++i) {
        std::string text = corpus.text();
        text.insert(text.size() / 2, i % 3 == 0 ? "\xff" : i % 3 == 1 ? "\xC3" : "\xED\xA0\x80");
        frames.push_back({.verb = "string", .text = text});
      }
      REQUIRE(tests::ask_goyaml(*peer, frames));
      Comparison comparison;
      for (const auto& frame : frames) comparison.check(frame, write(Value::string(frame.text)));
    }
    SUBCASE("long keys") {
      std::vector<Value> values;
      for (const std::size_t size : {127, 128, 129, 500, 1021, 1022, 1023, 1500}) {
        values.push_back(make_map({{std::string(size, 'k'), Value::string("v")}}));
        values.push_back(make_map({{std::string(size, '<'), Value::string("v")}}));
        values.push_back(make_map({{std::string(size, 'k') + " x", Value::list({Value::string("v")})}}));
      }
      compare_writing(*peer, values);
    }
  }

  TEST_CASE("the reader's values and error texts are those of sigs.k8s.io/yaml") {
    const auto peer = tests::need_peer("goyaml", "YAML reader against sigs.k8s.io/yaml");
    if (!peer) return;

    SUBCASE("documents that stress one rule each") { compare_reading(*peer, YamlCorpus::documents()); }
    SUBCASE("hazards as plain scalars, keys and flow items") {
      std::vector<std::string> texts;
      for (const auto& text : YamlCorpus::hazards()) {
        texts.push_back(text);
        texts.push_back("a: " + text);
        texts.push_back(text + ": a");
        texts.push_back("- " + text + "\n- b\n");
        texts.push_back("[" + text + ", b]");
        texts.push_back("{" + text + ": b, c: " + text + "}");
      }
      compare_reading(*peer, texts);
    }
    SUBCASE("generated sources") {
      YamlCorpus corpus(5);
      std::vector<std::string> texts;
      for (int i = 0; i < 4000; ++i) texts.push_back(corpus.source());
      compare_reading(*peer, texts);
    }
    SUBCASE("damaged sources") {
      YamlCorpus corpus(6);
      std::vector<std::string> texts;
      for (const auto& document : YamlCorpus::documents()) {
        for (int i = 0; i < 10; ++i) texts.push_back(corpus.mutate(document));
      }
      for (int i = 0; i < 6000; ++i) texts.push_back(corpus.mutate(corpus.source()));
      compare_reading(*peer, texts);
    }
    SUBCASE("arbitrary texts") {
      YamlCorpus corpus(7);
      std::vector<std::string> texts;
      for (int i = 0; i < 4000; ++i) texts.push_back(corpus.text() + corpus.text());
      compare_reading(*peer, texts);
    }
    SUBCASE("integers are kept where they are asked for") {
      std::vector<GoYamlFrame> frames;
      for (const auto& text : YamlCorpus::hazards()) frames.push_back({.verb = "integers", .text = "[" + text + "]"});
      REQUIRE(tests::ask_goyaml(*peer, frames));
      Comparison comparison;
      for (const auto& frame : frames) {
        // An integer above the largest int64 is a float64 here and a uint64 there; errors are compared above.
        if (frame.answer.find("184467440737095516") != std::string::npos || frame.answer == "[9223372036854775808]" ||
            frame.answer == "[12345678901234567890]" || frame.answer == "[-0]" || !frame.ok) {
          continue;
        }
        comparison.check(frame, read(frame.text, YamlNumbers::integers));
      }
    }
  }
}
