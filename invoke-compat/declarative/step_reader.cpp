#include "invoke-compat/declarative/step_reader.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text/escape.hpp"
#include "base/text/regex.hpp"
#include "invoke-compat/declarative/reader.hpp"
#include "invoke-compat/declarative/shapes.hpp"

namespace gitopsctl::invoke::declarative::detail {

namespace {

using Action = Step::Action;
using Use = Template::Use;

Error invalid(const std::string& message) { return {ErrorCode::invalid_input, message}; }

bool has_expression(std::string_view text) { return text.find("${{") != std::string_view::npos; }

std::string shown(std::string_view text) { return "'" + terminal_safe(truncate_utf8(text, 80)) + "'"; }

/// Finds the expressions in the texts of a value, however deep.
void find_expressions(const ConfigNode& node, std::vector<std::string>& path, Input& input) {
  const Value& value = node.value();
  if (value.is_string() && has_expression(value.as_string())) {
    if (auto text = read_template(node, Use::literal)) input.add(path, *std::move(text));
  }
  for (std::size_t i = 0; i < value.as_list().size(); ++i) {
    path.push_back(std::to_string(i));
    find_expressions(node.item(i), path, input);
    path.pop_back();
  }
  for (const auto& member : value.as_map()) {
    path.emplace_back(member.key.view());
    find_expressions(node.at(member.key.view()), path, input);
    path.pop_back();
  }
}

Input read_input(const ConfigNode& node) {
  Input out(node.value().deep_copy());
  std::vector<std::string> path;
  find_expressions(node, path, out);
  return out;
}

std::vector<Template> read_templates(const ConfigNode& list, Use use) {
  std::vector<Template> out;
  for (const auto& item : list.items()) {
    if (auto text = read_template(item, use)) out.push_back(*std::move(text));
  }
  return out;
}

void check_regex(const ConfigNode& node) {
  if (!node.value().is_string()) return;
  const auto regex = Regex::compile(node.value().as_string());
  if (!regex.ok()) node.fail(invalid(node.name() + ": " + regex.error().message()));
}

std::vector<Response> read_responses(const ConfigNode& list) {
  std::vector<Response> out;
  for (const auto& item : list.items()) {
    Response response;
    response.where = item.where();
    response.match = item.text("match");
    response.fail_on = item.text("failOn");
    check_regex(item.at("match"));
    check_regex(item.at("failOn"));
    response.send = read_template(item.at("send"), Use::literal).value_or(Template());
    out.push_back(std::move(response));
  }
  return out;
}

std::optional<Input> read_hide(const ConfigNode& node) {
  const Value& value = node.value();
  if (!node.present()) return std::nullopt;
  const auto words = hide_words();
  const bool word = value.is_string() && std::find(words.begin(), words.end(), value.as_string()) != words.end();
  if (!word && !value.is_bool() && !(value.is_string() && has_expression(value.as_string()))) {
    node.fail(invalid("'hide' must be true, false, out, stdout, err, stderr, both, or an expression"));
    return std::nullopt;
  }
  return read_input(node);
}

RunOptions read_options(const ConfigNode& node) {
  RunOptions out;
  out.echo = node.boolean("echo");
  out.warn = node.boolean("warn");
  out.pty = node.boolean("pty");
  out.replace_env = node.boolean("replaceEnv");
  out.hide = read_hide(node.at("hide"));
  out.timeout = node.duration("timeout");
  if (out.timeout && out.timeout->count() == 0) node.at("timeout").fail(invalid("'timeout' must be longer than nothing"));
  out.shell = node.text("shell");
  out.cd = read_template(node.at("cd"), Use::literal);
  out.user = read_template(node.at("user"), Use::literal);
  out.prefix = read_templates(node.at("prefix"), Use::command);
  const ConfigNode env = node.at("env");
  for (const auto& member : env.value().as_map()) {
    const auto name = member.key.view();
    if (!matches(variable_pattern, name)) {
      env.at(name).fail_key(invalid(shown(name) + " cannot be the name of a variable")
                                .with_hint("it has letters, digits and _, and does not begin with a digit"));
    }
    if (auto text = read_template(env.at(name), Use::literal)) out.env.emplace_back(name, *std::move(text));
  }
  out.responses = read_responses(node.at("responses"));
  out.retries = static_cast<int>(std::clamp(node.integer("retries", 0), std::int64_t{0}, std::int64_t{1000}));
  return out;
}

void read_exit(const ConfigNode& node, Step& step) {
  step.message = read_template(node.at("message"), Use::literal);
  const ConfigNode code = node.at("code");
  if (!code.present()) return;
  const Value& value = code.value();
  const bool number = value.is_int() && value.as_int() >= 0 && value.as_int() <= static_cast<int>(largest_exit_code);
  if (!number && !(value.is_string() && has_expression(value.as_string()))) {
    code.fail(invalid("'code' must be a whole number from 0 to 255, or an expression"));
    return;
  }
  step.code = read_input(code);
}

void read_call_args(const ConfigNode& node, bool expressions, TaskCall& call) {
  for (const auto& member : node.value().as_map()) {
    const ConfigNode child = node.at(member.key.view());
    Input input = read_input(child);
    if (!expressions && !input.is_literal()) {
      child.fail(invalid("arguments of pre and post tasks take no expressions").with_hint("use a step with 'call:'"));
      continue;
    }
    call.args.emplace_back(attribute_name(member.key.view()), std::move(input));
  }
}

/// What the step does; noted when it is not exactly one thing.
Action action_of(const ConfigNode& node) {
  Action found = Action::none;
  std::size_t count = 0;
  std::string names;
  for (const auto& row : actions()) {
    names += (names.empty() ? "" : ", ") + std::string(row.key);
    if (!node.has(row.key)) continue;
    if (count++ == 0) found = row.action;
    if (count > 1) {
      const std::string which = count == 2 ? "second" : "next";
      node.at(row.key).fail_key(invalid("a step does one thing, and this is its " + which));
    }
  }
  if (count == 0 && node.value().is_map()) node.fail(invalid("a step needs one of: " + names));
  return found;
}

std::string_view key_of(Action action) {
  const auto rows = actions();
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.action == action; });
  return row == rows.end() ? std::string_view{} : row->key;
}

