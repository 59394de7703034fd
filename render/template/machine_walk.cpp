#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text/go_format.hpp"
#include "render/template/machine.hpp"
#include "render/template/stack.hpp"

namespace gitopsctl::render::detail {

Operand element_of(const Value& container, const Value& member) {
  if (container.is_map()) {
    switch (container.map_type()) {
      case MapType::any:
      case MapType::values:
      case MapType::helm3_values: return {member, true};
      case MapType::string: return {member, false};
      case MapType::files: {
        if (!member.is_string()) return {member, false};
        return {Value::bytes(member.as_shared_string()), false};
      }
    }
  }
  return {member, container.list_type() == ListType::any};
}

Operand missing_element(MapType type) {
  switch (type) {
    case MapType::string: return {Value::string(""), false};
    case MapType::files: return {Value::nil_list(ListType::uint8), false};
    default: return {Value::null(), true};
  }
}

bool Machine::look(Frame& frame) {
  // Often enough for calls of a millisecond each, and a fraction of what the steps cost.
  constexpr std::uint64_t look_every = 1024;
  if (steps_ > options_.limits.max_steps) {
    return fail(frame, "the render takes more than " + std::to_string(options_.limits.max_steps) + " steps",
                ErrorCode::too_large);
  }
  if (const auto excess = budget_excess()) return fail(frame, excess_text(*excess), ErrorCode::too_large);
  next_look_ = std::min(steps_ + look_every, options_.limits.max_steps + 1);
  return true;
}

bool Machine::check_stack(Frame& frame) {
  if (!stack_exhausted()) return true;
  return fail(frame, "exceeded maximum template depth (" + std::to_string(options_.limits.max_template_depth) + ")",
              ErrorCode::too_large);
}

bool Machine::write(Frame& frame, std::string_view text) {
  if (text.size() > options_.limits.max_output_bytes - written_) {
    return fail(frame, "the output is larger than " + std::to_string(options_.limits.max_output_bytes) + " bytes",
                ErrorCode::too_large);
  }
  written_ += text.size();
  out_->append(text);
  return true;
}

bool Machine::print(Frame& frame, const Operand& operand) {
  const Value& value = operand.value;
  if (value.is_string()) return write(frame, value.as_string());
  if (value.is_int()) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value.as_int()).ptr;
    return write(frame, {digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  const auto text = go_print_checked(value, options_.limits.max_output_bytes - written_);
  if (!text.ok()) return fail(frame, text.error().message(), text.error().code());
  return write(frame, *text);
}

Flow Machine::walk_list(Frame& frame, const Operand& dot, const ListNode& list) {
  frame.node = &list;
  if (!check_stack(frame)) return Flow::failed;
  for (const auto* node : list.nodes) {
    if (const Flow flow = walk(frame, dot, *node); flow != Flow::next) return flow;
  }
  return Flow::next;
}

Flow Machine::walk(Frame& frame, const Operand& dot, const Node& node) {
  frame.node = &node;
  if (!step(frame)) return Flow::failed;
  switch (node.type) {
    case NodeType::text: return write(frame, static_cast<const TextNode&>(node).text) ? Flow::next : Flow::failed;
    case NodeType::action: {
      const PipeNode& pipe = *static_cast<const ActionNode&>(node).pipe;
      Operand value;
      if (!eval_pipe(frame, dot, pipe, value)) return Flow::failed;
      if (!pipe.declared.empty()) return Flow::next;
      frame.node = &node;
      return print(frame, value) ? Flow::next : Flow::failed;
    }
    case NodeType::branch_if:
    case NodeType::branch_with: return walk_branch(frame, dot, static_cast<const BranchNode&>(node));
    case NodeType::branch_range: return walk_range(frame, dot, static_cast<const BranchNode&>(node));
    case NodeType::template_call: return walk_template(frame, dot, static_cast<const TemplateNode&>(node));
    case NodeType::break_loop: return Flow::leave_loop;
    case NodeType::continue_loop: return Flow::next_turn;
    default: fail(frame, "unknown node: " + print_node(node), ErrorCode::internal); return Flow::failed;
  }
}

Flow Machine::walk_branch(Frame& frame, const Operand& dot, const BranchNode& node) {
  const std::size_t mark = variables_.size();
  Operand value;
  Flow flow = Flow::failed;
  if (eval_pipe(frame, dot, *node.pipe, value)) {
    if (go_truth(value.value)) {
      flow = walk_list(frame, node.type == NodeType::branch_with ? value : dot, *node.body);
    } else if (node.otherwise != nullptr) {
      flow = walk_list(frame, dot, *node.otherwise);
    } else {
      flow = Flow::next;
    }
  }
  variables_.resize(mark);
  return flow;
}

/// One turn of a loop: sets the loop's variables, runs the body, drops what the body declared.
Flow Machine::turn(Frame& frame, const BranchNode& node, Operand index, const Operand& item, std::size_t mark) {
  if (!step(frame)) return Flow::failed;
  const auto& declared = node.pipe->declared;
  if (node.pipe->assigns) {
    if (declared.size() == 1 && !assign(frame, *declared[0], item)) return Flow::failed;
    if (declared.size() == 2 && (!assign(frame, *declared[0], index) || !assign(frame, *declared[1], item))) {
      return Flow::failed;
    }
  } else {
    if (!declared.empty()) variables_[mark - 1].operand = item;
    if (declared.size() > 1) variables_[mark - 2].operand = std::move(index);
  }
  const Flow flow = walk_list(frame, item, *node.body);
  variables_.resize(mark);
  return flow == Flow::next_turn ? Flow::next : flow;
}

Flow Machine::walk_range(Frame& frame, const Operand& dot, const BranchNode& node) {
  const std::size_t outer = variables_.size();
  Operand subject;
  Flow flow = Flow::failed;
  bool any = false;
  if (eval_pipe(frame, dot, *node.pipe, subject)) {
    const std::size_t mark = variables_.size();
    Value value = subject.value;
    if (const ValueObject* object = value.as_object();
        object != nullptr && (object->go_kind() == "slice" || object->go_kind() == "map")) {
      value = object->to_plain();
    }
    flow = Flow::next;
    if (value.is_int()) {
      if (node.pipe->declared.size() > 1) {
        fail(frame, "can't use " + (options_.quote_content ? go_format(value) : "a number") +
                        " to iterate over more than one variable");
        flow = Flow::failed;
      }
      for (std::int64_t i = 0; flow == Flow::next && i < value.as_int(); ++i) {
        any = true;
        Value item = value.kind() == Kind::int64   ? Value::int64(i)
                     : value.kind() == Kind::uint8 ? Value::uint8(static_cast<std::uint8_t>(i))
                                                   : Value::go_int(i);
        flow = turn(frame, node, {}, {std::move(item), false}, mark);
      }
    } else if (value.is_list()) {
      const std::size_t size = value.size();
      for (std::size_t i = 0; flow == Flow::next && i < size && i < value.size(); ++i) {
        any = true;
        flow = turn(frame, node, {Value::go_int(static_cast<std::int64_t>(i)), false}, element_of(value, value.as_list()[i]),
                    mark);
      }
    } else if (value.is_map()) {
      // The body may change the map; the loop goes over the members that it has now.
      // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): just that
      const Value::Members members = value.as_map();
      for (std::size_t i = 0; flow == Flow::next && i < members.size(); ++i) {
        any = true;
        flow = turn(frame, node, {Value::string(members[i].key), false}, element_of(value, members[i].value), mark);
      }
    } else if (!value.is_nothing()) {
      if (options_.quote_content) {
        const auto text = go_sprintf_checked("range can't iterate over %v", std::span(&value, 1));
        fail(frame, text.ok() ? *text : text.error().message());
      } else {
        fail(frame, "range can't iterate over a " + std::string(go_type_name(value)));
      }
      flow = Flow::failed;
    }
    if (flow == Flow::leave_loop) flow = Flow::next;
    if (flow == Flow::next && !any && node.otherwise != nullptr) flow = walk_list(frame, dot, *node.otherwise);
  }
  variables_.resize(outer);
  return flow;
}

Flow Machine::walk_template(Frame& frame, const Operand& dot, const TemplateNode& node) {
  const TemplateBody* body = find(node.name);
  if (body == nullptr) {
    fail(frame, "template " + go_quote(node.name) + " not defined");
    return Flow::failed;
  }
  // Endless recursion is to be met here, at the node that Go names, and not somewhere below.
  constexpr std::size_t margin = 256UL << 10U;
  if (frame.depth == options_.limits.max_template_depth || stack_exhausted(margin)) {
    fail(frame, "exceeded maximum template depth (" + std::to_string(options_.limits.max_template_depth) + ")",
         ErrorCode::too_large);
    return Flow::failed;
  }
  Operand data;
  if (node.pipe != nullptr && !eval_pipe(frame, dot, *node.pipe, data)) return Flow::failed;
  Frame inner{body, frame.node, variables_.size(), frame.depth + 1};
  variables_.push_back({data, &body->file->keys.front()});
  const Flow flow = walk_list(inner, data, *body->root);
  variables_.resize(inner.base);
  return flow;
}

}  // namespace gitopsctl::render::detail
