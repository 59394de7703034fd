#include "render/wire/messages.hpp"

#include <doctest/doctest.h>

#include "base/crypto/digest.hpp"
#include "render/release/render_release.hpp"
#include "render/wire/questions.hpp"
#include "tests/unit/render/helm/chart_tree.hpp"

using namespace gitopsctl;
using namespace gitopsctl::render;
using namespace gitopsctl::tests;

namespace {

const Files chart{
    {"app/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"},
    {"app/values.yaml", "a: {b: [1, x, null, 1.5, true]}\n"},
    {"app/files/f.txt", "text"},
    {"app/templates/a.yaml",
     "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: {{ randAlphaNum 20 }}\n  q: {{ randNumeric 8 | "
     "quote }}\n"
     "  f: {{ .Files.Get \"files/f.txt\" }}\n  t: {{ dateInZone \"15:04 MST\" (toDate \"2006-01-02\" \"2026-07-01\") "
     "\"Europe/Berlin\" | quote }}\n"},
    {"app/templates/hook.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: h\n  annotations: {helm.sh/hook: test}\n"},
};

RenderInputs inputs_of(const Files& files) {
  RenderInputs inputs;
  inputs.tree = make_tree(files);
  inputs.namespace_ = "ns";
  inputs.helm.chart = tree_path("app");
  inputs.helm.release_name = "shop";
  inputs.installation_key = "installation key";
  inputs.identity = "default/shop/prod/web";
  return inputs;
}

}  // namespace

namespace wire = gitopsctl::render::wire;

