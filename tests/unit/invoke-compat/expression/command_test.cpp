#include <doctest/doctest.h>

#include "base/yaml/yaml.hpp"
#include "invoke-compat/expression/printing.hpp"
#include "invoke-compat/expression/template.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;

namespace {

std::string command(const std::string& text, const Value& x) {
  const auto parsed = Template::parse(text, Template::Use::command);
  if (!parsed.ok()) return "! " + parsed.error().to_string();
  Scope scope;
  scope.args.set("x", x);
  const auto out = parsed->render(scope);
  return out.ok() ? *out : "! " + out.error().to_string();
}

std::string command(const std::string& text, const std::string& x) { return command(text, Value::string(x)); }

}  // namespace

TEST_SUITE("invoke: values in commands") {
  TEST_CASE("a value is one word, a list several, raw is neither") {
    CHECK(command("ls ${{ args.x }}", "a") == "ls a");
    CHECK(command("ls ${{ args.x }}", "a b") == "ls 'a b'");
    CHECK(command("ls ${{ args.x }}", "") == "ls ''");
    CHECK(command("ls ${{ args.x }}", Value()) == "ls ''");
    CHECK(command("ls ${{ args.x }}", "it's") == "ls 'it'\"'\"'s'");
    CHECK(command("ls ${{ args.x }} .", Value::list({Value::string("a b"), Value::int64(2), Value()})) == "ls 'a b' 2 '' .");
    CHECK(command("ls ${{ args.x }}", Value::list()) == "ls ");
    CHECK(command("ls ${{ raw(args.x) }}", "a b; c") == "ls a b; c");
    CHECK(command("ls ${{ args.x == 'a' ? raw('b c') : args.x }}", "a") == "ls b c");
    CHECK(command("ls ${{ args.x == 'a' ? raw('b c') : args.x }}", "x y") == "ls 'x y'");
    CHECK(command("ls ${{ raw('a b') || 'c' }}", "") == "ls a b");
    // The value of a comparison, a join or a quote is a value like others.
    CHECK(command("ls ${{ quote(args.x) }}", "a b") == "ls ''\"'\"'a b'\"'\"''");
    CHECK(command("ls ${{ trim(raw(args.x)) }}", "a b") == "ls 'a b'");
    CHECK(command("ls ${{ args.x }}", std::string("a\0b", 3)) ==
          "! column 4: a value with a NUL byte cannot be part of a command");
    CHECK(command("ls ${{ args.x }}", Value::map()) == "! column 4: a map cannot be printed");
  }

  TEST_CASE("plain words need no quotes") {
    CHECK(*shell_word("abc-DEF_09@%+=:,./") == "abc-DEF_09@%+=:,./");
    for (const auto* text : {"a b", "*", "~", "$x", "a;b", "#", "!", "{a,b}", "ä", "\n", "\\", "\"", "`", "(", "^"}) {
      CHECK(*shell_word(text) == "'" + std::string(text) + "'");
    }
  }

  TEST_CASE("a value cannot stand where quotes would not protect the shell") {
    const auto refused = [](const std::string& text) {
      const std::string out = command(text, "v");
      REQUIRE_MESSAGE(out.starts_with("! "), text << " became " << out);
      return out.substr(2);
    };
    CHECK(refused("echo '${{ args.x }}'") == "column 7: a value cannot stand inside of quotes in a command");
    CHECK(refused("echo \"a ${{ args.x }}\"") == "column 9: a value cannot stand inside of quotes in a command");
    CHECK(refused("echo $'${{ args.x }}'").find("inside of quotes") != std::string::npos);
    CHECK(refused("echo $'\\'${{ args.x }}'").find("inside of quotes") != std::string::npos);
    CHECK(refused("echo `echo ${{ args.x }}`").find("inside of backticks") != std::string::npos);
    CHECK(refused("true # ${{ args.x }}").find("inside of a comment") != std::string::npos);
    CHECK(refused("true;#it's\n# ${{ args.x }}").find("inside of a comment") != std::string::npos);
    CHECK(refused("echo \\${{ args.x }}").find("behind a backslash") != std::string::npos);
    CHECK(refused("echo $${{ args.x }}").find("behind '$'") != std::string::npos);
    CHECK(refused("echo $\\\n${{ args.x }}").find("behind '$'") != std::string::npos);
    CHECK(refused("cat <<EOF\n${{ args.x }}\nEOF\n").find("here-document") != std::string::npos);
    CHECK(refused("cat <<-${{ args.x }}").find("here-document") != std::string::npos);
    CHECK(refused("cat <<${{ args.x }}").find("here-document") != std::string::npos);
    CHECK(refused("echo \"$(echo ${{ args.x }})\"").find("inside of quotes") != std::string::npos);
    CHECK(refused("echo \"$(echo \"a ${{ args.x }}\")\"").find("inside of quotes") != std::string::npos);
    CHECK(refused("echo \"${X:-\"a ${{ args.x }}\"}\"").find("inside of quotes") != std::string::npos);
    CHECK(refused("echo ${X:-${{ args.x }}}").find("inside of '${}'") != std::string::npos);
    CHECK(refused("echo ${X:-\"a\"} ${{ args.x }}").find("hard to tell") != std::string::npos);
    CHECK(refused("echo $(case a in a) echo ;; esac) ${{ args.x }}").find("hard to tell") != std::string::npos);
    CHECK(refused("echo $$'a\\' x 'b ${{ args.x }}'").find("inside of quotes") != std::string::npos);
    // With raw it is the author's word.
    CHECK(command("echo '${{ raw(args.x) }}'", "v") == "echo 'v'");
    CHECK(command("echo \"${{ args.x ? raw('a') : raw('b') }}\"", "v") == "echo \"a\"");
    CHECK(refused("echo \"${{ args.x ? raw('a') : 'b' }}\"").find("inside of quotes") != std::string::npos);
    // And a text that is no command can have all of it.
    CHECK(Template::parse("it's '${{ args.x }}'", Template::Use::literal).ok());
  }

  TEST_CASE("where quotes do protect, a value may stand") {
    for (const auto* text :
         {"echo 'a'${{ args.x }}'b'", "echo \"it's\" ${{ args.x }}", "echo a#b ${{ args.x }}", "# it's\necho ${{ args.x }}",
          "cat <<<${{ args.x }}", "a=$(echo ${{ args.x }})", "echo \\\n  ${{ args.x }}", "echo \\' ${{ args.x }}",
          "echo ${HOME} $# ${{ args.x }}", "X=${{ args.x }} true", "echo \"${HOME}/a\" \"$(date \"+%s\")\" ${{ args.x }}",
          "echo ${X#a} ${#X} ${X:-${Y}} ${{ args.x }}", "f() { echo ${{ args.x }}; }",
          "case a in a) echo ${{ args.x }} ;; esac", "echo $((1 + (2))) ${{ args.x }}",
          "cat < ${{ args.x }} > ${{ args.x }}"}) {
      CHECK_MESSAGE(Template::parse(text, Template::Use::command).ok(), text);
    }
  }

  TEST_CASE("the shell sees what the value is") {
    const std::vector<std::string> values{"a b",   "it's",    "$(echo no)", "`echo no`", "a\nb",   "-n",   "*",       "\\",
                                          "\\'",   "'; no #", "\"",         "~",         "$HOME",  "!!",   "{a,b}",   "#c",
                                          "<<EOF", "&& no",   "ä€",         "\t",        "a\\\nb", "\x7F", "\xFF\xFE"};
    const std::vector<std::string> commands{
        "printf '[%s]' ${{ args.x }}",
        "printf '[%s]' ''${{ args.x }}\"\"",
        "X=${{ args.x }}; printf '[%s]' \"$X\"",
        "printf '[%s]' \"$(printf \"it's\" >/dev/null)\"${{ args.x }}",
        "printf '[%s]' \"${NOTHING:-}\"$(printf '%s' ${NOTHING} >/dev/null)${{ args.x }}",
        "# it's a comment\nprintf '[%s]' $(true ${{ args.x }}) ${{ args.x }}",
        "printf '[%s]' \\\n${{ args.x }}",
    };
    for (const auto& value : values) {
      for (const auto& text : commands) {
        const std::string made = command(text, value);
        for (const auto* shell : {"bash", "sh"}) {
          CHECK_MESSAGE(support::run_program({shell, "-c", made}) == "[" + value + "]", made);
        }
      }
    }
  }
}
