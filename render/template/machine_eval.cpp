#include <utility>

#include "base/text/go_format.hpp"
#include "render/template/machine.hpp"
#include "render/template/stack.hpp"

namespace gitopsctl::render::detail {

bool Machine::eval_pipe(Frame& frame, const Operand& dot, const PipeNode& pipe, Operand& out) {
  frame.node = &pipe;
  if (!check_stack(frame)) return false;
  const Operand* last = nullptr;
  Operand value;
  for (const auto* command : pipe.commands) {
    Operand next;
    if (!eval_command(frame, dot, *command, last, next)) return false;
    value = std::move(next);
    // What leaves a command loses its static type; a nil interface is nothing then.
    value.boxed = false;
    if (value.value.is_null()) value.value = Value::absent();
    last = &value;
  }
  for (const auto* variable : pipe.declared) {
    if (pipe.assigns) {
      if (!assign(frame, *variable, value)) return false;
    } else {
      variables_.push_back({value, variable->key});
    }
  }
  out = std::move(value);
  return true;
}

bool Machine::no_arguments(Frame& frame, Words words, const Operand* last) {
  if (words.size() <= 1 && last == nullptr) return true;
  return fail(frame, "can't give argument to non-function " + (words.empty() ? "" : print_node(*words[0])));
}

bool Machine::eval_command(Frame& frame, const Operand& dot, const CommandNode& command, const Operand* last, Operand& out) {
  const Words words = command.words;
  const Node& first = *words[0];
  switch (first.type) {
    case NodeType::field:
      frame.node = &first;
      out = dot;
      return eval_fields(frame, dot, static_cast<const FieldNode&>(first).keys, first, words, last, out);
    case NodeType::chain: return eval_chain(frame, dot, static_cast<const ChainNode&>(first), words, last, out);
    case NodeType::identifier:
      frame.node = &first;
      return eval_call(frame, dot, static_cast<const IdentifierNode&>(first), command, words, last, out);
    case NodeType::pipe:
      return no_arguments(frame, words, last) && eval_pipe(frame, dot, static_cast<const PipeNode&>(first), out);
    case NodeType::variable: return eval_variable(frame, dot, static_cast<const VariableNode&>(first), words, last, out);
    default: break;
  }
  frame.node = &first;
  if (!no_arguments(frame, words, last)) return false;
  switch (first.type) {
    case NodeType::dot: out = dot; return true;
    case NodeType::nil: return fail(frame, "nil is not a command");
    case NodeType::boolean:
    case NodeType::number:
    case NodeType::string: return eval_literal(frame, static_cast<const LiteralNode&>(first), out);
    default: return fail(frame, "can't evaluate command " + go_quote(print_node(first)), ErrorCode::internal);
  }
}

bool Machine::eval_literal(Frame& frame, const LiteralNode& node, Operand& out) {
  frame.node = &node;
  if (node.constant == nullptr) return fail(frame, std::string(node.source) + " overflows int");
  out = {*node.constant, false};
  return true;
}

Machine::Variable* Machine::variable(Frame& frame, const VariableNode& node) {
  if (!frame.body->dynamic_variables) {
    if (node.slot >= 0) return &variables_[frame.base + static_cast<std::size_t>(node.slot)];
  } else {
    for (std::size_t i = variables_.size(); i > frame.base; --i) {
      if (variables_[i - 1].key == node.key) return &variables_[i - 1];
    }
  }
  fail(frame, "undefined variable: " + std::string(node.name));
  return nullptr;
}

bool Machine::assign(Frame& frame, const VariableNode& node, const Operand& operand) {
  Variable* const target = variable(frame, node);
  if (target == nullptr) return false;
  target->operand = operand;
  return true;
}

bool Machine::eval_variable(Frame& frame, const Operand& dot, const VariableNode& node, Words words, const Operand* last,
                            Operand& out) {
  frame.node = &node;
  const Variable* const found = variable(frame, node);
  if (found == nullptr) return false;
  out = found->operand;
  if (node.fields.empty()) return no_arguments(frame, words, last);
  return eval_fields(frame, dot, node.fields, node, words, last, out);
}

bool Machine::eval_chain(Frame& frame, const Operand& dot, const ChainNode& node, Words words, const Operand* last,
                         Operand& out) {
  frame.node = &node;
  const Node& base = *node.base;
  if (base.type == NodeType::nil) return fail(frame, "indirection through explicit nil in " + print_node(node));
  frame.node = &base;
  if (!eval_any(frame, dot, base, out)) return false;
  return eval_fields(frame, dot, node.keys, node, words, last, out);
}

bool Machine::eval_fields(Frame& frame, const Operand& dot, Keys keys, const Node& node, Words words, const Operand* last,
                          Operand& value) {
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    if (!eval_field(frame, dot, *keys[i], node, {}, nullptr, value)) return false;
  }
  return eval_field(frame, dot, *keys.back(), node, words, last, value);
}

/// Replaces `value` by its field `key`.
bool Machine::eval_field(Frame& frame, const Operand& dot, const SharedString& key, const Node& node, Words words,
                         const Operand* last, Operand& value) {
  const std::string_view name = key.view();
  const bool strict = options_.missing_key == MissingKey::error;
  switch (value.value.kind()) {
    case Kind::absent:
      if (strict) return fail(frame, "nil data; no entry for key " + go_quote(name));
      return true;
    case Kind::null: return fail(frame, "nil pointer evaluating interface {}." + std::string(name));
    case Kind::map:
    case Kind::object: {
      bool is_method = false;
      if (!call_method(frame, dot, key, node, words, last, value, is_method)) return false;
      if (is_method) return true;
      break;
    }
    default: break;
  }
  if (!value.value.is_map()) {
    return fail(frame, "can't evaluate field " + std::string(name) + " in type " +
                           (value.boxed ? "interface {}" : std::string(go_type_name(value.value))));
  }
  if (words.size() > 1 || last != nullptr) {
    return fail(frame, std::string(name) + " is not a method but has arguments");
  }
  const Value container = std::move(value.value);
  if (const Value* member = container.find(name); member != nullptr) {
    value = element_of(container, *member);
    return true;
  }
  if (strict) return fail(frame, "map has no entry for key " + go_quote(name));
  value = options_.missing_key == MissingKey::zero ? missing_element(container.map_type()) : Operand{};
  return true;
}

}  // namespace gitopsctl::render::detail