TEST_SUITE("wire") {
  TEST_CASE("inputs arrive as they were, without tree and key") {
    auto inputs = inputs_of(chart);
    inputs.driver = DriverKind::helm;
    inputs.helm.value_files = {tree_path("app/values.yaml")};
    inputs.helm.values =
        make_map({{"i", Value::int64(-5)}, {"n", Value::null()}, {"l", Value::list({Value::float64(0.1)})}});
    inputs.helm.given = {{"Secret ns/db, key k", "a: 1\n", {}}, {"ConfigMap ns/c, key k", "text", {"a", "b.c"}}};
    inputs.lookup = [](const LookupQuestion&) -> Result<Value> { return Value::map(); };
    inputs.helm.set_values = {{SetValue::Kind::literal, "a=b"}};
    inputs.helm.set_files = {{"name", "content"}};
    inputs.helm.capabilities = {"v1.30.0", {"a/v1"}};
    inputs.helm.is_upgrade = true;
    inputs.sensitive = {{"ConfigMap", "c", {"data", "x.y"}}};
    inputs.now = TimePoint(Millis(1'790'000'000'123));
    inputs.limits.steps = 77;
    inputs.quote_content = false;
    const auto bytes = wire::write_order(wire::Task::release, inputs);
    CHECK(bytes.find("installation key") == std::string::npos);
    const auto order = wire::read_order(bytes);
    REQUIRE(order.ok());
    CHECK(order->has_key);
    CHECK(order->has_lookup);
    CHECK(order->inputs.helm.given.back().target_path.back() == "b.c");
    CHECK(order->inputs.tree == nullptr);
    // Written again, all of it is the same.
    auto again = order->inputs;
    again.installation_key = "another";
    again.lookup = inputs.lookup;
    CHECK(wire::write_order(wire::Task::release, again) == bytes);
    CHECK(order->inputs.helm.values.find("i")->kind() == Kind::int64);
    CHECK(order->inputs.sensitive.front().keys.back() == "x.y");
    CHECK(order->inputs.limits.steps == 77);
  }

  TEST_CASE("a set, an output and an error arrive as they were") {
    const auto inputs = inputs_of(chart);
    const auto set = render_release(inputs);
    REQUIRE(set.ok());
    const auto bytes = wire::write_set(set);
    const auto read = wire::read_set(bytes);
    REQUIRE(read.ok());
    CHECK(read->text == set->text);
    CHECK(read->hooks.size() == 1);
    CHECK(render_digest(read->objects, {}) == set->render_digest);
    CHECK(seal_digest(read->objects, "k") == seal_digest(set->objects, "k"));
    CHECK(wire::write_set(read) == bytes);

    auto stage = helm::Stage::inputs;
    const auto output = helm::render_chart(inputs, &stage);
    auto stage_read = helm::Stage::inputs;
    const auto output_read = wire::read_output(wire::write_output(output, stage), stage_read);
    REQUIRE(output_read.ok());
    CHECK(output_read->text() == output->text());
    CHECK(stage_read == helm::Stage::values);

    const Error error = Error(ErrorCode::too_large, "message")
                            .at({"f", 3, 4})
                            .with_hint("hint")
                            .in("inner")
                            .in("outer")
                            .also({Error(ErrorCode::conflict, "second")});
    const auto error_read = wire::read_set(wire::write_set(error));
    REQUIRE(!error_read.ok());
    CHECK(error_read.error().to_string() == error.to_string());
    CHECK(error_read.error().hint() == "hint");
    CHECK(error_read.error().code() == ErrorCode::too_large);
    CHECK(error_read.error().flatten().size() == 2);
  }

  TEST_CASE("what is cut, added to or made up is refused") {
    const auto bytes = wire::write_set(render_release(inputs_of(chart)));
    for (std::size_t size = 0; size < bytes.size(); size += 7) CHECK(!wire::read_set(bytes.substr(0, size)).ok());
    CHECK(!wire::read_set(bytes + '\0').ok());
    // A list of as many items as there are no bytes for.
    CHECK(!wire::read_set("\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f").ok());
    // Deeper than anything that is written.
    std::string deep("\x01\x01\0\0\0\0\0\0\0", 9);
    for (int i = 0; i < 100'000; ++i) deep += std::string("\x08\x00\x00\x01", 4);
    CHECK(!wire::read_set(deep).ok());
    CHECK(!wire::read_order("").ok());
    CHECK(!wire::read_order("\x07").ok());
  }

  TEST_CASE("lookups are answered by the other side, and only when it has an answer") {
    auto mine = inputs_of({{"app/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"},
                           {"app/templates/a.yaml",
                            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n"
                            "  a: {{ (lookup \"v1\" \"Secret\" \"ns\" \"db\").data.p | quote }}\n"}});
    const auto through_wire = [&] {
      wire::Answers answers(mine);
      auto order = wire::read_order(wire::write_order(wire::Task::release, mine));
      REQUIRE(order.ok());
      const wire::Ask ask = [&](std::string_view question) -> Result<std::string> { return answers.to(question); };
      order->inputs.tree = wire::remote_tree(ask);
      order->inputs.lookup = wire::remote_lookup(ask);
      const auto set = render_release(order->inputs);
      return set.ok() ? set->text : set.error().to_string();
    };
    std::vector<std::string> asked;
    mine.lookup = [&](const LookupQuestion& question) -> Result<Value> {
      asked.push_back(question.api_version + ' ' + question.to_string());
      return make_map({{"data", make_map({{"p", Value::string("cGFzcw==")}})}});
    };
    CHECK(through_wire().find("a: \"cGFzcw==\"") != std::string::npos);
    CHECK(asked == std::vector<std::string>{"v1 Secret ns/db"});
    mine.lookup = [](const LookupQuestion&) -> Result<Value> { return Error(ErrorCode::forbidden, "not for you"); };
    CHECK(through_wire().find("not for you") != std::string::npos);
    mine.lookup = {};
    CHECK(through_wire().find("error calling lookup") != std::string::npos);
  }

  TEST_CASE("with questions for files, zones and random bytes a render comes out the same") {
    auto mine = inputs_of(chart);
    const auto here = render_release(mine);
    REQUIRE(here.ok());
    const auto recorder = std::make_shared<RecordingTree>(mine.tree);
    mine.tree = recorder;
    wire::Answers answers(mine);
    int asked = 0;
    const wire::Ask ask = [&](std::string_view question) -> Result<std::string> {
      ++asked;
      return answers.to(question);
    };
    auto order = wire::read_order(wire::write_order(wire::Task::release, mine));
    REQUIRE(order.ok());
    order->inputs.tree = wire::remote_tree(ask);
    order->inputs.random = wire::remote_random(ask);
    const auto there = render_release(order->inputs);
    REQUIRE(there.ok());
    CHECK(there->text == here->text);
    CHECK(there->render_digest == here->render_digest);
    CHECK(there->seal_digest.empty());
    CHECK(asked > 5);

    const auto plain = std::make_shared<RecordingTree>(make_tree(chart));
    auto direct = inputs_of(chart);
    direct.tree = plain;
    REQUIRE(render_release(direct).ok());
    CHECK(recorder->dependencies() == plain->dependencies());
  }

  TEST_CASE("a question that has no right to an answer gets none") {
    auto mine = inputs_of(chart);
    mine.installation_key.clear();
    wire::Answers answers(mine);
    const auto tree =
        wire::remote_tree([&](std::string_view question) -> Result<std::string> { return answers.to(question); });
    CHECK(tree->read(tree_path("app/files/f.txt")).ok());
    CHECK(tree->read(tree_path("app/no")).error().code() == ErrorCode::not_found);
    // Paths that climb cannot be made of a TreePath: they are asked for by hand.
    for (const std::string& path :
         std::vector<std::string>{"../x", "/etc/passwd", "a/../../x", "app//x", ".", "app/./x", std::string("a\0b", 3)}) {
      std::string question("\x01", 1);
      question += static_cast<char>(path.size());
      question += path + '\x10';
      CHECK(answers.to(question)[0] == '\0');
    }
    CHECK(answers.to("")[0] == '\0');
    CHECK(answers.to("\x09")[0] == '\0');
    // No key, no random bytes.
    CHECK(answers.to(std::string("\x06\x01x\x00\x08", 5))[0] == '\0');
    // A key does not make them endless: 32 draws of a MiB, and no more.
    mine.installation_key = "key";
    const std::string megabyte("\x06\x01x\x00\x80\x80\x40", 7);
    for (int i = 0; i < 32; ++i) CHECK(answers.to(megabyte)[0] == '\x01');
    CHECK(answers.to(megabyte)[0] == '\0');
    CHECK(wire::Answers(mine).to(std::string("\x06\x01x\x00\x81\x80\x40", 7))[0] == '\0');
    // A zone is a name of the database, and nothing else.
    CHECK(answers.to(std::string("\x07\x0b") + "/etc/passwd") == std::string("\x01\x00", 2));
    CHECK(answers.to(std::string("\x07\x0e") + "../../../etc/x") == std::string("\x01\x00", 2));
  }
}
