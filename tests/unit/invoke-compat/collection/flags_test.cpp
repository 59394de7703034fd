#include "invoke-compat/collection/flags.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace gitopsctl;
using namespace gitopsctl::invoke;

namespace {

Argument required(const std::string& name) { return {.name = name}; }

Argument with_text(const std::string& name, const std::string& value = "") {
  return {.name = name, .default_value = Value::string(value), .has_default = true};
}

Argument toggle(const std::string& name, bool value) {
  return {.name = name, .kind = ArgumentKind::boolean, .default_value = Value::boolean(value), .has_default = true};
}

Flags flags_from(std::vector<Argument> arguments, const Rules& rules = {}) {
  const auto flags = flags_of({.name = "t", .arguments = std::move(arguments)}, rules);
  REQUIRE_MESSAGE(flags.ok(), flags.error().to_string());
  return *flags;
}

/// The spellings of all flags: `--apple -a`.
std::string spellings(const Flags& flags) {
  std::string out;
  for (const auto& flag : flags.all) {
    out.append(out.empty() ? "" : " ").append(flag.main_flag());
    if (!flag.short_name.empty()) out.append(" ").append(flag.short_flag());
  }
  return out;
}

std::string order_of(const Flags& flags) {
  std::string out;
  for (const auto& flag : flags.all) out.append(out.empty() ? "" : " ").append(flag.attribute);
  return out;
}

}  // namespace

