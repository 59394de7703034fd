// Templates that loop, grow, recurse and burn.
#include "tests/hostile/hostile_case.hpp"

namespace gitopsctl::tests {

namespace {

std::string repeated(std::string_view part, std::size_t times) {
  std::string out;
  out.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += part;
  return out;
}

// 64 MiB of one letter, made by the template.
constexpr const char* big = R"({{ $big := repeat 60000000 "a" }})";
// 40 lists, each holding the one before it twice: a handful of nodes that print as a million million.
constexpr const char* laughs = R"({{ $l := list "lol" }}{{ range until 40 }}{{ $l = list $l $l }}{{ end }})";
constexpr const char* laughing_maps =
    R"({{ $l := dict "k" "lol" }}{{ range until 40 }}{{ $l = dict "a" $l "b" $l }}{{ end }})";
constexpr const char* loop = R"({{ $d := dict "k" "v" }}{{ $_ := set $d "self" $d }})";

}  // namespace

HostileCase hostile_template(std::string name, std::string text, std::string error) {
  return {.name = std::move(name), .files = {{"templates/a.yaml", std::move(text)}}, .error = std::move(error)};
}

std::vector<HostileCase> hostile_loops() {
  return {
      hostile_template("range over a thousand million", "{{ range 1000000000 }}x{{ end }}", "steps"),
      hostile_template("range over nothing but turns", "{{ range 9000000000000000000 }}{{ end }}", "steps"),
      hostile_template("nested ranges",
                       "{{ range until 10000 }}{{ range until 10000 }}{{ range until 10000 }}{{ end }}{{ end }}{{ end }}",
                       "steps"),
      hostile_template("until a thousand million", "{{ until 1000000000 }}", "limit of 10000000 items"),
      hostile_template("untilStep over everything", "{{ untilStep -2000000000 2000000000 1 }}", "limit of 10000000 items"),
      hostile_template("untilStep that does not step", "{{ untilStep 0 10 0 }}"),
      hostile_template("seq of a thousand million", "{{ seq 1 1000000000 }}", "limit"),
      hostile_template("seq backwards", "{{ seq 1000000000 -1 1 }}", "limit"),
      hostile_template("until in a loop", "{{ range until 100000 }}{{ $x := until 9000000 }}{{ end }}", "computing"),
      hostile_template(
          "keep every until",
          "{{ $k := dict }}{{ range $i := until 100000 }}{{ $_ := set $k (toString $i) (until 1000000) }}{{ end }}",
          "of memory"),
      hostile_template(
          "a million keys",
          "{{ $k := dict }}{{ range $i := until 1000000 }}{{ $_ := set $k (printf \"%d\" (sub 1000000 $i)) $i }}{{ end }}"),
      hostile_template("append one by one",
                       "{{ $l := list }}{{ range $i := until 1000000 }}{{ $l = append $l $i }}{{ end }}", "computing"),
      hostile_template("rest one by one",
                       "{{ $l := until 1000000 }}{{ range $i := until 1000000 }}{{ $l = rest $l }}{{ end }}", "computing"),
      hostile_template("break never comes",
                       "{{ range $i := until 9999999 }}{{ range $j := until 9999999 }}{{ continue }}{{ end }}{{ end }}"),
  };
}

std::vector<HostileCase> hostile_texts() {
  const std::string b = big;
  return {
      hostile_template("repeat a thousand million", R"({{ repeat 1000000000 "x" }})", "limit"),
      hostile_template("repeat of a repeat", R"({{ repeat 60000 (repeat 60000 "x") }})", "limit"),
      hostile_template("repeat by the largest number", R"({{ repeat 9223372036854775807 "xy" }})", "limit"),
      hostile_template("indent a thousand million", R"({{ indent 1000000000 "x" }})", "limit"),
      hostile_template("nindent many lines", R"({{ nindent 100000 (repeat 100000 "\n") }})", "limit"),
      hostile_template("printf with a width", R"({{ printf "%999999999d" 1 }})"),
      hostile_template("printf with widths", R"({{ printf "%1000000d%1000000d%1000000s" 1 2 "x" }})"),
      hostile_template("printf with a precision", R"({{ printf "%.999999999f" 1.5 }}{{ printf "%.1000000f" 1e300 }})"),
      hostile_template("printf with a star", R"({{ printf "%*d" 999999999 1 }}{{ printf "%.*f" 1000000 1.0 }})"),
      hostile_template("printf with a million verbs", "{{ printf (repeat 1000000 \"%1000d\") 1 }}"),
      hostile_template("replace between all", b + R"({{ replace "" "xxxxxxxxxxxxxxxx" $big }})", "limit"),
      hostile_template("replace each by many", b + R"({{ replace "a" (repeat 1000 "b") $big }})", "limit"),
      hostile_template("replace doubles", R"({{ $s := "aa" }}{{ range until 64 }}{{ $s = replace "a" "aa" $s }}{{ end }})",
                       "limit"),
      hostile_template("print doubles", R"({{ $s := "aa" }}{{ range until 64 }}{{ $s = print $s $s }}{{ end }})"),
      hostile_template("cat doubles", R"({{ $s := "aa" }}{{ range until 64 }}{{ $s = cat $s $s }}{{ end }})", "limit"),
      hostile_template("printf doubles", R"({{ $s := "aa" }}{{ range until 64 }}{{ $s = printf "%s%s" $s $s }}{{ end }})"),
      hostile_template("quote doubles", R"({{ $s := "\\" }}{{ range until 64 }}{{ $s = quote $s }}{{ end }})"),
      hostile_template("toJson doubles", R"({{ $s := "\"" }}{{ range until 64 }}{{ $s = toJson $s }}{{ end }})"),
      hostile_template("toYaml of what toYaml made",
                       R"({{ $s := "'\n\"" }}{{ range until 64 }}{{ $s = toYaml (dict "a" $s "b" $s) }}{{ end }})"),
      hostile_template("b64enc grows", R"({{ $s := "aaaa" }}{{ range until 200 }}{{ $s = b64enc $s }}{{ end }})", "limit"),
      hostile_template("join with a long text", b + R"({{ join (repeat 1000 $big) (until 1000) }})", "limit"),
      hostile_template("join a long text", R"({{ join (repeat 1000000 "x") (until 1000) }})", "limit"),
      hostile_template(
          "many long texts",
          R"({{ $k := list }}{{ range $i := until 100 }}{{ $k = append $k (repeat 50000000 (toString $i)) }}{{ end }})"),
      hostile_template("all texts are written", b + "{{ range until 100 }}{{ $big }}{{ end }}"),
      hostile_template(
          "written and included",
          "{{ define \"x\" }}" + b + "{{ $big }}{{ end }}{{ range until 100 }}{{ include \"x\" . | nindent 2 }}{{ end }}"),
      hostile_template("splitList into letters", b + R"({{ splitList "" $big }})"),
      hostile_template("split into letters", b + R"({{ split "" $big }})"),
      hostile_template("split at every letter", R"({{ $l := split "," (repeat 5000000 "a,") }})"),
      hostile_template("words of sixty million letters", b + "{{ snakecase $big | camelcase | kebabcase | title | untitle | "
                                                             "swapcase | initials | nospace | upper | lower }}"),
      hostile_template("wrap",
                       R"({{ wrap 1 (repeat 10000000 "ab ") }}{{ wrapWith 1 (repeat 1000000 "x") (repeat 1000000 "ab") }})"),
      hostile_template("shuffle", b + "{{ shuffle $big }}"),
      hostile_template("trunc, substr, abbrev",
                       b + "{{ range until 100000 }}{{ $x := trunc 59999999 $big }}{{ $x := substr 1 59999999 $big }}{{ $x "
                           ":= abbrev 50000000 $big }}{{ end }}"),
      hostile_template("digests of sixty million letters",
                       b + "{{ range until 100000 }}{{ $x := sha512sum $big }}{{ $x := adler32sum $big }}{{ end }}",
                       "computing"),
      hostile_template("encryptAES of sixty million letters",
                       b + R"({{ range until 1000 }}{{ $x := encryptAES "p" $big | decryptAES "p" }}{{ end }})"),
      hostile_template("contains in a loop", b + R"({{ range until 1000000 }}{{ $x := contains "ab" $big }}{{ end }})",
                       "computing"),
      hostile_template("fail with sixty million letters", b + "{{ fail $big }}", "of memory"),
      hostile_template("fail with ten million letters", R"({{ fail (repeat 10000000 "é") }})", "bytes) …"),
      hostile_template("required with sixty million letters", b + "{{ required $big .Values.no }}", "of memory"),
      hostile_template("unknown key of sixty million letters",
                       b + "{{ get (dict) $big | upper }}{{ template \"no\" $big }}"),
      hostile_template("a text of sixty million letters", repeated("a: b # filling\n", 4'000'000)),
      hostile_template("plural, hello, html, js, urlquery", b + "{{ html $big }}{{ js $big }}{{ urlquery $big }}"),
      hostile_template("a thousand million <no value>", "{{ range until 10000000 }}{{ $.x }}{{ end }}"),
  };
}

