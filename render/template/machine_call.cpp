#include <array>
#include <utility>

#include "base/text/go_format.hpp"
#include "render/template/machine.hpp"
#include "render/template/stack.hpp"

namespace gitopsctl::render::detail {
namespace {

std::string_view parameter_name(ParamType type) {
  switch (type) {
    case ParamType::any: return "interface {}";
    case ParamType::string: return "string";
    case ParamType::integer: return "int";
    case ParamType::int64: return "int64";
    case ParamType::float64: return "float64";
    case ParamType::boolean: return "bool";
    case ParamType::map: return "map[string]interface {}";
    case ParamType::list: return "[]interface {}";
    case ParamType::time: return "time.Time";
    case ParamType::uint32: return "uint32";
    case ParamType::certificate: return "sprig.certificate";
    case ParamType::operand: return "reflect.Value";
  }
  return "interface {}";
}

/// What nil becomes for a parameter of this type; false when it cannot be nil.
bool nil_of(ParamType type, Value& out) {
  switch (type) {
    case ParamType::any: out = Value::null(); return true;
    case ParamType::map: out = Value::nil_map(); return true;
    case ParamType::list: out = Value::nil_list(); return true;
    case ParamType::operand: out = Value::absent(); return true;
    default: return false;
  }
}

bool fits(const Value& value, ParamType type) {
  switch (type) {
    case ParamType::any:
    case ParamType::operand: return true;
    case ParamType::string: return value.is_string();
    case ParamType::integer: return value.kind() == Kind::integer;
    case ParamType::int64: return value.kind() == Kind::int64;
    case ParamType::float64: return value.is_float();
    case ParamType::boolean: return value.is_bool();
    case ParamType::map: return value.is_map() && (value.map_type() == MapType::any || is_values(value.map_type()));
    case ParamType::list: return value.is_list() && value.list_type() == ListType::any;
    case ParamType::time: return value.is_object() && value.as_object()->go_type() == "time.Time";
    case ParamType::uint32: return false;
    case ParamType::certificate: return value.is_object() && value.as_object()->go_type() == "sprig.certificate";
  }
  return false;
}

ParamType parameter_at(const Function& function, std::size_t index) {
  const auto& parameters = function.parameters;
  return index < parameters.size() ? parameters[index] : parameters.back();
}

/// Errors of a method that are about its call, not from inside it: Go reports them without `error calling`.
bool is_about_call(std::string_view message) {
  return message.starts_with("wrong number of args for ") || message.starts_with("wrong type for value; ") ||
         message.starts_with("invalid value; ") || message.starts_with("expected ");
}

/// An index of Go's `slice` that still has the static type `interface {}`: Go refuses it there, whatever is inside, and
/// nowhere else.
class UnopenedInterface final : public ValueObject {
 public:
  std::string_view go_type() const override { return "interface {}"; }
  std::string_view go_kind() const override { return "interface"; }
  std::string print() const override { return "<nil>"; }
  bool field(std::string_view /*name*/, Value& /*out*/) const override { return false; }
  Value to_plain() const override { return {}; }
};

bool is_literal(const Node& node) {
  return node.type == NodeType::boolean || node.type == NodeType::number || node.type == NodeType::string ||
         node.type == NodeType::nil;
}

/// Steps to look at a value once, without what lies below: bytes are looked at some thousand in the time of a step.
std::uint64_t work_of(const Value& value) { return value.is_string() ? value.size() >> 12U : value.size() >> 6U; }

/// The arguments of one call; few enough for the stack nearly always.
class Arguments {
 public:
  explicit Arguments(std::size_t count) : count_(count) {
    if (count > few_.size()) many_.resize(count);
  }
  Value& operator[](std::size_t i) { return data()[i]; }
  [[nodiscard]] std::span<const Value> span() { return {data(), count_}; }