void check_options(const ConfigNode& node, Action action) {
  if (action == Action::none) return;
  for (const auto& row : step_options()) {
    if (!node.has(row.key) || std::find(row.actions.begin(), row.actions.end(), action) != row.actions.end()) continue;
    std::string where;
    for (const auto known : row.actions) where += (where.empty() ? "" : ", ") + std::string(key_of(known));
    node.at(row.key).fail_key(
        invalid("'" + std::string(row.key) + "' means nothing with '" + std::string(key_of(action)) + "'")
            .with_hint("it goes with: " + where));
  }
}

void read_id(const ConfigNode& node, Step& step, std::set<std::string>& ids) {
  step.id = node.text("id");
  if (step.id.empty()) return;
  if (!matches(step_id_pattern, step.id)) {
    node.at("id").fail(invalid(shown(step.id) + " cannot be the id of a step")
                           .with_hint("it has letters, digits, _ and -, and begins with a letter or _"));
  } else if (!ids.insert(step.id).second) {
    node.at("id").fail(invalid("there are two steps with the id " + shown(step.id)));
  }
}

Step read_step(const ConfigNode& node, std::set<std::string>& ids, bool inside_parallel);

void read_parallel(const ConfigNode& node, Step& step, std::set<std::string>& ids) {
  for (const auto& item : node.at("parallel").items()) step.parallel.push_back(read_step(item, ids, true));
}

Step read_step(const ConfigNode& node, std::set<std::string>& ids, bool inside_parallel) {
  Step step;
  step.where = node.where();
  check_config(node, step_shape());
  step.action = action_of(node);
  check_options(node, step.action);
  if (inside_parallel && (step.action == Action::parallel || step.action == Action::exit)) {
    node.at(key_of(step.action)).fail_key(invalid("'" + std::string(key_of(step.action)) + "' cannot stand in 'parallel'"));
    return step;
  }
  read_id(node, step, ids);
  if (const ConfigNode when = node.at("when"); when.value().is_string()) {
    auto expression = Expression::parse(when.value().as_string(), when.where());
    if (expression.ok()) {
      step.when = *std::move(expression);
    } else {
      when.fail(expression.error());
    }
  }
  step.options = read_options(node);
  switch (step.action) {
    case Action::none: break;
    case Action::run:
    case Action::sudo: step.text = read_template(node.at(key_of(step.action)), Use::command).value_or(Template()); break;
    case Action::print: step.text = read_template(node.at("print"), Use::literal).value_or(Template()); break;
    case Action::exec: step.argv = read_templates(node.at("exec"), Use::literal); break;
    case Action::call:
      step.call.name = node.text("call");
      step.call.where = node.at("call").where();
      step.call.only = node.boolean("only", false);
      read_call_args(node.at("args"), true, step.call);
      break;
    case Action::use:
      step.use = node.text("use");
      step.with = read_input(node.at("with"));
      if (!step.use.empty() && !matches(native_name_pattern, step.use)) {
        node.at("use").fail(
            invalid(shown(step.use) + " cannot be a built-in task").with_hint("they are named like calitp.diff"));
      }
      break;
    case Action::exit: read_exit(node.at("exit"), step); break;
    case Action::parallel: read_parallel(node, step, ids); break;
  }
  return step;
}

}  // namespace

std::optional<Template> read_template(const ConfigNode& node, Template::Use use) {
  if (!node.value().is_string()) return std::nullopt;
  auto text = Template::parse(node.value().as_string(), use, node.where());
  if (text.ok()) return *std::move(text);
  node.fail(text.error());
  return std::nullopt;
}

std::vector<TaskCall> read_references(const ConfigNode& list) {
  std::vector<TaskCall> out;
  for (const auto& item : list.items()) {
    check_config(item, reference_shape());
    TaskCall call;
    call.where = item.where();
    call.name = item.value().is_string() ? std::string(item.value().as_string()) : item.text("task");
    read_call_args(item.at("args"), false, call);
    if (!call.name.empty()) out.push_back(std::move(call));
  }
  return out;
}

std::vector<Step> read_steps(const ConfigNode& list, std::set<std::string>& ids) {
  std::vector<Step> out;
  for (const auto& item : list.items()) out.push_back(read_step(item, ids, false));
  return out;
}

}  // namespace gitopsctl::invoke::declarative::detail