TEST_SUITE("invoke: flags") {
  TEST_CASE("short flags take the first character that nobody has, in the order of declaration") {
    const auto flags =
        flags_from({with_text("apple"), with_text("apply"), with_text("ape"), with_text("append"), with_text("paella")});
    CHECK(spellings(flags) == "--apple -a --apply -p --ape -e --append -n --paella -l");
  }

  TEST_CASE("names of parameters are taken before any short flag is") {
    CHECK(spellings(flags_from({with_text("xa"), with_text("x")})) == "--xa -a -x");
    CHECK(spellings(flags_from({with_text("x"), with_text("x2")})) == "-x --x2 -2");
  }

  TEST_CASE("a name of one letter gets one flag") {
    CHECK(spellings(flags_from({with_text("x")})) == "-x");
    CHECK(spellings(flags_from({with_text("_w_")})) == "-w");
  }

  TEST_CASE("underscores of arguments become dashes, and go at the ends") {
    CHECK(spellings(flags_from({with_text("_my_opt_")})) == "--my-opt -m");
  }

  TEST_CASE("automatic short flags can be off for a task and for an argument") {
    const auto off = flags_of({.name = "t", .arguments = {with_text("apple")}, .automatic_short_flags = false}, {});
    REQUIRE(off.ok());
    CHECK(spellings(*off) == "--apple");
    auto none = with_text("apple");
    none.short_flag = "";
    auto chosen = with_text("theme");
    chosen.short_flag = "h";
    CHECK(spellings(flags_from({none, chosen, with_text("hat")})) == "--apple --theme -h --hat -a");
  }

  TEST_CASE("an explicit short flag is taken before those that are chosen") {
    auto chosen = with_text("second");
    chosen.short_flag = "f";
    CHECK(spellings(flags_from({with_text("first"), chosen})) == "--first -i --second -f");
  }

  TEST_CASE("deviation 5: -h stays help unless somebody asks for it") {
    const std::vector<Argument> both{with_text("target"), with_text("theme")};
    CHECK(spellings(flags_from(both)) == "--target -t --theme -e");
    CHECK(spellings(flags_from(both, Rules::reference())) == "--target -t --theme -h");
    CHECK(spellings(flags_from({with_text("h")})) == "-h");
  }

  TEST_CASE("deviation 6: only letters and digits are chosen") {
    // What the names have in common is taken, so that the dash is next.
    const std::vector<Argument> all{with_text("a"), with_text("b"), with_text("a_b_c")};
    CHECK(spellings(flags_from(all)) == "-a -b --a-b-c -c");
    CHECK(spellings(flags_from(all, Rules::reference())) == "-a -b --a-b-c --");
    CHECK(spellings(flags_from({with_text("été")})) == "--été -t");
    CHECK(spellings(flags_from({with_text("été")}, Rules::reference())) == "--été -é");
  }

  TEST_CASE("deviation 6: a short flag that is a later argument's name is not given") {
    const std::vector<Argument> both{with_text("when"), with_text("_w")};
    CHECK(spellings(flags_from(both)) == "--when -w");
    CHECK(flags_from(both).all[0].short_name.empty());
    CHECK_FALSE(flags_of({.name = "t", .arguments = both}, Rules::reference()).ok());
    CHECK(spellings(flags_from({with_text("_w"), with_text("when")})) == "-w --when -e");
  }

  TEST_CASE("a toggle that is on has an inverse, one that is off has none") {
    const auto flags = flags_from({toggle("cache", true), toggle("push", false), toggle("x", true)});
    CHECK(flags.all[0].inverse_flag() == "--no-cache");
    CHECK(flags.all[1].inverse_flag().empty());
    CHECK(flags.all[2].inverse_flag() == "--no-x");
    CHECK(flags.find_inverse("--no-cache") == 0U);
    CHECK_FALSE(flags.find_inverse("--no-push"));
    CHECK(flags.find("-p") == 1U);
    CHECK_FALSE(flags.find("--no-cache"));
  }

  TEST_CASE("a toggle whose value is optional is a text") {
    auto log = toggle("log", true);
    log.value_optional = true;
    const auto flags = flags_from({log});
    CHECK(flags.all[0].kind == ArgumentKind::str);
    CHECK(flags.all[0].inverse_flag().empty());
  }

  TEST_CASE("arguments without default are positional and come first") {
    const auto flags = flags_from({with_text("a"), required("b"), with_text("c"), required("d")});
    CHECK(order_of(flags) == "b d a c");
    CHECK(flags.all[1].positional);
    CHECK_FALSE(flags.all[2].positional);
  }

  TEST_CASE("a null default is one") {
    const auto flags = flags_from({{.name = "log", .has_default = true}});
    CHECK_FALSE(flags.all[0].positional);
  }

  TEST_CASE("a list of positionals decides alone, and gives their order") {
    const auto both = flags_of({.name = "order",
                                .arguments = {required("a"), required("b"), required("c")},
                                .positional = std::vector<std::string>{"b", "a"}},
                               {});
    REQUIRE(both.ok());
    CHECK(order_of(*both) == "b a c");
    CHECK_FALSE(both->all[2].positional);
    const auto none = flags_of({.name = "t", .arguments = {required("a")}, .positional = std::vector<std::string>{}}, {});
    REQUIRE(none.ok());
    CHECK_FALSE(none->all[0].positional);
  }

  TEST_CASE("an argument can say itself whether it is positional") {
    auto option = required("a");
    option.positional = false;
    auto operand = with_text("b", "x");
    operand.positional = true;
    const auto flags = flags_from({option, operand});
    CHECK(order_of(flags) == "b a");
    CHECK(flags.all[0].positional);
    CHECK_FALSE(flags.all[1].positional);
  }

  TEST_CASE("lists start empty and counts at 0") {
    const auto flags =
        flags_from({{.name = "label", .kind = ArgumentKind::list}, {.name = "v", .kind = ArgumentKind::count}});
    CHECK(flags.all[0].default_value.is_list());
    CHECK(flags.all[0].default_value.size() == 0);
    CHECK(flags.all[1].default_value.as_int() == 0);
  }

  TEST_CASE("messages name a flag by attribute, nickname, kind and marks") {
    auto log = with_text("my_log");
    log.value_optional = true;
    CHECK(flags_from({log}).all[0].to_string() == "<Argument: my_log (m) ?>");
    CHECK(flags_from({required("image")}).all[0].to_string() == "<Argument: image (i) *>");
    CHECK(flags_from({required("x")}).all[0].to_string() == "<Argument: x *>");
    CHECK(flags_from({toggle("push", false)}).all[0].to_string() == "<Argument: push (p) [bool]>");
    auto count = required("jobs");
    count.kind = ArgumentKind::integer;
    count.value_optional = true;
    CHECK(flags_from({count}).all[0].to_string() == "<Argument: jobs (j) [int] *?>");
    count.kind = ArgumentKind::floating;
    CHECK(flags_from({count}).all[0].to_string() == "<Argument: jobs (j) [float] *?>");
    count.kind = ArgumentKind::list;
    CHECK(flags_from({count}).all[0].to_string() == "<Argument: jobs (j) [list] *?>");
  }

  TEST_CASE("what cannot be flags is refused") {
    const auto refused = [](const Task& task) {
      const auto flags = flags_of(task, {});
      REQUIRE_FALSE(flags.ok());
      return flags.error().to_string();
    };
    CHECK(refused({.name = "t", .arguments = {required("a_b"), required("_a_b")}}) ==
          "task 't': two arguments have the flag '--a-b'");
    CHECK(refused({.name = "t", .arguments = {required("__")}}) ==
          "task 't': '__' cannot be an argument's name: use letters, digits and underscores");
    auto long_short = required("a");
    long_short.short_flag = "ab";
    CHECK(refused({.name = "t", .arguments = {long_short}}) ==
          "task 't': the short flag 'ab' of 'a' is not one character that can be typed");
    CHECK(refused({.name = "t", .arguments = {required("a=b")}}).find("cannot be an argument's name") != std::string::npos);
    CHECK(refused({.name = "t", .arguments = {required("a")}, .positional = std::vector<std::string>{"z"}}) ==
          "task 't': there is no argument 'z' to be positional");
  }
}