 private:
  Value* data() { return many_.empty() ? few_.data() : many_.data(); }
  std::size_t count_;
  std::array<Value, 6> few_;
  std::vector<Value> many_;
};

}  // namespace

bool Machine::eval_call(Frame& frame, const Operand& dot, const IdentifierNode& identifier, const Node& call, Words words,
                        const Operand* last, Operand& out) {
  const Function& function = *identifier.function;
  const Words given = words.empty() ? words : words.subspan(1);
  const std::size_t count = given.size() + (last != nullptr ? 1 : 0);
  const std::size_t fixed = function.parameters.size() - (function.variadic ? 1 : 0);
  if (function.variadic ? count < fixed : count != fixed) {
    return fail(frame, "wrong number of args for " + std::string(identifier.name) + ": want " +
                           (function.variadic ? "at least " : "") + std::to_string(fixed) + " got " +
                           std::to_string(function.variadic ? given.size() : count));
  }
  if (!step(frame)) return false;
  if (identifier.special == Special::and_ || identifier.special == Special::or_) {
    return eval_and_or(frame, dot, identifier.special == Special::or_, given, last, out);
  }
  Arguments arguments(count);
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (identifier.special == Special::slice && i > 0 && !is_literal(*given[i])) {
      Operand operand;
      if (!eval_any(frame, dot, *given[i], operand)) return false;
      const bool unopened = operand.boxed || operand.value.is_null();
      arguments[i] = unopened ? Value::object(new UnopenedInterface) : std::move(operand.value);
      continue;
    }
    if (!eval_argument(frame, dot, parameter_at(function, i), *given[i], arguments[i])) return false;
  }
  if (last != nullptr && !validate(frame, *last, parameter_at(function, given.size()), arguments[given.size()])) {
    return false;
  }
  if (identifier.special == Special::call) {
    // Go has no functions among the values of a chart; the message names what was called instead.
    const Value& callee = arguments.span()[0];
    const std::string name = !given.empty()       ? print_node(*given[0])
                             : callee.is_string() ? std::string(options_.quote_content ? callee.as_string() : "(redacted)")
                             : callee.is_absent() ? "<invalid Value>"
                                                  : "<" + std::string(go_type_name(callee)) + " Value>";
    return fail_call(frame, call, identifier.name,
                     Error(ErrorCode::invalid_input,
                           callee.is_nothing() ? "call of nil"
                                               : "non-function " + name + " of type " + std::string(go_type_name(callee))));
  }
  // Functions look at all of what they are given: some texts and lists are worth more than a step.
  for (const Value& argument : arguments.span()) {
    if (argument.kind() >= Kind::string) steps_ += work_of(argument);
  }
  CallContext context{evaluator_};
  auto result = [&]() -> Result<Value> {
    try {
      return function.body(context, arguments.span());
    } catch (const BudgetExceeded& exceeded) {
      return Error(ErrorCode::too_large, excess_text(exceeded.excess()));
    }
  }();
  if (!result.ok()) return fail_call(frame, call, identifier.name, result.error(), arguments.span());
  out = {std::move(result).value(), false};
  return true;
}

/// `and` and `or` stop at the operand that decides, and are that operand.
bool Machine::eval_and_or(Frame& frame, const Operand& dot, bool is_or, Words arguments, const Operand* last, Operand& out) {
  out = {};
  for (const auto* argument : arguments) {
    frame.node = argument;
    if (argument->type == NodeType::nil) {
      out = {};
    } else if (!eval_any(frame, dot, *argument, out)) {
      return false;
    }
    if (go_truth(out.value) == is_or) return true;
  }
  if (last != nullptr) out = *last;
  return true;
}

/// The value of an argument where any type will do, with its static type.
bool Machine::eval_any(Frame& frame, const Operand& dot, const Node& node, Operand& out) {
  frame.node = &node;
  switch (node.type) {
    case NodeType::dot: out = dot; return true;
    case NodeType::field: {
      const Node* const self = &node;
      out = dot;
      return eval_fields(frame, dot, static_cast<const FieldNode&>(node).keys, node, Words(&self, 1), nullptr, out);
    }
    case NodeType::variable: return eval_variable(frame, dot, static_cast<const VariableNode&>(node), {}, nullptr, out);
    case NodeType::pipe: return eval_pipe(frame, dot, static_cast<const PipeNode&>(node), out);
    case NodeType::identifier:
      return eval_call(frame, dot, static_cast<const IdentifierNode&>(node), node, {}, nullptr, out);
    case NodeType::chain: return eval_chain(frame, dot, static_cast<const ChainNode&>(node), {}, nullptr, out);
    case NodeType::boolean:
    case NodeType::number:
    case NodeType::string: return eval_literal(frame, static_cast<const LiteralNode&>(node), out);
    default: return fail(frame, "can't handle assignment of " + print_node(node) + " to empty interface argument");
  }
}

bool Machine::eval_argument(Frame& frame, const Operand& dot, ParamType type, const Node& node, Value& out) {
  frame.node = &node;
  switch (node.type) {
    case NodeType::nil:
      if (nil_of(type, out)) return true;
      return fail(frame, "cannot assign nil to " + std::string(parameter_name(type)));
    case NodeType::boolean:
    case NodeType::number:
    case NodeType::string: return literal_argument(frame, type, node, out);
    default: break;
  }
  Operand operand;
  return eval_any(frame, dot, node, operand) && validate(frame, operand, type, out);
}

