#include "tests/parity/invoke_generator.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "invoke-compat/parser/contexts.hpp"
#include "invoke-compat/parser/core_options.hpp"

namespace gitopsctl::tests {

using namespace gitopsctl::invoke;

/// What a line can name.
struct TaskLineGenerator::Known {
  TaskContexts contexts;
  std::vector<std::string> namespaces;
};

namespace {

constexpr auto task_names = std::to_array<std::string_view>(
    {"fetch", "build_image", "apply", "a", "ab", "_w", "_hidden_", "db_admin", "mk", "secrets", "x_y_z", "été"});
constexpr auto argument_names = std::to_array<std::string_view>(
    {"apple", "apply",  "ape",   "append", "paella", "when", "_w",   "w",      "h",    "help_me", "theme", "my_opt", "hide",
     "echo",  "no_dry", "image", "X",      "x",      "b1",   "name", "target", "list", "T",       "_a_",   "été",    "f"});
constexpr auto values = std::to_array<std::string_view>(
    {"1",  "x",    "",      "-5",  "-50", "a=b", "web", "-",      "--nope", "-q",   "fetch", "build-image", "1_0",    " 8 ",
     "+7", "it's", "\"q\"", "1.5", "-x",  "é",   "a b", "--help", "-h",     "true", "0x1",   "9\n",         "--echo", "-e"});
constexpr auto docs = std::to_array<std::string_view>(
    {"", "First line.", "\n    Indented first.\n\n      more\n    last  \n",
     "A rather long text that has to be wrapped, with "
     "well-known hyphens -- and dashes, and averyveryverylongwordthatfitsnowhereatallandhastobecutsomewhere.",
     "Tab\there  two", "Ünïcode \"quotes\"", "one-two-three-four-five-six-seven-eight-nine-ten-eleven-twelve-thirteen"});

void collect_namespaces(const Collection& collection, const std::string& prefix, std::vector<std::string>& out) {
  for (const auto& inner : collection.collections) {
    const auto name = prefix + collection.typed(inner.name);
    out.push_back(name);
    collect_namespaces(inner, name + '.', out);
  }
}

Value to_list(const std::vector<std::string>& texts) {
  Value out = Value::list();
  for (const auto& text : texts) out.push_back(Value::string(text));
  return out;
}

}  // namespace

std::vector<std::string> TaskLineGenerator::names(std::size_t at_most) {
  std::set<std::string> out;
  for (auto left = random_.below(at_most + 1); left > 0; --left) out.emplace(random_.pick(task_names));
  return {out.begin(), out.end()};
}

Value TaskLineGenerator::argument(const std::string& name, Value& lists) {
  Value out = make_map({{"name", Value::string(name)}});
  const auto into = [&](const char* list) { lists.child_map(list).set(name, Value::boolean(true)); };
  if (random_.chance(40)) out.set("help", Value::string(random_.pick(docs)));
  switch (random_.below(12)) {
    case 0:
    case 1:
    case 2: break;
    case 3: out.set("default", Value()); break;
    case 4: out.set("default", Value::boolean(true)); break;
    case 5: out.set("default", Value::boolean(false)); break;
    case 6: out.set("default", Value::int64(static_cast<std::int64_t>(random_.below(9)))); break;
    case 7: out.set("default", Value::float64(1.5)); break;
    case 8:
      out.set("default", Value::int64(static_cast<std::int64_t>(random_.below(3))));
      into("incrementable");
      return out;
    case 9: into("iterable"); return out;
    default: out.set("default", Value::string(random_.pick(values))); break;
  }
  if (random_.chance(20)) into("optional");
  return out;
}

Value TaskLineGenerator::task(const std::string& name) {
  Value out = make_map({{"name", Value::string(name)}, {"doc", Value::string(random_.pick(docs))}});
  std::set<std::string> names;
  for (auto left = random_.below(6); left > 0; --left) names.emplace(random_.pick(argument_names));
  std::vector<std::string> shuffled(names.begin(), names.end());
  for (std::size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[random_.below(i)]);
  Value arguments = Value::list();
  Value lists = Value::map();
  for (const auto& one : shuffled) arguments.push_back(argument(one, lists));
  out.set("args", arguments);
  for (const auto& list : lists.as_map()) {
    std::vector<std::string> members;
    for (const auto& member : list.value.as_map()) members.push_back(member.key.str());
    out.set(list.key, to_list(members));
  }
  if (random_.chance(15) && !shuffled.empty()) {
    std::vector<std::string> positional(shuffled.rbegin(), shuffled.rend());
    positional.resize(random_.below(positional.size() + 1));
    out.set("positional", to_list(positional));
  }
  if (random_.chance(15)) out.set("short", Value::boolean(false));
  return out;
}

Value TaskLineGenerator::namespace_of(const std::string& name, int depth) {
  Value out = make_map({{"name", Value::string(name)}});
  if (random_.chance(40)) out.set("doc", Value::string(random_.pick(docs)));
  if (random_.chance(10)) out.set("dashed", Value::boolean(false));
  std::set<std::string> free;
  for (const auto one : task_names) free.emplace(one);
  const auto take = [&](std::string_view wanted) { return free.erase(std::string(wanted)) > 0; };
  Value tasks = Value::list();
  Value collections = Value::list();
  std::vector<std::string> members;
  for (const auto& one : names(4)) {
    if (!take(one)) continue;
    Value made = task(one);
    std::vector<std::string> aliases;
    for (const auto& alias : names(2)) {
      if (take(alias)) aliases.push_back(alias);
    }
    if (!aliases.empty()) made.set("aliases", to_list(aliases));
    tasks.push_back(made);
    members.push_back(one);
  }
  for (const auto& one : names(depth > 1 ? 0 : 2)) {
    if (!take(one)) continue;
    collections.push_back(namespace_of(one, depth + 1));
    members.push_back(one);
  }
  if (!members.empty() && random_.chance(50)) out.set("default", Value::string(members[random_.below(members.size())]));
  out.set("tasks", tasks);
  out.set("collections", collections);
  return out;
}

Value TaskLineGenerator::collection() { return namespace_of("tasks", 0); }

std::string TaskLineGenerator::value() { return std::string(random_.pick(values)); }

void TaskLineGenerator::add_flag(std::vector<std::string>& words, const Flags& flags) {
  if (flags.all.empty()) return;
  const auto& flag = flags.all[random_.below(flags.all.size())];
  std::string spelling = flag.short_name.empty() || random_.chance(50) ? flag.main_flag() : flag.short_flag();
  if (flag.has_inverse() && random_.chance(40)) spelling = flag.inverse_flag();
  const bool one_letter = !spelling.starts_with("--");
  switch (random_.below(one_letter ? 6 : 4)) {
    case 0: words.push_back(spelling + '=' + value()); break;
    case 1: words.push_back(spelling); break;
    case 4: words.push_back(spelling + value()); break;
    case 5: {
      const auto& other = flags.all[random_.below(flags.all.size())];
      words.push_back(spelling + other.short_name + std::string(random_.pick({"", "x", "5"})));
      break;
    }
    default:
      words.push_back(spelling);
      if (flag.takes_value()) words.push_back(value());
  }
}

void TaskLineGenerator::add_core_flag(std::vector<std::string>& words) {
  // Of requests, only now and then: they end everything.
  auto core = core_shape(Rules::reference()).flags;
  if (random_.chance(85)) {
    std::erase_if(core.all, [](const Flag& flag) {
      return flag.value_optional || flag.attribute == "version" || flag.attribute == "print-completion-script" ||
             flag.attribute == "complete";
    });
  }
  add_flag(words, core);
}

void TaskLineGenerator::add_call(std::vector<std::string>& words, const Known& known) {
  if (known.contexts.all().empty()) return;
  const auto& shape = known.contexts.all()[random_.below(known.contexts.all().size())];
  const auto alias = random_.below(shape.aliases.size() + 1);
  words.push_back(alias == 0 ? shape.name : shape.aliases[alias - 1]);
  for (const auto& flag : shape.flags.all) {
    if (flag.positional && random_.chance(70)) words.push_back(random_.chance(70) ? "web" : value());
  }
  for (auto left = random_.below(4); left > 0; --left) {
    if (random_.chance(20)) {
      add_core_flag(words);
    } else if (random_.chance(10)) {
      words.push_back(value());
    } else {
      add_flag(words, shape.flags);
    }
  }
}

void TaskLineGenerator::add_request(std::vector<std::string>& words, const Known& known) {
  const auto some_namespace = [&] {
    return known.namespaces.empty() || random_.chance(15) ? value()
                                                          : known.namespaces[random_.below(known.namespaces.size())];
  };
  switch (random_.below(3)) {
    case 0:
      words.emplace_back("-l");
      if (random_.chance(40)) words.push_back(some_namespace());
      if (random_.chance(60))
        words.push_back("--list-format=" + std::string(random_.pick({"flat", "nested", "json", "odd"})));
      if (random_.chance(30)) words.push_back("-D" + std::string(random_.pick({"0", "1", "2", "3", "-1"})));
      break;
    case 1:
      words.emplace_back("--help");
      if (const auto& all = known.contexts.all(); !all.empty() && random_.chance(85)) {
        const auto& shape = all[random_.below(all.size())];
        words.push_back(shape.aliases.empty() || random_.chance(50) ? shape.name : shape.aliases.front());
      } else {
        words.push_back(some_namespace());
      }
      break;
    default:
      words.emplace_back("--complete");
      words.emplace_back("--");
      words.emplace_back(random_.chance(90) ? "inv" : "other");
      add_call(words, known);
      // What joins the words again would stumble over a quote that stays open.
      std::erase_if(words, [](const std::string& word) { return word.find_first_of("'\"\\") != std::string::npos; });
      words.emplace_back(random_.pick({"-", "--", "--a", "-e", "", "f"}));
      break;
  }
}

TaskLine TaskLineGenerator::line(const Collection& root) {
  TaskLine out;
  Known known;
  if (auto contexts = TaskContexts::of(root, Rules::reference()); contexts.ok()) {
    known.contexts = std::move(*contexts);
  } else if (auto ours = TaskContexts::of(root, Rules{}); ours.ok()) {
    known.contexts = std::move(*ours);
  }
  collect_namespaces(root, "", known.namespaces);
  if (random_.chance(20)) add_core_flag(out.words);
  if (random_.chance(20)) {
    add_request(out.words, known);
    // Labels wider than this make the reference stumble.
    constexpr std::array<std::size_t, 3> widths{80, 132, 200};
    out.width = widths[random_.below(widths.size())];
    return out;
  }
  for (auto left = random_.below(3) + (random_.chance(90) ? 1 : 0); left > 0; --left) add_call(out.words, known);
  if (random_.chance(10)) out.words.push_back(value());
  if (random_.chance(8)) {
    out.words.emplace_back("--");
    out.words.push_back(value());
  }
  return out;
}

}  // namespace gitopsctl::tests
