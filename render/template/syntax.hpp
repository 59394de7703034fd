#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/value/value.hpp"
#include "render/template/function.hpp"

// Syntax trees of templates: immutable once parsed, shared between threads. Nodes live in the arena of their file and hold
// no resources, so a tree of any depth is freed at once.
namespace gitopsctl::render::detail {

enum class NodeType : std::uint8_t {
  text,
  list,
  action,
  branch_if,
  branch_with,
  branch_range,
  template_call,
  break_loop,
  continue_loop,
  pipe,
  command,
  identifier,
  variable,
  dot,
  nil,
  field,
  chain,
  boolean,
  number,
  string,
};

struct Node {
  NodeType type;
  std::uint32_t position;  ///< byte in the text of the file, as error messages name it
};

using Keys = std::span<const SharedString* const>;

struct TextNode : Node {
  std::string_view text;
};

struct ListNode : Node {
  std::span<const Node* const> nodes;
};

/// A constant: boolean, number or string literal.
struct LiteralNode : Node {
  std::string_view source;  ///< as written
  const Value* constant;    ///< what it is where any type will do; nullptr for an integer beyond int64
  bool is_int = false;      ///< numbers: the parameter types that it fits
  bool is_float = false;
  std::int64_t integer = 0;
  double number = 0;
};

/// Go's own functions that evaluate their arguments by themselves, or see more of them than a value.
enum class Special : std::uint8_t { none, and_, or_, call, slice };

struct IdentifierNode : Node {
  std::string_view name;
  const Function* function;
  Special special = Special::none;
};

struct VariableNode : Node {
  std::string_view name;    ///< with the `$`
  const SharedString* key;  ///< the same, interned: equal names have equal pointers within a file
  std::int32_t slot = -1;   ///< index in the frame; -1: not in scope when it is evaluated
  Keys fields;
};

struct FieldNode : Node {
  Keys keys;
};

struct ChainNode : Node {
  const Node* base;
  Keys keys;
};

struct CommandNode : Node {
  std::span<const Node* const> words;
};

struct PipeNode : Node {
  std::span<const VariableNode* const> declared;
  std::span<const CommandNode* const> commands;
  bool assigns = false;  ///< `=` instead of `:=`
};

struct ActionNode : Node {
  const PipeNode* pipe;
};

struct BranchNode : Node {
  const PipeNode* pipe;
  const ListNode* body;
  const ListNode* otherwise;  ///< nullptr without `else`
};

struct TemplateNode : Node {
  std::string_view name;
  const PipeNode* pipe;  ///< nullptr: without data
};

struct ParsedFile;

/// One template: a file or a `define`.
struct TemplateBody {
  std::string_view name;
  const ListNode* root = nullptr;
  const ParsedFile* file = nullptr;
  bool empty = true;  ///< only white space, comments and definitions
  /// A declaration inside parentheses may or may not be reached, so slots are not known: look variables up by name.
  bool dynamic_variables = false;
};

/// Everything that one text defines.
struct ParsedFile {
  std::string name;
  SharedString text;
  std::pmr::monotonic_buffer_resource arena;
  std::deque<SharedString> keys;
  std::deque<Value> constants;
  std::deque<std::string> strings;
  std::vector<TemplateBody> bodies;  ///< one for each name, the file's own included

  ParsedFile() = default;
  ParsedFile(const ParsedFile&) = delete;
  ParsedFile& operator=(const ParsedFile&) = delete;

  /// Line from 1 and column from 0 (bytes) of a place in the text.
  struct Place {
    int line = 1;
    int column = 0;
  };
  [[nodiscard]] Place place(std::size_t position) const;
};

using ParsedFilePtr = std::shared_ptr<const ParsedFile>;

/// The printed form of a node, as error messages show it.
[[nodiscard]] std::string print_node(const Node& node);

}  // namespace gitopsctl::render::detail
