#include "invoke-compat/expression/secrets.hpp"

#include <doctest/doctest.h>

#include "invoke-compat/expression/template.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;

TEST_SUITE("invoke: secrets") {
  TEST_CASE("a secret is asked for with what the task's configuration says, and remembered for masking") {
    std::vector<SecretQuestion> asked;
    Secrets secrets([&](const SecretQuestion& question) -> Result<std::string> {
      asked.push_back(question);
      if (question.name == "p") return std::string("hunter2!");
      return Error(ErrorCode::not_found, "no secret").in("secret " + question.name).with_hint("add it");
    });
    Scope scope;
    scope.secrets = &secrets;
    scope.config = make_map({{"secrets", make_map({{"default", Value::string("here")}})}});
    scope.project = make_map({{"dir", Value::string("/project")}});
    const auto login = Template::parse("login -p ${{ secret('p') }} ${{ secret('p') }}", Template::Use::command).value();
    CHECK(secrets.mask("hunter2!") == "hunter2!");
    CHECK(login.render(scope).value() == "login -p 'hunter2!' 'hunter2!'");
    REQUIRE(asked.size() == 2);
    CHECK(asked[0].name == "p");
    CHECK(asked[0].section.string_at({"default"}) == "here");
    CHECK(asked[0].directory == "/project");
    CHECK(secrets.mask("said hunter2! twice: hunter2!") == "said [redacted] twice: [redacted]");
    const auto missing = Template::parse("${{ secret('q') }}", Template::Use::literal, {"t", 1, 2}).value().render(scope);
    CHECK(missing.error().to_string() == "t:1:2: column 5: secret q: no secret");
    CHECK(missing.error().hint() == "add it");
    CHECK(Expression::parse("secret(1)").value().evaluate(scope).error().message() ==
          "column 1: the name of a secret is a text");
  }

  TEST_CASE("without a resolver, and without secrets, it is an error") {
    Secrets nobody;
    CHECK(nobody.get({.name = "p", .section = {}, .directory = {}}).error().code() == ErrorCode::unsupported);
    CHECK(Expression::parse("secret('p')").value().evaluate({}).error().code() == ErrorCode::unsupported);
  }

  TEST_CASE("a value is masked in every form that it takes on its way") {
    Secrets secrets;
    secrets.remember("it's a \"<secret>\"\n");
    CHECK(secrets.mask("x it's a \"<secret>\" y") == "x [redacted] y");
    CHECK(secrets.mask(R"('it'"'"'s a "<secret>"
')") == "'[redacted]'");
    CHECK(secrets.mask(R"({"p": "it's a \"<secret>\"\n"})") == R"({"p": "[redacted]"})");
    CHECK(secrets.mask("aXQncyBhICI8c2VjcmV0PiIK") == "[redacted]");
    secrets.remember("first line\nsecond line\nab\n");
    CHECK(secrets.mask("second line: first line ab") == "[redacted]: [redacted] ab");
  }

  TEST_CASE("short values blot out nothing, the longest form goes first") {
    Secrets secrets;
    secrets.remember("abc");
    secrets.remember("");
    CHECK(secrets.mask("abcabc") == "abcabc");
    secrets.remember("word");
    secrets.remember("password");
    CHECK(secrets.mask("my password") == "my [redacted]");
    CHECK(secrets.forms().front().size() >= secrets.forms().back().size());
  }
}
