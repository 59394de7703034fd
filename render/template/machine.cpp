#include "render/template/machine.hpp"

#include <utility>

#include "base/text/go_format.hpp"
#include "render/template/bounded.hpp"
#include "render/template/parser.hpp"
#include "render/template/stack.hpp"

namespace gitopsctl::render::detail {
namespace {

// The name that Helm gives to its name space and to the texts of `tpl` (engine.go).
constexpr std::string_view engine_name = "gotpl";
constexpr std::string_view no_value = "<no value>";

}  // namespace

void remove_no_value(std::string& text) {
  std::size_t at = text.find(no_value);
  if (at == std::string::npos) return;
  std::string out;
  out.reserve(text.size());
  std::size_t from = 0;
  for (; at != std::string::npos; at = text.find(no_value, from)) {
    out.append(text, from, at - from);
    from = at + no_value.size();
  }
  out.append(text, from);
  text = std::move(out);
}

const TemplateBody* Machine::find(std::string_view name) const {
  for (std::size_t i = overlays_.size(); i > 0; --i) {
    if (const TemplateBody* body = overlays_[i - 1]->find(name); body != nullptr) return body;
  }
  return names_.find(name);
}

bool Machine::run(const TemplateBody& body, const Value& data, std::string& out) {
  Frame frame{&body, nullptr, variables_.size(), 0};
  // Whoever passes nil passes nothing (reflect.ValueOf).
  const Operand dot{data.is_null() ? Value::absent() : data, false};
  variables_.push_back({dot, &body.file->keys.front()});
  std::string* const outer = std::exchange(out_, &out);
  const std::size_t overlays = overlays_.size();
  bool ok = false;
  try {
    ok = walk_list(frame, dot, *body.root) != Flow::failed;
  } catch (const BudgetExceeded& exceeded) {
    overlays_.resize(overlays);
    fail(frame, excess_text(exceeded.excess()), ErrorCode::too_large);
  }
  out_ = outer;
  variables_.resize(frame.base);
  return ok;
}

std::string Machine::excess_text(BudgetExcess excess) const {
  return excess_message(excess, {options_.limits.memory_bytes, options_.limits.cpu_time});
}

Result<void> Machine::spend(std::uint64_t count) {
  if (count > options_.limits.max_steps || steps_ > options_.limits.max_steps - count) {
    return Error(ErrorCode::too_large, "the render takes more than " + std::to_string(options_.limits.max_steps) + " steps");
  }
  steps_ += count;
  if (steps_ < next_look_) return {};
  if (const auto excess = budget_excess()) return Error(ErrorCode::too_large, excess_text(*excess));
  return {};
}

Result<Value> Machine::include(std::string_view name, const Value& data) {
  auto found = include_depth_.find(name);
  if (found == include_depth_.end()) found = include_depth_.emplace(std::string(name), 0).first;
  if (found->second > options_.limits.max_include_depth) {
    return Error(ErrorCode::invalid_input,
                 "rendering template has a nested reference name: " + std::string(name) + ": unable to execute template");
  }
  const TemplateBody* body = find(name);
  if (body == nullptr) {
    return Error(ErrorCode::invalid_input,
                 "template: no template " + go_quote(name) + " associated with template " + go_quote(engine_name));
  }
  // The map may grow and move while the template runs; its nodes stay where they are.
  std::uint32_t& depth = found->second;
  ++depth;
  std::string out;
  const bool ok = run(*body, data, out);
  --depth;
  if (!ok) return Error(failure.code, failure.text);
  return Value::string(out);
}

Result<Value> Machine::tpl(std::string_view text, const Value& data) {
  if (text.find("{{") == std::string_view::npos) {
    std::string out(text);
    if (!options_.keep_no_value) remove_no_value(out);
    return Value::string(out);
  }
  const auto parsed = parse_file_cached(std::string(engine_name), text, functions_);
  if (!parsed.ok()) {
    return Error(parsed.error().code(), "cannot parse template " + go_quote(text) + ": " + parsed.error().message());
  }
  const ParsedFilePtr& file = *parsed;
  NameSpace overlay;
  const TemplateBody* own = nullptr;
  for (const auto& body : file->bodies) {
    if (body.name == engine_name) own = &body;
    if (body.empty && find(body.name) != nullptr) continue;
    overlay.templates.emplace(std::string(body.name), NamedTemplate{file, &body});
  }
  overlays_.push_back(&overlay);
  std::string out;
  const bool ok = run(*own, data, out);
  overlays_.pop_back();
  if (!ok) {
    std::string message = "error during tpl function execution" +
                          (options_.quote_content ? " for " + go_quote(text) : std::string()) + ": " + failure.text;
    failure.text = message;
    failure.sizes.insert(failure.sizes.begin(), message.size());
    return Error(failure.code, std::move(message));
  }
  if (!options_.keep_no_value) remove_no_value(out);
  return Value::string(out);
}

bool Machine::fail(Frame& frame, std::string message, ErrorCode code) {
  const TemplateBody& body = *frame.body;
  TemplateFrame where;
  where.file = body.file->name;
  where.name = std::string(body.name);
  const auto place = body.file->place(frame.node->position);
  where.line = place.line;
  where.column = place.column;
  // The text of a `tpl` is a value, not a part of the chart.
  const bool hide_node = !options_.quote_content && where.file == engine_name;
  where.node = hide_node ? "(redacted)" : print_node(*frame.node);
  failure = {};
  failure.code = code;
  failure.text = "template: " + where.file + ":" + std::to_string(where.line) + ":" + std::to_string(where.column) +
                 ": executing " + go_quote(where.name) + " at <" + where.node + ">: " + message;
  failure.sizes = {failure.text.size()};
  failure.message = std::move(message);
  failure.frames.push_back(std::move(where));
  return false;
}

/// An error that a function returned: `error calling NAME: TEXT`, wrapped around the failure of a nested template when
/// the function passed one on.
bool Machine::fail_call(Frame& frame, const Node& node, std::string_view name, const Error& error,
                        std::span<const Value> arguments) {
  const std::string description = "error calling " + std::string(name) + ": ";
  TemplateFailure inner = std::move(failure);
  const bool nested = !inner.empty() && inner.text == error.message();
  const bool asserted = assertion.has_value() && *assertion == error.message();
  const std::string message =
      nested || asserted || options_.quote_content ? error.message() : without_content(error.message(), arguments);
  frame.node = &node;
  fail(frame, description + message, error.code());
  failure.frames.front().description = description;
  if (nested) {
    failure.frames.insert(failure.frames.end(), std::make_move_iterator(inner.frames.begin()),
                          std::make_move_iterator(inner.frames.end()));
    failure.sizes.insert(failure.sizes.end(), inner.sizes.begin(), inner.sizes.end());
    failure.message = std::move(inner.message);
    failure.assertion = std::move(inner.assertion);
    failure.is_assertion = inner.is_assertion;
  } else {
    failure.sizes.push_back(message.size());
    failure.message = message;
    failure.is_assertion = asserted;
    if (asserted) failure.assertion = *assertion;
  }
  assertion.reset();
  return false;
}

Error Machine::error() const {
  // The innermost place that is in a file: texts of `tpl` are in none.
  const TemplateFrame* where = &failure.frames.front();
  for (const auto& frame : failure.frames) {
    if (frame.file != engine_name) where = &frame;
  }
  return Error(failure.code, failure.text).at({where->file, where->line, where->column + 1});
}

}  // namespace gitopsctl::render::detail
