#include "tests/parity/yaml_corpus.hpp"

#include <array>
#include <cstring>
#include <string_view>

namespace gitopsctl::tests {
namespace {

using namespace std::string_literals;

constexpr std::array<std::string_view, 46> pieces{"a",    "word",     "B",
                                                  "é",    "日本",     "\xF0\x9F\x98\x80",
                                                  " ",    "  ",       "\n",
                                                  "\n\n", ": ",       ":",
                                                  " #",   "#",        "- ",
                                                  "-",    "? ",       "?",
                                                  "'",    "\"",       "\\",
                                                  ",",    "[",        "]",
                                                  "{",    "}",        "&",
                                                  "*",    "!",        "|",
                                                  ">",    "%",        "@",
                                                  "`",    "~",        "=",
                                                  "0",    "1",        "9",
                                                  ".",    "_",        "\t",
                                                  "\r",   "\xC2\xA0", "\xE2\x80\xA8",
                                                  "/"};

constexpr std::array<std::string_view, 18> rare_pieces{
    "\xC2\x85",         "\xEF\xBB\xBF", "\x01",         "\x1B", "\x7F",     "\xC2\x80",
    "\xEF\xBF\xBE",     "\xEF\xBF\xBD", "\xE2\x80\xA9", "---",  "...",      "\xF0\x90\x80\x80",
    "\xF4\x8F\xBF\xBF", "<<",           "null",         "yes",  "\x00\x00", "\xCC\x81"};

constexpr std::array<std::string_view, 24> plain_words{
    "a",  "name", "key-1", "x.y/z", "true", "yes", "null",           "~",  "12",    "0x1F",       "1.5", "1e3",
    "on", "n",    "0777",  "a b",   "-x",   "a:b", "http://h/p?q#f", ".5", "12:30", "2001-01-01", "a#b", "..."};

}  // namespace

const std::vector<std::string>& YamlCorpus::hazards() {
  static const std::vector<std::string> list = {"",
                                                " ",
                                                "  ",
                                                "~",
                                                "null",
                                                "Null",
                                                "NULL",
                                                "nUll",
                                                "true",
                                                "True",
                                                "TRUE",
                                                "tRue",
                                                "false",
                                                "False",
                                                "FALSE",
                                                "y",
                                                "Y",
                                                "yes",
                                                "Yes",
                                                "YES",
                                                "yEs",
                                                "n",
                                                "N",
                                                "no",
                                                "No",
                                                "NO",
                                                "on",
                                                "On",
                                                "ON",
                                                "off",
                                                "Off",
                                                "OFF",
                                                "oN",
                                                "0",
                                                "00",
                                                "000",
                                                "07",
                                                "08",
                                                "0777",
                                                "0o7",
                                                "0o9",
                                                "0O7",
                                                "0o",
                                                "0x",
                                                "0x1F",
                                                "0X1f",
                                                "0xg",
                                                "0b1",
                                                "0b2",
                                                "0B1",
                                                "0b",
                                                "0b-1",
                                                "0b+1",
                                                "-0b1",
                                                "-0b-1",
                                                "+0b1",
                                                "1_000",
                                                "1__0",
                                                "_1",
                                                "1_",
                                                "-_1",
                                                "+_1",
                                                "0_7",
                                                "0x_1",
                                                "+1",
                                                "-1",
                                                "+",
                                                "-",
                                                "--",
                                                "+-1",
                                                "1",
                                                "12345678901234567890",
                                                "9223372036854775807",
                                                "9223372036854775808",
                                                "-9223372036854775808",
                                                "-9223372036854775809",
                                                "18446744073709551615",
                                                "18446744073709551616",
                                                "1.",
                                                ".1",
                                                "1.5",
                                                "-.5",
                                                "+.5",
                                                ".",
                                                "..",
                                                "...",
                                                "....",
                                                "._5",
                                                ".5_5",
                                                "5_.5",
                                                "1e3",
                                                "1E3",
                                                "1e+3",
                                                "1e-3",
                                                "1e",
                                                "1e+",
                                                "1e400",
                                                "1e-400",
                                                "-1e400",
                                                ".e5",
                                                "0.1.2",
                                                "1,000",
                                                "0x1p3",
                                                ".inf",
                                                ".Inf",
                                                ".INF",
                                                "+.inf",
                                                "-.inf",
                                                "-.Inf",
                                                ".iNf",
                                                ".nan",
                                                ".NaN",
                                                ".NAN",
                                                "-.nan",
                                                "inf",
                                                "nan",
                                                "Infinity",
                                                "12:30",
                                                "1:2:3.4",
                                                "1:60",
                                                "1:6",
                                                "12:30:45",
                                                "-1:30",
                                                "+1:30",
                                                "1_0:30",
                                                ":30",
                                                "12:",
                                                "12:a",
                                                "1:2:",
                                                "2001-01-01",
                                                "2001-1-1",
                                                "2001-13-01",
                                                "2001-02-29",
                                                "2000-02-29",
                                                "2001-02-30",
                                                "2001-01-01T00:00:00Z",
                                                "2001-01-01t1:2:3+01:00",
                                                "2001-01-01 10:00:00",
                                                "2001-01-01   10:00:00.5",
                                                "2001-01-01 10:00",
                                                "2001-01-01 24:00:00",
                                                "2001-01-01T10:00:00.123456789012Z",
                                                "2001-01-01T10:00:00,5Z",
                                                "2001-01-01T10:00:00",
                                                "2001-01-01T10:00:00+25:00",
                                                "20200-01-01",
                                                "200-01-01",
                                                "2001-01-",
                                                "2001-",
                                                "<<",
                                                "=",
                                                "!",
                                                "!a",
                                                "&a",
                                                "*a",
                                                "|",
                                                ">",
                                                "|-",
                                                "@a",
                                                "`a",
                                                "%a",
                                                "#a",
                                                "a#b",
                                                "a #b",
                                                "a# b",
                                                ":",
                                                ":a",
                                                ": a",
                                                "a:",
                                                "a: b",
                                                "a:b",
                                                "a :b",
                                                "?",
                                                "?a",
                                                "? a",
                                                "-a",
                                                "- a",
                                                "---",
                                                "--- a",
                                                "---a",
                                                "...a",
                                                "... a",
                                                "- ",
                                                " a",
                                                "a ",
                                                " a ",
                                                "a\n",
                                                "a\n\n",
                                                "\na",
                                                "\n",
                                                "\n\n",
                                                "a\nb",
                                                "a\nb\n",
                                                " a\nb",
                                                "a\n b",
                                                "a \nb",
                                                "a\nb ",
                                                "a\n\nb",
                                                "\ta",
                                                "a\tb",
                                                "a\t",
                                                "a\n\tb",
                                                "\t\na",
                                                "a\rb",
                                                "a\r\nb",
                                                "'",
                                                "''",
                                                "'a'",
                                                "\"",
                                                "\"a\"",
                                                "a'b",
                                                "a\"b",
                                                "\\",
                                                "a\\b",
                                                "\\n",
                                                "[",
                                                "]",
                                                "[a]",
                                                "{",
                                                "}",
                                                "{a}",
                                                "{{ x }}",
                                                ",",
                                                ",a",
                                                "a,b",
                                                "a, b",
                                                "[]",
                                                "{}",
                                                "a]",
                                                "a}",
                                                "é",
                                                "éa",
                                                "日本語",
                                                "\xF0\x9F\x98\x80",
                                                ("a\xF0\x9F\x98\x80"
                                                 "b"),
                                                "\xC2\xA0",
                                                ("\xC2\xA0"
                                                 "a"),
                                                "\xEF\xBB\xBF",
                                                ("\xEF\xBB\xBF"
                                                 "ab c"),
                                                "a\xEF\xBB\xBF",
                                                "\xE2\x80\xA8",
                                                ("a\xE2\x80\xA8"
                                                 "b"),
                                                "a\xE2\x80\xA9",
                                                "\xE2\x80\xA8\xE2\x80\xA9",
                                                "a\nb\xE2\x80\xA8",
                                                "a\n\xE2\x80\xA8",
                                                "\xC2\x85",
                                                ("a\xC2\x85"
                                                 "b"),
                                                "a \xC2\x85 b",
                                                ("a\xC2\x85\xC2\x85"
                                                 "b"),
                                                "\xC2\x85---",
                                                "a\xC2\x85---",
                                                "a\xC2\x85--- b",
                                                "\x01",
                                                "a\x01",
                                                "\x1b[0m",
                                                "\x7f",
                                                "\xC2\x80",
                                                "\xEF\xBF\xBE",
                                                "\xEF\xBF\xBF",
                                                "\xEF\xBF\xBD",
                                                "\x00"s,
                                                "a\x00"s,
                                                "\x07\x08\x0b\x0c",
                                                "null ",
                                                "true\n",
                                                "1\n",
                                                "0.0",
                                                "-0",
                                                "-0.0",
                                                "1e1000",
                                                "a: b\nc: d",
                                                "# comment\nx",
                                                "  indented\nfirst",
                                                "trailing  \nspaces",
                                                "key: |\n  x",
                                                "--- \na",
                                                "\n# x",
                                                "<html>&amp;</html>",
                                                "$(VAR)",
                                                "${VAR}",
                                                "*.example.com",
                                                "/path/to",
                                                "a/b:c@sha256:00",
                                                "1.2.3",
                                                "v1",
                                                "1.10",
                                                "100m",
                                                "128Mi",
                                                "0.5Gi",
                                                "5s"};
  return list;
}

const std::vector<std::string>& YamlCorpus::documents() {
  static const std::vector<std::string> list = {
      "",
      "\n",
      "# only\n",
      "---\n",
      "---\n...\n",
      "--- a\n",
      "--- |\n a\n",
      "a",
      "a: 1",
      "a: 1\n---\nb: 2\n",
      "a: 1\n...\nb",
      "a: 1\n--- {",
      "{a: 1, b: [c, d]}",
      "{a, b: , c: ~}",
      "{a:}",
      "[a:]",
      "[a:,b]",
      "{a:1}",
      "{a:,b: 1}",
      "{\"a\":1}",
      "{'a':b}",
      "[\"a\":b]",
      "[a: b, c: d]",
      "[? a : b]",
      "{? a : b}",
      "[?a]",
      "{a?b: 1}",
      "[a?]",
      "[:a]",
      "{:a: 1}",
      "[a, ,]",
      "{,}",
      "[,]",
      "[a,]",
      "{a: 1,}",
      "[a",
      "{a: 1",
      "[a}",
      "{a]",
      "]",
      "}",
      "a: [\n]",
      "a: [\nb\n]",
      "a: {\nb: c\n}",
      "[a\n, b]",
      "- a\n- b",
      "-\n- ~\n-\n  - x",
      "- - a\n  - b\n- c",
      "a:\n- b\n- c\nd: e",
      "a:\n  - b\n c: 1",
      "- a\nb: 1",
      "a: 1\n b: 2",
      "a:\n  b: 1\n c: 2",
      "a: b: c",
      "a: 'b': c",
      "a: \"b\": c",
      "'a': 1\n\"b\": 2",
      "? a\n: b",
      "? a\n? b\n: c",
      "? - a\n: b",
      "? [a]\n: 1",
      "[a]: 1",
      "{a: 1}: 2",
      "? {a: 1.5, b: [x, null, 1]}\n: 2",
      ": a",
      "? : a",
      "null: 1",
      "~: {a: b}",
      "10000000000000000000: [1]",
      "true: a\nyes: b\n1: c\n2.0: d\n0x10: e\n1e3: f\n.inf: g",
      "1.1: a\n1e30: b\n1e-7: c",
      "on: {push: 1}",
      "n: 1\ny: 2",
      "a: 1\na: 2",
      "a: 1\nb: 2\na: ~",
      "x: &x 1\ny: *x",
      "x: &x [1, 2]\ny: *x\nz: [*x, *x]",
      "x: &x {a: 1}\ny: {<<: *x, b: 2}",
      "x: &x {a: 1}\ny:\n  a: 0\n  <<: *x",
      "x: &x {a: 1}\ny:\n  <<: *x\n  a: 0",
      "a: &a {k: 1}\nb: &b {k: 2, l: 3}\nc:\n  <<: [*a, *b]",
      "<<: {a: 1}\nb: 2",
      "<<: [{a: 1}, {a: 2, b: 3}]",
      "<<: [a]",
      "<<: 1",
      "<<: ~",
      "<<: [[a]]",
      "x: &x [a]\n<<: *x",
      "x: &x 1\n<<: *x",
      "\"<<\": {a: 1}",
      "!!merge <<: {a: 1}",
      "! <<: {a: 1}",
      "<<: {<<: {a: 1}, b: 2}",
      "a: *x",
      "a: &x [*x]",
      "a: &x {b: *x}",
      "&x a: *x",
      "&a a: &b b\n*a : c\n*b : d",
      "? &k [x]\n: 1",
      "x: &x [a]\n*x : 1",
      "x: &x {a: 1}\n? *x\n: 1",
      "&a &b c",
      "!!str !!int 1",
      "&a !!str 1",
      "!!str &a 1",
      "a: &x !!int\nb: *x",
      "a: &x\nb: *x",
      "a: ! 12",
      "a: ! \"12\"",
      "a: !!str 12",
      "a: !!str true",
      "a: !!str",
      "a: !!int 12",
      "a: !!int \"12\"",
      "a: !!int x",
      "a: !!int 1.5",
      "a: !!float 1",
      "a: !!float 1.5",
      "a: !!float x",
      "a: !!float 18446744073709551615",
      "a: !!bool yes",
      "a: !!bool 1",
      "a: !!null ~",
      "a: !!null x",
      "a: !!null",
      "a: !!binary aGVsbG8=",
      "a: !!binary \"aGVs\\nbG8=\"",
      "a: !!binary aGVsbG8",
      "a: !!binary /w==",
      "a: !!binary =",
      "!!binary aGk=: 1",
      "a: !!timestamp 2001-01-01",
      "a: !!timestamp x",
      "a: !foo bar",
      "a: !foo 12",
      "a: !foo {b: 1}",
      "a: !!map {b: 1}",
      "a: !!map 1",
      "a: !!seq {}",
      "a: !!set {x, y}",
      "a: !<tag:yaml.org,2002:int> 5",
      "a: !<tag:yaml.org,2002:str> 5",
      "a: !<x",
      "a: !e!x y",
      "%TAG !e! tag:yaml.org,2002:\n---\na: !e!int 5",
      "%TAG ! tag:x,2000:\n---\n!a b",
      "%YAML 1.1\n---\na",
      "%YAML 1.2\n---\na",
      "%YAML 1.1\n%YAML 1.1\n---\na",
      "%YAML 1\n---\na",
      "%FOO bar\n---\na",
      "%YAML 1.1\na",
      "% x",
      "a: %b",
      "a: @b",
      "a: `b",
      "@a",
      "`a",
      "a: %",
      "\ta: b",
      "a:\tb",
      "a:\n\tb: c",
      "a:\n  b\n\tc",
      "- \ta",
      "-\ta",
      "a: b\t# c",
      "a: \"b\t\tc\"",
      "\"a\n\n  b\\\n  c\\ \n d\"",
      "'a\n\n b''c'",
      "a: \"\\x41\\u00e9\\U0001F600\\0\\a\\b\\t\\n\\v\\f\\r\\e\\ \\\"\\/\\\\\\N\\_\\L\\P\"",
      "\"\\/\"",
      "\"\\q\"",
      "\"\\x4\"",
      "\"\\ud800\"",
      "\"\\U00110000\"",
      "\"\\'\"",
      "\"abc",
      "'abc",
      "\"a\n---\nb\"",
      "'a\n...\nb'",
      "a: \"x\ny: 1",
      "|\n a\n b",
      "a: |\n  x\n   y\n  z\n\n",
      "a: |-\n  x\n\n",
      "a: |+\n  x\n\nb: 1",
      "a: >\n  x\n  y\n\n  z\n   w\n  v\n",
      "a: >-\n  x\n\n\n  y",
      "a: >+\n  x\n\n",
      "a: |2\n    x\n   y",
      "a: |2-\n  x",
      "a: |-2\n  x",
      "a: |0\n x",
      "a: |22\n x",
      "a: |--\n x",
      "a: | # c\n  x",
      "a: |#c\n  x",
      "a: |x\n",
      "a: |\n\tx",
      "a: |\n  x\n y",
      "a: |2\n x",
      "a: |\n\n\n  x",
      "a: |\n    \n  x",
      "a: >\n\n  x",
      "- |\n x\n- >\n y",
      "a: |",
      "a: |\n",
      "a: |\nb: c",
      "|",
      ">\n\n",
      "a\nb: 1",
      "a\n b: 1",
      "a b\nc d\n",
      "a\n\n\nb",
      "a # c\nb",
      "a: b\n  c\n d",
      "a: b\n  c: d",
      "- a\n b",
      "a:b: c",
      "a: b #c\n#d\ne: f",
      "a: 'b' c",
      "a: 'b'\n  c",
      "a: [b] c",
      "[a] b",
      "a: &",
      "a: *",
      "a: &x*",
      "a: *x*",
      "&a",
      "*a",
      "a: & b",
      "a: &a,b c",
      "a: !",
      "!",
      "!!",
      "!!str",
      "a: -",
      "- -",
      "a: - b",
      "- a: b\n  c: d",
      "- a: b\n c: d",
      "-a",
      "--- ---",
      "--- - a",
      "---\na\n--- b\n",
      "a: ---",
      "a: ...",
      "...",
      "...\na",
      "... a",
      "a\n... b",
      ("\xEF\xBB\xBF"
       "a: 1"),
      ("a: 1\n\xEF\xBB\xBF"
       "b: 2"),
      ("a: \xEF\xBB\xBF"
       "b"),
      "a: 1\r\nb: 2\r\n",
      "a: 1\rb: 2\r",
      "a: |\r\n  x\r\n  y\r\n",
      "a: \"x\r\n  y\"",
      ("a: x\xC2\x85"
       "b: y"),
      ("a: x\xE2\x80\xA8"
       "b: y"),
      "a: |\n  x\xE2\x80\xA8  y\n",
      "a: \xC2\xA0x",
      "a: \x01",
      "a: \x7f",
      "a: \xC2\x80",
      "a: \xC2\x85 b",
      "a: \xff",
      "a: \xC3",
      "a: \xC3(",
      "a: \xC0\x80",
      "a: \xED\xA0\x80",
      "a: \xF5\x80\x80\x80",
      "a: \xF4\x90\x80\x80",
      "a: \xEF\xBF\xBE",
      "a: \xEF\xBF\xBF",
      "a: \x00"s,
      "a: 1\n\x00"s,
      "\xFF\xFE"
      "a\0:\0 \0b\0"s,
      "\xFE\xFF\0a\0:\0 \0b"s,
      "\xFF\xFE"
      "a\0:\0 \0\x3d\xd8\x00\xde"s,
      "\xFF\xFE"
      "a\0:\0 \0\x3d\xd8"s,
      "\xFF\xFE"
      "a\0:\0 \0\x00\xdc"s,
      "\xFF\xFE"
      "a\0:"s,
      "\xFF\xFE\x01\0"s,
      "a: .inf",
      "a: -.inf",
      "a: .nan",
      "[.inf, *x]",
      "a: !!int x\nb: [",
      "null: 1\na: !!int x",
      "{a: 1, ? b, c: , d}",
      "a: {x: 1, y}\nb: [x: 1]",
      "- ? a\n  : b\n  c: d",
      "-\n  a: 1\n-\n  - 2",
      "a:\n\n\n  b: 1\n# c\n  c: 2\n",
      "a: \n  - 1\n  -\n    b: 2\n  - c: 3\n    d: 4",
      "key with spaces: v",
      "\"a\": {\"b\": [1, 2, {\"c\": null}]}",
      std::string(1025, 'k') + ": v",
      std::string(1024, 'k') + ": v",
      "\"" + std::string(1022, 'k') + "\": v",
      "\"" + std::string(1023, 'k') + "\": v",
      "{" + std::string(1030, 'k') + ": v}",
      "? " + std::string(1030, 'k') + "\n: v",
      "a: " + std::string(3000, 'v'),
      std::string(600, '[') + std::string(600, ']'),
      std::string(200, '{'),
      "a: {b: c\nd: e",
      "a: \"b\n c: \"d\"",
      "a:\n - b:\n   - c\n  - d",
      "x:\n  y:\n    z: [1,\n2]\n  w: 1",
      "a: >\n x\n\ty\n",
      "a: |\n x\n\n y\n  \n z\n",
      "a: >-\n  folded\n  text\n\n    more\n  end",
      "a: 0o17\nb: 0b11\nc: 0x_f\nd: 1_0\ne: 08\nf: 0123456789",
      "a: 12345678901234567890\nb: 123456789012345678901\nc: -9223372036854775809",
      "a: 1.0\nb: 1e3\nc: 1e20\nd: 1e21\ne: 0.1\nf: -0.0\ng: -0\nh: +1\ni: 1e-7"};
  return list;
}

std::string YamlCorpus::text() {
  if (one_in(4)) return pick(hazards());
  std::string out;
  const std::uint64_t length = one_in(6) ? 20 + below(60) : below(9);
  for (std::uint64_t i = 0; i < length; ++i) {
    if (one_in(60)) {
      out += pick(rare_pieces);
    } else if (one_in(3)) {
      out += pick(plain_words);
    } else {
      out += pick(pieces);
    }
    if (length > 15 && one_in(2)) out += ' ';
  }
  return out;
}

Value YamlCorpus::value(int depth) {
  switch (below(depth <= 0 ? 7 : 12)) {
    case 0: return {};
    case 1: return Value::boolean(one_in(2));
    case 2: return Value::int64(static_cast<std::int64_t>(random_()) >> below(64));
    case 3: {
      const std::uint64_t bits = random_();
      double number = 0;
      std::memcpy(&number, &bits, sizeof number);
      if (!(number - number == 0)) number = 0.5;
      return Value::float64(number);
    }
    case 4:
      return Value::float64(static_cast<double>(static_cast<std::int64_t>(random_()) >> below(60)) / (one_in(2) ? 1 : 8));
    case 5:
    case 6: return Value::string(text());
    case 7:
    case 8: {
      Value list = Value::list();
      for (auto left = below(4); left > 0; --left) list.push_back(value(depth - 1));
      return list;
    }
    default: {
      Value map = Value::map();
      for (auto left = below(6); left > 0; --left) map.set(text(), value(depth - 1));
      return map;
    }
  }
}

std::string YamlCorpus::scalar_source(int indent, bool flow, bool key) {
  const std::string pad(static_cast<std::size_t>(indent) + 2, ' ');
  switch (below(key ? 5 : 9)) {
    case 0:
    case 1:
    case 2: return std::string(pick(plain_words));
    case 3: return "'" + std::string(pick(plain_words)) + "''" + std::string(pick(plain_words)) + "'";
    case 4: return "\"" + std::string(pick(plain_words)) + "\\n\\u00e9 \\x41" + "\"";
    case 5: return one_in(3) ? std::string(one_in(2) ? "!!str " : "!x ") + std::string(pick(plain_words)) : "";
    case 6: return flow ? "\"a\n" + pad + "b\"" : "a b\n" + pad + "c d";
    case 7:
      if (flow) return "~";
      return std::string(one_in(2) ? "|" : ">") +
             (one_in(3)   ? "-"
              : one_in(3) ? "+"
                          : "") +
             "\n" + pad + "line one\n" + (one_in(3) ? "\n" : "") + pad + (one_in(3) ? "  " : "") + "line two" +
             (one_in(3) ? "\n" : "");
    default: return std::to_string(static_cast<std::int64_t>(random_()) >> below(64));
  }
}

std::string YamlCorpus::flow_source(int depth) {
  const bool map = one_in(2);
  std::string out = map ? "{" : "[";
  for (auto left = below(4); left > 0; --left) {
    if (map) out += scalar_source(0, true, true) + (one_in(6) ? "" : ": ");
    out += depth > 0 && one_in(3) ? flow_source(depth - 1) : scalar_source(8, true, false);
    if (left > 1 || one_in(5)) out += one_in(4) ? "," : ", ";
  }
  return out + (map ? "}" : "]");
}

void YamlCorpus::block_source(std::string& out, int indent, int depth) {
  const std::string pad(static_cast<std::size_t>(indent), ' ');
  const bool map = !one_in(3);
  for (auto left = 1 + below(4); left > 0; --left) {
    if (one_in(12)) out += pad + "# comment\n";
    if (one_in(15)) out += "\n";
    out += pad;
    if (map) {
      if (one_in(15)) {
        out += "<<: *x" + std::to_string(below(3));
        out += "\n";
        continue;
      }
      out += scalar_source(indent, false, true) + (one_in(20) ? " : " : ": ");
    } else {
      out += "- ";
    }
    if (one_in(8)) out += "&x" + std::to_string(below(3)) + " ";
    if (one_in(10)) {
      out += "*x" + std::to_string(below(3)) + "\n";
    } else if (depth > 0 && one_in(3)) {
      out += "\n";
      block_source(out, indent + (map && one_in(3) ? 0 : 2), depth - 1);
    } else if (one_in(5)) {
      out += flow_source(2) + "\n";
    } else {
      out += scalar_source(indent, false, false) + (one_in(8) ? " # c" : "") + "\n";
    }
  }
}

std::string YamlCorpus::source() {
  std::string out;
  if (one_in(4)) out += "---\n";
  block_source(out, 0, 3);
  return out;
}

std::string YamlCorpus::mutate(std::string source) {
  static constexpr std::string_view characters = "\n\t :-?,[]{}&*!|>'\"%@`#ax1\\\xC3\x01.~<";
  for (auto left = 1 + below(3); left > 0 && !source.empty(); --left) {
    const std::size_t at = below(source.size());
    switch (below(4)) {
      case 0: source.erase(at, 1); break;
      case 1: source.insert(at, 1, characters[below(characters.size())]); break;
      case 2: source[at] = characters[below(characters.size())]; break;
      default: source.insert(at, source.substr(at, below(6)));
    }
  }
  return source;
}

}  // namespace gitopsctl::tests
