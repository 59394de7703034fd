#include "invoke-compat/declared/task_set.hpp"

#include <memory>
#include <utility>

#include "invoke-compat/collection/names.hpp"

namespace gitopsctl::invoke {
namespace {

ArgumentKind kind_of(declarative::ArgKind kind) {
  switch (kind) {
    case declarative::ArgKind::text: return ArgumentKind::str;
    case declarative::ArgKind::integer: return ArgumentKind::integer;
    case declarative::ArgKind::floating: return ArgumentKind::floating;
    case declarative::ArgKind::boolean: return ArgumentKind::boolean;
    case declarative::ArgKind::list: return ArgumentKind::list;
    case declarative::ArgKind::count: return ArgumentKind::count;
  }
  return ArgumentKind::str;
}

Argument argument_of(const declarative::Arg& arg) {
  Argument out;
  out.name = arg.attribute;
  out.kind = kind_of(arg.kind);
  out.default_value = arg.fallback;
  out.has_default = arg.has_default || !arg.is_positional();
  out.value_optional = arg.optional_value;
  out.positional = arg.positional;
  if (arg.short_off) out.short_flag = "";
  if (arg.short_letter != '\0') out.short_flag = std::string(1, arg.short_letter);
  out.help = arg.help;
  out.choices = arg.choices;
  return out;
}

TaskCall call_of(const declarative::TaskCall& call) {
  TaskCall out{.task = call.task, .arguments = {}};
  if (call.args.empty()) return out;
  out.arguments = Value::map();
  for (const auto& [name, input] : call.args) out.arguments.set(name, input.written());
  return out;
}

class Maker {
 public:
  explicit Maker(const declarative::TaskFile& file) : file_(file) {}

  Collection collection(const declarative::Namespace& from, std::string name, const std::string& prefix) const {
    Collection out;
    out.name = std::move(name);
    out.docstring = from.help;
    out.default_name = from.default_name;
    out.configuration = from.config;
    for (const auto& task : from.tasks) out.tasks.push_back(make_task(task, prefix));
    for (const auto& inner : from.namespaces) {
      out.collections.push_back(collection(inner, inner.name, prefix + dashed_name(inner.name) + '.'));
    }
    return out;
  }

 private:
  Task make_task(const declarative::Task& from, const std::string& prefix) const {
    Task out;
    out.name = from.name;
    out.docstring = from.help;
    out.aliases = from.aliases;
    for (const auto& arg : from.args) out.arguments.push_back(argument_of(arg));
    for (const auto& call : from.pre) out.pre.push_back(call_of(call));
    for (const auto& call : from.post) out.post.push_back(call_of(call));
    out.automatic_short_flags = from.auto_short.value_or(file_.settings.auto_short);
    out.implementation = std::make_shared<const DeclaredTask>(
        DeclaredTask{.file = &file_, .task = &from, .dotted = prefix + dashed_name(from.name)});
    return out;
  }

  const declarative::TaskFile& file_;
};

}  // namespace

Collection make_collection(const declarative::TaskFile& file, std::string name) {
  return Maker(file).collection(file.root, std::move(name), "");
}

}  // namespace gitopsctl::invoke
