#include "render/template/syntax.hpp"

#include <algorithm>

#include "base/text/go_format.hpp"

namespace gitopsctl::render::detail {
namespace {

void print(std::string& out, const Node& node);

void print_keys(std::string& out, Keys keys) {
  for (const auto* key : keys) {
    out += '.';
    out += key->view();
  }
}

void print_operand(std::string& out, const Node& node) {
  const bool parenthesized = node.type == NodeType::pipe;
  if (parenthesized) out += '(';
  print(out, node);
  if (parenthesized) out += ')';
}

void print_pipe(std::string& out, const PipeNode& pipe) {
  for (std::size_t i = 0; i < pipe.declared.size(); ++i) {
    if (i > 0) out += ", ";
    print(out, *pipe.declared[i]);
  }
  if (!pipe.declared.empty()) out += pipe.assigns ? " = " : " := ";
  for (std::size_t i = 0; i < pipe.commands.size(); ++i) {
    if (i > 0) out += " | ";
    print(out, *pipe.commands[i]);
  }
}

void print_branch(std::string& out, const BranchNode& branch, std::string_view name) {
  out += "{{";
  out += name;
  out += ' ';
  print_pipe(out, *branch.pipe);
  out += "}}";
  print(out, *branch.body);
  if (branch.otherwise != nullptr) {
    out += "{{else}}";
    print(out, *branch.otherwise);
  }
  out += "{{end}}";
}

void print(std::string& out, const Node& node) {
  switch (node.type) {
    case NodeType::text: out += static_cast<const TextNode&>(node).text; break;
    case NodeType::list:
      for (const auto* item : static_cast<const ListNode&>(node).nodes) print(out, *item);
      break;
    case NodeType::action:
      out += "{{";
      print_pipe(out, *static_cast<const ActionNode&>(node).pipe);
      out += "}}";
      break;
    case NodeType::branch_if: print_branch(out, static_cast<const BranchNode&>(node), "if"); break;
    case NodeType::branch_with: print_branch(out, static_cast<const BranchNode&>(node), "with"); break;
    case NodeType::branch_range: print_branch(out, static_cast<const BranchNode&>(node), "range"); break;
    case NodeType::template_call: {
      const auto& call = static_cast<const TemplateNode&>(node);
      out += "{{template " + go_quote(call.name);
      if (call.pipe != nullptr) {
        out += ' ';
        print_pipe(out, *call.pipe);
      }
      out += "}}";
      break;
    }
    case NodeType::break_loop: out += "{{break}}"; break;
    case NodeType::continue_loop: out += "{{continue}}"; break;
    case NodeType::pipe: print_pipe(out, static_cast<const PipeNode&>(node)); break;
    case NodeType::command: {
      bool first = true;
      for (const auto* word : static_cast<const CommandNode&>(node).words) {
        if (!first) out += ' ';
        first = false;
        print_operand(out, *word);
      }
      break;
    }
    case NodeType::identifier: out += static_cast<const IdentifierNode&>(node).name; break;
    case NodeType::variable:
      out += static_cast<const VariableNode&>(node).name;
      print_keys(out, static_cast<const VariableNode&>(node).fields);
      break;
    case NodeType::dot: out += '.'; break;
    case NodeType::nil: out += "nil"; break;
    case NodeType::field: print_keys(out, static_cast<const FieldNode&>(node).keys); break;
    case NodeType::chain:
      print_operand(out, *static_cast<const ChainNode&>(node).base);
      print_keys(out, static_cast<const ChainNode&>(node).keys);
      break;
    case NodeType::boolean:
    case NodeType::number:
    case NodeType::string: out += static_cast<const LiteralNode&>(node).source; break;
  }
}

}  // namespace

ParsedFile::Place ParsedFile::place(std::size_t position) const {
  const std::string_view before = text.view().substr(0, position);
  const std::size_t newline = before.rfind('\n');
  return {1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')),
          static_cast<int>(newline == std::string_view::npos ? position : position - newline - 1)};
}

std::string print_node(const Node& node) {
  std::string out;
  print(out, node);
  return out;
}

}  // namespace gitopsctl::render::detail