std::vector<HostileCase> hostile_values() {
  std::vector<HostileCase> out;
  for (const std::string function : {"toYaml",        "toJson",
                                     "toPrettyJson",  "toRawJson",
                                     "toToml",        "mustToJson",
                                     "print",         "toString",
                                     "quote",         "squote",
                                     "deepCopy",      "html",
                                     "toStrings",     "toYamlPretty",
                                     "cat",           "println",
                                     "join \",\"",    "compact | toJson",
                                     "uniq | toJson", "reverse | toJson",
                                     "sortAlpha",     "printf \"%v\"",
                                     "printf \"%d\"", "printf \"%q\"",
                                     "first | len",   "concat | toJson",
                                     "deepEqual 1",   "ternary 1 2",
                                     "b64enc",        "kindOf",
                                     "typeOf",        "len",
                                     "until",         "fail"}) {
    out.push_back(
        hostile_template("a million laughs into " + function, std::string(laughs) + "{{ $l | " + function + " }}"));
    out.push_back(
        hostile_template("a map that holds itself into " + function, std::string(loop) + "{{ $d | " + function + " }}"));
  }
  const std::string maps = laughing_maps;
  const std::string self = loop;
  const std::vector<HostileCase> more{
      hostile_template(
          "two laughs compared",
          std::string(laughs) +
              R"({{ $m := list "lol" }}{{ range until 40 }}{{ $m = list $m $m }}{{ end }}{{ deepEqual $l $m }})"),
      hostile_template(
          "two laughs in has, without, uniq",
          std::string(laughs) +
              R"({{ $m := list "lol" }}{{ range until 40 }}{{ $m = list $m $m }}{{ end }}{{ has $l (list $m) }}{{ without (list $m) $l }}{{ uniq (list $l $m) | len }})",
          "computing"),
      hostile_template(
          "laughs merged",
          maps + R"({{ $m := deepCopy (dict) }}{{ merge $m $l | len }}{{ mergeOverwrite $m $l (dict "a" 1) | len }})"),
      hostile_template(
          "two laughs merged",
          maps +
              R"({{ $m := dict "k" "x" }}{{ range until 40 }}{{ $m = dict "a" $m "b" $m }}{{ end }}{{ mergeOverwrite $m $l | len }}{{ merge $l $m | len }})"),
      hostile_template(
          "a map that holds itself, merged",
          self +
              R"({{ merge $d (deepCopy $d) | len }}{{ mergeOverwrite (dict) $d $d | len }}{{ merge (dict "self" (dict)) $d | len }})"),
      hostile_template("a map that holds itself, walked",
                       self + "{{ $x := $d }}{{ range until 1000000 }}{{ $x = $x.self }}{{ end }}{{ $x.k }}"),
      hostile_template("a map that holds itself, by include",
                       self + "{{ define \"w\" }}{{ range $k, $v := . }}{{ if kindIs \"map\" $v }}{{ include \"w\" $v }}{{ "
                              "end }}{{ end }}{{ end }}{{ include \"w\" $d }}"),
      hostile_template("a map that holds itself, in tpl", self + "{{ tpl \"{{ toYaml . }}\" $d }}"),
      hostile_template(
          "a map that holds itself, in keys, values, pick, omit, pluck, dig",
          self +
              R"({{ keys $d }}{{ values $d | toJson }}{{ pick $d "self" | toJson }}{{ omit $d "k" | toJson }}{{ pluck "self" $d | toJson }}{{ dig "self" "self" "k" "x" $d }})"),
      hostile_template("values that hold themselves", "{{ $_ := set .Values \"self\" .Values }}{{ toYaml .Values }}"),
      hostile_template("the root that holds itself", "{{ $_ := set .Values \"root\" $ }}{{ toJson .Values }}"),
      hostile_template("a million cycles", "{{ range until 500000 }}{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ end }}"),
      hostile_template("a chain of a million maps",
                       "{{ $d := dict }}{{ range until 1000000 }}{{ $d = dict \"d\" $d }}{{ end }}{{ toYaml $d }}"),
      hostile_template("a chain of a million maps, copied",
                       "{{ $d := dict }}{{ range until 1000000 }}{{ $d = dict \"d\" $d }}{{ end }}{{ deepCopy $d | len }}"),
      hostile_template("a chain of a million maps, printed",
                       "{{ $d := dict }}{{ range until 1000000 }}{{ $d = dict \"d\" $d }}{{ end }}{{ $d }}"),
      hostile_template("a chain of a million maps, compared",
                       "{{ $d := dict }}{{ $e := dict }}{{ range until 1000000 }}{{ $d = dict \"d\" $d }}{{ $e = dict \"d\" "
                       "$e }}{{ end }}{{ deepEqual $d $e }}"),
      hostile_template("a chain of a million maps, merged",
                       "{{ $d := dict }}{{ $e := dict }}{{ range until 1000000 }}{{ $d = dict \"d\" $d }}{{ $e = dict \"d\" "
                       "$e }}{{ end }}{{ merge $d $e | len }}"),
      hostile_template("a chain set into itself",
                       "{{ $d := dict }}{{ range until 1000000 }}{{ $e := dict \"d\" $d }}{{ $_ := set $d \"e\" $e }}{{ $d "
                       "= $e }}{{ end }}"),
      hostile_template("concat doubles", "{{ $l := list 1 2 }}{{ range until 64 }}{{ $l = concat $l $l }}{{ end }}"),
      hostile_template("chunk into single ones", "{{ chunk 1 (until 9000000) | len }}"),
      hostile_template("sortAlpha of five million", "{{ sortAlpha (until 5000000) | len }}"),
      hostile_template("sortAlpha in a loop", "{{ range until 100000 }}{{ $x := sortAlpha (until 300000) }}{{ end }}",
                       "computing"),
      hostile_template("uniq of a million", "{{ uniq (until 1000000) | len }}"),
      hostile_template("has in a loop", "{{ $l := until 1000000 }}{{ range until 1000000 }}{{ $x := has -1 $l }}{{ end }}",
                       "computing"),
      hostile_template("keys and values in a loop",
                       "{{ $k := dict }}{{ range $i := until 20000 }}{{ $_ := set $k (toString $i) $i }}{{ end }}{{ range "
                       "until 1000000 }}{{ $x := keys $k | sortAlpha }}{{ end }}",
                       "computing"),
      hostile_template("mustAppend of itself",
                       "{{ $l := list }}{{ range until 100 }}{{ $l = append $l $l }}{{ end }}{{ $l }}"),
  };
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

std::vector<HostileCase> hostile_recursion() {
  return {
      hostile_template("include of itself", "{{ define \"x\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}",
                       "nested reference"),
      hostile_template("include of each other",
                       "{{ define \"x\" }}{{ include \"y\" . }}{{ end }}{{ define \"y\" }}{{ include \"x\" . }}{{ end }}{{ "
                       "include \"x\" . }}",
                       "nested reference"),
      hostile_template("include twice of itself",
                       "{{ define \"x\" }}{{ if lt (len .) 40 }}{{ include \"x\" (append . 1) }}{{ include \"x\" (append . "
                       "1) }}{{ end }}{{ end }}{{ include \"x\" (list) }}"),
      hostile_template("include with a growing text",
                       "{{ define \"x\" }}{{ include \"x\" (printf \"%s%s\" . .) }}{{ end }}{{ include \"x\" \"ab\" }}"),
      hostile_template("template of itself", "{{ define \"x\" }}{{ template \"x\" . }}{{ end }}{{ template \"x\" . }}",
                       "exceeded maximum template depth"),
      hostile_template("template of each other",
                       "{{ define \"x\" }}{{ range until 2 }}{{ template \"y\" $ }}{{ end }}{{ end }}{{ define \"y\" }}{{ "
                       "with $ }}{{ template \"x\" . }}{{ end }}{{ end }}{{ template \"x\" . }}",
                       "exceeded maximum template depth"),
      hostile_template("tpl of itself", "{{ $t := \"{{ tpl .t . }}\" }}{{ tpl $t (dict \"t\" $t) }}"),
      hostile_template("tpl of a growing text",
                       R"({{ $t := "{{ tpl (print .t .t) (dict \"t\" (print .t .t)) }}" }}{{ tpl $t (dict "t" $t) }})"),
      hostile_template(
          "tpl of new texts for ever",
          "{{ range $i := until 10000000 }}{{ $x := tpl (printf \"{{ %d }}%s\" $i (repeat 1000 \"{{ 1 }}\")) $ }}{{ end }}"),
      hostile_template("tpl of sixty million letters", std::string(big) + "{{ tpl (print \"{{ 1 }}\" $big) . | len }}"),
      hostile_template("tpl of a million actions", "{{ tpl (repeat 3000000 \"{{ . }}\") 1 }}"),
      hostile_template("tpl of a million definitions",
                       "{{ range $i := until 100000 }}{{ $x := tpl (printf \"{{ define \\\"x%d\\\" }}{{ 1 }}{{ end }}{{ 1 "
                       "}}\" $i) $ }}{{ end }}"),
      hostile_template("a million open brackets", "{{ " + repeated("(", 1'000'000)),
      hostile_template("nine thousand brackets", "{{ " + repeated("(", 9'000) + "1" + repeated(")", 9'000) + " }}"),
      hostile_template("a hundred thousand nested ifs", repeated("{{ if true }}", 100'000) + repeated("{{ end }}", 100'000)),
      hostile_template("a hundred thousand nested else ifs",
                       "{{ if false }}" + repeated("{{ else if false }}", 100'000) + "{{ end }}"),
      hostile_template("a hundred thousand nested withs and ranges",
                       repeated("{{ with . }}{{ range $x := list . }}", 50'000) + repeated("{{ end }}{{ end }}", 50'000)),
      hostile_template("a pipe of a million stages", "{{ 1" + repeated(" | print", 1'000'000) + " }}"),
      hostile_template("a million arguments", "{{ list" + repeated(" 1", 3'000'000) + " | len }}"),
      hostile_template("a chain of a million fields", "{{ ." + repeated("a.", 1'000'000) + "a }}"),
      hostile_template("a million actions", repeated("{{ 1 }}", 3'000'000)),
      hostile_template("a million definitions",
                       [] {
                         std::string text;
                         for (int i = 0; i < 500'000; ++i) text += "{{ define \"" + std::to_string(i) + "\" }}x{{ end }}";
                         return text;
                       }()),
      hostile_template("a million variables",
                       [] {
                         std::string text;
                         for (int i = 0; i < 300'000; ++i) text += "{{ $v" + std::to_string(i) + " := 1 }}";
                         return text;
                       }()),
      hostile_template("a comment without end", "{{/* " + repeated("x", 10'000'000)),
      hostile_template("a text without end", "{{ \"" + repeated("x", 10'000'000)),
      hostile_template("numbers without end",
                       "{{ " + repeated("9", 1'000'000) + " }}{{ 1e" + repeated("9", 100'000) + " }}"),
      hostile_template("deep JSON", "{{ fromJson (repeat 10000000 \"[\") }}{{ fromJsonArray (repeat 10000000 \"[\") }}"),
      hostile_template("deep JSON maps", R"({{ fromJson (repeat 3000000 "{\"a\":") }})"),
      hostile_template("deep YAML",
                       "{{ fromYaml (repeat 10000000 \"[\") }}{{ fromYamlArray (repeat 1000000 \"- \") }}{{ fromYaml "
                       "(repeat 1000000 \"? \") }}"),
      hostile_template("deep TOML", "{{ fromToml (print \"a = \" (repeat 1000000 \"[\")) }}"),
      hostile_template(
          "much TOML",
          "{{ fromToml (print \"a = [\" (repeat 500000 \"1,\") \"]\") | len }}{{ fromToml (repeat 10000000 \"[\") }}"),
      hostile_template(
          "TOML tables",
          R"({{ fromToml (print (repeat 100000 "a.") "b = 1") | len }}{{ fromToml (print "[" (repeat 100000 "a.") "b]") | len }}{{ fromToml (repeat 200000 "[[a]]\n") | len }})"),
      hostile_template("much JSON", "{{ fromJsonArray (print \"[\" (repeat 20000000 \"1,\") \"1]\") | len }}"),
      hostile_template("much YAML", "{{ fromYamlArray (repeat 10000000 \"- a\\n\") | len }}"),
      hostile_template(
          "YAML aliases in a template",
          R"({{ $y := "a0: &a0 [1,2,3,4,5,6,7,8,9]\n" }}{{ range $i := until 12 }}{{ $y = printf "%sa%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n" $y (add1 $i) (add1 $i) $i $i $i $i $i $i $i $i $i }}{{ end }}{{ fromYaml $y | toJson }})"),
  };
}

std::vector<HostileCase> hostile_functions() {
  const std::string b = big;
  return {
      hostile_template("random letters without end", "{{ randAlphaNum 1000000000 }}", "random characters"),
      hostile_template("random letters in a loop", "{{ range until 100000 }}{{ $x := randAlphaNum 1000000 }}{{ end }}",
                       "computing"),
      hostile_template("random bytes", "{{ range until 100000 }}{{ $x := randBytes 1000000 }}{{ end }}"),
      hostile_template("uuids", "{{ range until 10000000 }}{{ $x := uuidv4 }}{{ end }}"),
      hostile_template("authorities", "{{ range until 10000 }}{{ $x := genCA \"x\" 1 }}{{ end }}", "computing"),
      hostile_template("certificates with many names",
                       "{{ $x := genSelfSignedCert \"x\" (list) (until 1000000 | toStrings) 1 }}"),
      hostile_template("private keys", "{{ range until 10000 }}{{ $x := genPrivateKey \"rsa\" }}{{ end }}", "computing"),
      hostile_template("dsa keys", "{{ range until 10000 }}{{ $x := genPrivateKey \"dsa\" }}{{ end }}", "computing"),
      hostile_template(
          "small keys",
          "{{ range until 1000000 }}{{ $x := genPrivateKey \"ed25519\" }}{{ $x := genPrivateKey \"ecdsa\" }}{{ end }}",
          "computing"),
      hostile_template("derived passwords",
                       "{{ range until 10000 }}{{ $x := derivePassword 1 \"long\" \"p\" \"u\" \"e\" }}{{ end }}",
                       "computing"),
      hostile_template("bcrypt", "{{ range until 10000 }}{{ $x := bcrypt \"p\" }}{{ $x := htpasswd \"u\" \"p\" }}{{ end }}",
                       "computing"),
      hostile_template("bcrypt of sixty million letters", b + "{{ bcrypt $big }}{{ htpasswd $big $big }}"),
      hostile_template("derivePassword of sixty million letters", b + "{{ derivePassword 1 \"long\" $big $big $big }}"),
      hostile_template("versions with huge parts", R"({{ semver (print (repeat 1000000 "9") ".1.1") }})"),
      hostile_template("versions with many parts",
                       R"({{ semver (repeat 10000000 "1.") }}{{ semver (print "1.1.1-" (repeat 10000000 "a.")) }})"),
      hostile_template("constraints without end", R"({{ semverCompare (repeat 1000000 "1.x || ") "1.2.3" }})"),
      hostile_template(
          "constraints without end, and",
          R"({{ semverCompare (repeat 3000000 ">0 ") "1.2.3" }}{{ semverCompare (repeat 60000000 " ") "1.2.3" }})"),
      hostile_template(
          "dates with huge years",
          R"({{ date "2006" 99999999999999 }}{{ toDate "2006-01-02" "999999999-01-01" }}{{ dateInZone "2006" now (repeat 1000 "x") }})"),
      hostile_template(
          "dates that move",
          R"({{ now | dateModify "9999999999h" | dateModify "-9223372036854775808ns" }}{{ duration 9223372036854775807 }}{{ durationRound "9999999999999999h" }}{{ ago now }})"),
      hostile_template("layouts without end",
                       R"({{ date (repeat 1000000 "2006-01-02T15:04:05Z07:00 Monday January ") now | len }})", "limit"),
      hostile_template(
          "unknown zones",
          "{{ range $i := until 1000000 }}{{ $x := dateInZone \"2006\" now (printf \"Zone/%d\" $i) }}{{ end }}"),
      hostile_template("a zone that is a device",
                       R"({{ dateInZone "2006" now "../../../dev/zero" }}{{ dateInZone "2006" now "/dev/zero" }})"),
      hostile_template("expressions that explode", R"({{ regexMatch "((a{100}){100}){100}" "a" }})"),
      hostile_template("expressions that repeat", R"({{ mustRegexMatch "(a{1000}){1000}" "a" }})"),
      hostile_template("expressions without end", R"({{ regexMatch (repeat 10000000 "(a|b)*") "a" }})"),
      hostile_template(
          "expressions that go back",
          R"({{ regexMatch "(x+x+)+y" (repeat 10000000 "x") }}{{ regexMatch "^(([a-z])+.)+[A-Z]([a-z])+$" (repeat 10000000 "a") }})"),
      hostile_template("expressions, quadratic", R"({{ regexFindAll "a(.*b)?" (repeat 5000000 "a") -1 | len }})",
                       "computing"),
      hostile_template(
          "expressions, large automata",
          R"({{ range $i := until 10000 }}{{ $x := regexMatch (printf "(a|b)*a(a|b){%d}$" (add 10 (mod $i 400))) (repeat 100000 "ab") }}{{ end }})"),
      hostile_template("expressions, one on a long text", b + R"({{ regexMatch "(a|b|ab)*c(a|b){400}[^a]{400}$" $big }})"),
      hostile_template(
          "expressions by the thousand",
          R"({{ range $i := until 1000000 }}{{ $x := regexMatch (printf "(a{0,900}|b%d){0,1}" $i) "x" }}{{ end }})"),
      hostile_template("replacements everywhere", b + R"({{ regexReplaceAll "" $big "xxxxxxxx" }})"),
      hostile_template("replacements that multiply",
                       R"x({{ $s := "ab" }}{{ range until 64 }}{{ $s = regexReplaceAll "(.+)" $s "$1$1$1" }}{{ end }})x",
                       "limit"),
      hostile_template(
          "replacements that multiply, literal",
          R"({{ $s := "ab" }}{{ range until 64 }}{{ $s = regexReplaceAllLiteral "a" $s (print $s $s) }}{{ end }})", "limit"),
      hostile_template("find all letters", b + R"({{ regexFindAll "." $big -1 | len }})"),
      hostile_template("split at nothing", b + R"({{ regexSplit "" $big -1 | len }})"),
      hostile_template("urls", b + "{{ urlParse $big | toJson }}{{ urlJoin (dict \"host\" $big \"path\" $big) }}"),
      hostile_template(
          "paths", b + "{{ base $big }}{{ dir $big }}{{ clean (repeat 20000000 \"../\") }}{{ ext $big }}{{ isAbs $big }}"),
      hostile_template(
          "numbers",
          R"({{ atoi (repeat 10000000 "9") }}{{ float64 (repeat 10000000 "9") }}{{ toDecimal (repeat 1000000 "7") }}{{ int64 "0x" }}{{ mul 9223372036854775807 9223372036854775807 }}{{ round 1.5 1000000000 }}{{ divf 1 3 3 3 }})"),
      hostile_template("long division",
                       "{{ range until 10000000 }}{{ $x := mulf 1.1 1.1 1.1 1.1 1.1 1.1 1.1 1.1 }}{{ end }}"),
      hostile_template("division by zero", "{{ div 1 0 }}", "divide by zero"),
      hostile_template("floor, ceil, max of everything",
                       R"({{ $s := 1e308 }}{{ range until 100000 }}{{ $s = mulf $s 1e308 }}{{ end }}{{ $s }})"),
      hostile_template("the environment", "{{ env \"PATH\" }}", "function \"env\" not defined"),
      hostile_template("the environment, expanded", "{{ expandenv \"$PATH\" }}", "function \"expandenv\" not defined"),
      hostile_template("a host's address", "{{ if getHostByName \"localhost\" }}{{ fail \"resolved\" }}{{ end }}"),
      hostile_template("a cluster's objects",
                       "{{ if lookup \"v1\" \"Secret\" \"kube-system\" \"x\" }}{{ fail \"looked up\" }}{{ end }}"),
  };
}

}  // namespace gitopsctl::tests