/// Literals adapt to the parameter: `1` is an int, an int64 or a float64.
bool Machine::literal_argument(Frame& frame, ParamType type, const Node& node, Value& out) {
  const auto& literal = static_cast<const LiteralNode&>(node);
  const bool number = node.type == NodeType::number;
  std::string_view expected;
  switch (type) {
    case ParamType::any:
    case ParamType::operand: {
      Operand operand;
      if (!eval_literal(frame, literal, operand)) return false;
      out = std::move(operand.value);
      return true;
    }
    case ParamType::string:
      if (node.type == NodeType::string) {
        out = *literal.constant;
        return true;
      }
      expected = "string";
      break;
    case ParamType::boolean:
      if (node.type == NodeType::boolean) {
        out = *literal.constant;
        return true;
      }
      expected = "bool";
      break;
    case ParamType::integer:
    case ParamType::int64:
      if (number && literal.is_int) {
        out = type == ParamType::int64 ? Value::int64(literal.integer) : Value::go_int(literal.integer);
        return true;
      }
      expected = "integer";
      break;
    case ParamType::uint32:
      if (number && literal.is_int && literal.integer >= 0) {
        out = Value::go_int(literal.integer);
        return true;
      }
      expected = "unsigned integer";
      break;
    case ParamType::float64:
      if (number && literal.is_float) {
        out = Value::float64(literal.number);
        return true;
      }
      expected = "float";
      break;
    default:
      return fail(frame, "can't handle " + print_node(node) + " for arg of type " + std::string(parameter_name(type)));
  }
  return fail(frame, "expected " + std::string(expected) + "; found " + print_node(node));
}

/// Values do not adapt: they have the parameter's type or the call fails.
bool Machine::validate(Frame& frame, const Operand& operand, ParamType type, Value& out) {
  const Value& value = operand.value;
  if (value.is_absent()) {
    if (nil_of(type, out)) return true;
    return fail(frame, "invalid value; expected " + std::string(parameter_name(type)));
  }
  if (fits(value, type)) {
    out = value;
    return true;
  }
  return fail(frame, "wrong type for value; expected " + std::string(parameter_name(type)) + "; got " +
                         (value.is_null() ? "interface {}" : std::string(go_type_name(value))));
}

/// Reports an error that is about the call of a method. Go looks at the number of arguments before it evaluates any, and at
/// a literal while it does.
bool Machine::fail_method_call(Frame& frame, const Node* before, Words words, const Error& error) {
  std::string message = error.message();
  if (message.starts_with("wrong number of args for ")) {
    frame.node = before;
  } else if (words.size() == 2 && is_literal(*words[1])) {
    constexpr std::string_view wrong = "wrong type for value; expected ";
    constexpr std::string_view invalid = "invalid value; expected ";
    const std::string text(message);
    if (text.starts_with(wrong)) {
      message = "expected " + text.substr(wrong.size(), text.find(';', wrong.size()) - wrong.size()) + "; found " +
                print_node(*words[1]);
    } else if (text.starts_with(invalid)) {
      message = "cannot assign nil to " + text.substr(invalid.size());
    }
  }
  return fail(frame, message, error.code());
}

bool Machine::method_arguments(Frame& frame, const Operand& dot, Words words, const Operand* last, std::vector<Value>& out) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    Value value;
    if (!eval_argument(frame, dot, ParamType::any, *words[i], value)) return false;
    out.push_back(std::move(value));
  }
  if (last != nullptr) out.push_back(last->value.is_absent() ? Value::null() : last->value);
  return true;
}

/// Fields and methods of objects, and the methods of Helm's named map types.
bool Machine::call_method(Frame& frame, const Operand& dot, const SharedString& key, const Node& node, Words words,
                          const Operand* last, Operand& value, bool& is_method) {
  const std::string_view name = key.view();
  const bool has_arguments = words.size() > 1 || last != nullptr;
  std::vector<Value> arguments;
  const Node* const before = frame.node;
  if (value.value.is_map()) {
    const MapType type = value.value.map_type();
    if ((!is_values(type) && type != MapType::files) || !context_.has_map_method(type, name)) return true;
    if (!method_arguments(frame, dot, words, last, arguments)) return false;
    auto result = context_.map_method(value.value, name, arguments);
    if (!result.has_value()) return true;
    is_method = true;
    if (!result->ok()) {
      if (!is_about_call(result->error().message())) return fail_call(frame, node, name, result->error(), arguments);
      return fail_method_call(frame, before, words, result->error());
    }
    value = {std::move(*result).value(), false};
    return true;
  }
  const Value receiver = value.value;
  const ValueObject& object = *receiver.as_object();
  Value out;
  if (!has_arguments && object.field(name, out)) {
    is_method = true;
    value = {std::move(out), false};
    return true;
  }
  if (!method_arguments(frame, dot, words, last, arguments)) return false;
  std::string error;
  if (object.call(name, arguments, out, error)) {
    is_method = true;
    if (error.empty()) {
      value = {std::move(out), false};
      return true;
    }
    if (is_about_call(error)) return fail_method_call(frame, before, words, Error(ErrorCode::invalid_input, error));
    return fail_call(frame, node, name, Error(ErrorCode::invalid_input, error), arguments);
  }
  if (has_arguments && object.field(name, out)) {
    return fail(frame, std::string(name) + " has arguments but cannot be invoked as function");
  }
  return true;
}

}  // namespace gitopsctl::render::detail
