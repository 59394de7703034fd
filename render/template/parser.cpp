#include "render/template/parser.hpp"

#include <array>
#include <new>
#include <unordered_map>
#include <utility>

#include "base/text/go_format.hpp"
#include "base/text/utf8.hpp"
#include "render/template/complex.hpp"
#include "render/template/engine.hpp"
#include "render/template/lexer.hpp"
#include "render/template/literal.hpp"
#include "render/template/stack.hpp"

namespace gitopsctl::render::detail {
namespace {

// Go's bound for nested parentheses (parse.go).
constexpr int max_paren_depth = 10'000;
// What parsing may use of a stack of unknown size before it moves to a large one.
constexpr std::size_t small_stack_budget = 256UL << 10U;

// Both stay inside this file: parse_file catches them.
struct ParseFailure {
  std::string message;
  int line;
};
struct NeedsLargeStack {};

bool is_unicode_space(char32_t rune) {
  switch (rune) {
    case '\t':
    case '\n':
    case '\v':
    case '\f':
    case '\r':
    case ' ':
    case 0x85:
    case 0xA0:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x202F:
    case 0x205F:
    case 0x3000: return true;
    default: return rune >= 0x2000 && rune <= 0x200A;
  }
}

bool is_blank(std::string_view text) {
  while (!text.empty()) {
    const DecodedRune rune = decode_utf8(text);
    if (!is_unicode_space(rune.value)) return false;
    text.remove_prefix(rune.length);
  }
  return true;
}

/// What is gathered while a list of unknown length is read. Lists in templates are short, so most take no memory of the
/// heap.
template <class T>
class Gathered {
 public:
  void push_back(const T& item) {
    if (size_ == few && more_.empty()) more_.assign(first_.begin(), first_.end());
    if (size_ < few) {
      first_[size_] = item;
    } else {
      more_.push_back(item);
    }
    ++size_;
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::span<const T> items() const {
    return size_ <= few ? std::span<const T>(first_).first(size_) : std::span<const T>(more_);
  }
  [[nodiscard]] const T& operator[](std::size_t i) const { return items()[i]; }

 private:
  static constexpr std::size_t few = 8;
  std::array<T, few> first_{};
  std::vector<T> more_;  ///< all of them when they are more than few
  std::size_t size_ = 0;
};

// The names that stand close together in a template are few: those met last are found by this, without a search.
constexpr std::size_t short_hashes = 64;
std::size_t short_hash(std::string_view text) {
  if (text.empty()) return 0;
  const auto first = static_cast<unsigned char>(text.front());
  const auto last = static_cast<unsigned char>(text.back());
  return (7 * text.size() + std::size_t{3} * first + last) % short_hashes;
}

/// Builds nodes in the arena of one file.
class Builder {
 public:
  explicit Builder(ParsedFile& file) : file_(file) {}

  template <class T>
  T* make(NodeType type, std::uint32_t position) {
    static_assert(std::is_trivially_destructible_v<T>);
    T* node = new (file_.arena.allocate(sizeof(T), alignof(T))) T();
    node->type = type;
    node->position = position;
    return node;
  }

  template <class T>
  std::span<T const> keep(const Gathered<T>& gathered) {
    return keep(gathered.items());
  }
  template <class T>
  std::span<T const> keep(std::span<T const> items) {
    if (items.empty()) return {};
    T* memory = static_cast<T*>(file_.arena.allocate(items.size_bytes(), alignof(T)));
    std::uninitialized_copy(items.begin(), items.end(), memory);
    return {memory, items.size()};
  }

  const SharedString* key(std::string_view text) {
    auto& recent = recent_[short_hash(text)];
    if (recent == nullptr || recent->view() != text) recent = find_key(text);
    return recent;
  }

  const Value* constant(Value value) { return &file_.constants.emplace_back(std::move(value)); }
  std::string_view string(std::string text) { return file_.strings.emplace_back(std::move(text)); }

 private:
  const SharedString* find_key(std::string_view text) {
    const auto found = keys_.find(text);
    if (found != keys_.end()) return found->second;
    const SharedString* kept = &file_.keys.emplace_back(text);
    keys_.emplace(kept->view(), kept);
    return kept;
  }

  ParsedFile& file_;
  std::array<const SharedString*, short_hashes> recent_{};
  std::unordered_map<std::string_view, const SharedString*> keys_;
};

/// What the definitions of one file share while it is parsed.
struct Shared {
  ParsedFile& file;
  const FunctionTable& functions;
  Lexer lexer;
  Builder builder;
  StackMeter meter;
  std::array<const Function*, short_hashes> recent_functions = {};

  const Function* function(std::string_view name) {
    auto& recent = recent_functions[short_hash(name)];
    if (recent == nullptr || recent->name != name) recent = functions.find(name);
    return recent;
  }
};

/// Parses one template: the file itself, a `define` or a `block`.
class BodyParser {
 public:
  explicit BodyParser(Shared& shared, std::string_view name) : shared_(shared), build_(shared.builder) {
    body_.name = name;
    body_.file = &shared.file;
    const SharedString* root = build_.key("$");
    known_.push_back(root);
    scope_.push_back(root);
  }

  void parse_file() {
    Gathered<const Node*> nodes;
    const std::uint32_t position = peek().position;
    while (peek().type != TokenType::end_of_file) {
      if (peek().type == TokenType::left_delimiter) {
        const Token delimiter = next();
        if (next_non_space().type == TokenType::define) {
          BodyParser(shared_, "definition").parse_definition();
          continue;
        }
        back_to(delimiter);
      }
      const Item item = text_or_action();
      if (item.node == nullptr) fail("unexpected " + item.shown());
      nodes.push_back(item.node);
    }
    finish(list(nodes, position));
  }

 private:
  enum class Ending : std::uint8_t { none, end, otherwise };
  /// A node, or one of the words that end a list.
  struct Item {
    const Node* node = nullptr;
    Ending ending = Ending::none;
    [[nodiscard]] std::string shown() const { return ending == Ending::end ? "{{end}}" : "{{else}}"; }
  };

  // --- tokens: up to three can be put back, as Go's parser does; the line of an error is that of the last one read. What
  // these return is valid until the next of them is called.

  const Token& next() {
    if (pending_ > 0) {
      --pending_;
    } else {
      tokens_[0] = shared_.lexer.next();
    }
    return tokens_[static_cast<std::size_t>(pending_)];
  }
  void back() { ++pending_; }
  void back_to(const Token& token) {
    tokens_[1] = token;
    pending_ = 2;
  }
  void back_to(const Token& first, const Token& second) {
    tokens_[1] = second;
    tokens_[2] = first;
    pending_ = 3;
  }
  const Token& peek() {
    if (pending_ > 0) return tokens_[static_cast<std::size_t>(pending_ - 1)];
    pending_ = 1;
    tokens_[0] = shared_.lexer.next();
    return tokens_[0];
  }
  const Token& next_non_space() {
    const Token* token = &next();
    while (token->type == TokenType::space) token = &next();
    return *token;
  }
  const Token& peek_non_space() {
    const Token& token = next_non_space();
    back();
    return token;
  }

  [[noreturn]] void fail(std::string message) const { throw ParseFailure{std::move(message), tokens_[0].line}; }

  [[noreturn]] void unexpected(const Token& token, std::string_view context) const {
    if (token.type != TokenType::error) fail("unexpected " + token.shown() + " in " + std::string(context));
    std::string message(token.text);
    if (action_line_ != 0 && action_line_ != token.line) {
      // "unclosed action" needs no second "action".
      message += message.ends_with(" action") ? " started at " : " in action started at ";
      message += shared_.file.name + ":" + std::to_string(action_line_);
    }
    fail(std::move(message));
  }

  Token expect(TokenType type, std::string_view context) {
    const Token token = next_non_space();
    if (token.type != type) unexpected(token, context);
    return token;
  }

  void check_stack() const {
    if (on_large_stack()) {
      if (stack_exhausted()) fail("control structures or parentheses nest too deep");
    } else if (shared_.meter.used_more_than(small_stack_budget)) {
      throw NeedsLargeStack{};
    }
  }

  // --- lists and control structures

  const ListNode* list(const Gathered<const Node*>& nodes, std::uint32_t position) {
    auto* node = build_.make<ListNode>(NodeType::list, position);
    node->nodes = build_.keep(nodes);
    return node;
  }

  /// Ends this body and adds it to the file, where an empty one never takes the place of another.
  void finish(const ListNode* root) {
    body_.root = root;
    body_.empty = true;
    for (const auto* node : root->nodes) {
      if (node->type != NodeType::text || !is_blank(static_cast<const TextNode*>(node)->text)) body_.empty = false;
    }
    for (auto& other : shared_.file.bodies) {
      if (other.name != body_.name) continue;
      if (other.empty) {
        other = body_;
      } else if (!body_.empty) {
        fail("template: multiple definition of template " + go_quote(body_.name));
      }
      return;
    }
    shared_.file.bodies.push_back(body_);
  }

  void parse_definition() {
    constexpr std::string_view context = "define clause";
    const Token name = next_non_space();
    body_.name = template_name(name, context);
    expect(TokenType::right_delimiter, context);
    const ListNode* root = nullptr;
    const Item last = item_list(root);
    if (last.ending != Ending::end) fail("unexpected " + last.shown() + " in " + std::string(context));
    finish(root);
  }

  /// Everything up to `{{end}}` or `{{else}}`, which is returned.
  Item item_list(const ListNode*& out) {
    check_stack();
    Gathered<const Node*> nodes;
    const std::uint32_t position = peek_non_space().position;
    while (peek_non_space().type != TokenType::end_of_file) {
      const Item item = text_or_action();
      if (item.node == nullptr) {
        out = list(nodes, position);
        return item;
      }
      nodes.push_back(item.node);
    }
    fail("unexpected EOF");
  }

  Item text_or_action() {
    const Token token = next_non_space();
    switch (token.type) {
      case TokenType::text: {
        auto* node = build_.make<TextNode>(NodeType::text, token.position);
        node->text = token.text;
        return {node};
      }
      case TokenType::left_delimiter: {
        action_line_ = token.line;
        const Item item = action();
        action_line_ = 0;
        return item;
      }
      default: unexpected(token, "input");
    }
  }

  Item action() {
    const Token token = next_non_space();
    switch (token.type) {
      case TokenType::block: return {block()};
      case TokenType::break_loop: return {loop_exit(token, NodeType::break_loop, "{{break}}")};
      case TokenType::continue_loop: return {loop_exit(token, NodeType::continue_loop, "{{continue}}")};
      case TokenType::else_branch: {
        const Token following = peek_non_space();
        if (following.type != TokenType::if_branch && following.type != TokenType::with) {
          expect(TokenType::right_delimiter, "else");
        }
        return {nullptr, Ending::otherwise};
      }
      case TokenType::end: expect(TokenType::right_delimiter, "end"); return {nullptr, Ending::end};
      case TokenType::if_branch: return {branch(NodeType::branch_if, "if")};
      case TokenType::range: return {branch(NodeType::branch_range, "range")};
      case TokenType::template_call: return {template_call()};
      case TokenType::with: return {branch(NodeType::branch_with, "with")};
      default: break;
    }
    back();
    auto* node = build_.make<ActionNode>(NodeType::action, peek().position);
    node->pipe = pipeline("command", TokenType::right_delimiter);
    return {node};
  }

  const Node* loop_exit(const Token& word, NodeType type, std::string_view shown) {
    if (const Token token = next_non_space(); token.type != TokenType::right_delimiter) unexpected(token, shown);
    if (range_depth_ == 0) fail(std::string(shown) + " outside {{range}}");
    return build_.make<Node>(type, word.position);
  }

  const Node* branch(NodeType type, std::string_view word) {
    check_stack();
    const std::size_t known = known_.size();
    const std::size_t outer = scope_.size();
    const PipeNode* pipe = pipeline(word, TokenType::right_delimiter);
    const std::size_t inner = scope_.size();
    auto* node = build_.make<BranchNode>(type, pipe->position);
    node->pipe = pipe;
    if (type == NodeType::branch_range) ++range_depth_;
    const Item last = item_list(node->body);
    if (type == NodeType::branch_range) --range_depth_;
    scope_.resize(inner);
    if (last.ending == Ending::otherwise) node->otherwise = else_list(type);
    scope_.resize(outer);
    known_.resize(known);
    return node;
  }

  /// What follows `{{else`: a list, or one more `if` or `with` that takes the `{{end}}` with it.
  const ListNode* else_list(NodeType type) {
    const Token token = peek();
    const bool chained = (type == NodeType::branch_if && token.type == TokenType::if_branch) ||
                         (type == NodeType::branch_with && token.type == TokenType::with);
    if (chained) {
      next();
      const Node* nested = branch(type, type == NodeType::branch_if ? "if" : "with");
      Gathered<const Node*> only;
      only.push_back(nested);
      return list(only, token.position);
    }
    const ListNode* out = nullptr;
    const Item last = item_list(out);
    if (last.ending != Ending::end) fail("expected end; found " + last.shown());
    return out;
  }

  std::string_view template_name(const Token& token, std::string_view context) {
    if (token.type != TokenType::string && token.type != TokenType::raw_string) unexpected(token, context);
    auto name = unquote(token.text);
    if (!name) fail("invalid syntax");
    return build_.string(std::move(*name));
  }

  const Node* template_call() {
    constexpr std::string_view context = "template clause";
    const Token token = next_non_space();
    auto* node = build_.make<TemplateNode>(NodeType::template_call, token.position);
    node->name = template_name(token, context);
    if (next_non_space().type != TokenType::right_delimiter) {
      back();
      node->pipe = pipeline(context, TokenType::right_delimiter);
    }
    return node;
  }

  const Node* block() {
    constexpr std::string_view context = "block clause";
    check_stack();
    const Token token = next_non_space();
    auto* node = build_.make<TemplateNode>(NodeType::template_call, token.position);
    node->name = template_name(token, context);
    node->pipe = pipeline(context, TokenType::right_delimiter);
    BodyParser inner(shared_, node->name);
    const ListNode* root = nullptr;
    const Item last = inner.item_list(root);
    if (last.ending != Ending::end) fail("unexpected " + last.shown() + " in " + std::string(context));
    inner.finish(root);
    return node;
  }

  // --- pipelines

  const PipeNode* pipeline(std::string_view context, TokenType end) {
    auto* pipe = build_.make<PipeNode>(NodeType::pipe, peek_non_space().position);
    Gathered<Token> declared;
    while (declaration(*pipe, declared, context)) {
    }
    Gathered<const CommandNode*> commands;
    for (;;) {
      const Token& token = next_non_space();
      if (token.type == end) break;
      switch (token.type) {
        case TokenType::boolean:
        case TokenType::character_constant:
        case TokenType::complex:
        case TokenType::dot:
        case TokenType::field:
        case TokenType::identifier:
        case TokenType::number:
        case TokenType::nil:
        case TokenType::raw_string:
        case TokenType::string:
        case TokenType::variable:
        case TokenType::left_paren:
          back();
          commands.push_back(command());
          break;
        default: unexpected(token, context);
      }
    }
    check_commands(commands, context);
    pipe->commands = build_.keep(commands);
    // Variables come into being when the commands have been evaluated.
    if (!declared.empty() && end == TokenType::right_paren) body_.dynamic_variables = true;
    Gathered<const VariableNode*> variables;
    for (const auto& token : declared.items()) {
      auto* variable = build_.make<VariableNode>(NodeType::variable, token.position);
      variable->name = token.text;
      variable->key = build_.key(token.text);
      if (pipe->assigns) {
        variable->slot = slot_of(variable->key);
      } else {
        variable->slot = static_cast<std::int32_t>(scope_.size());
        scope_.push_back(variable->key);
      }
      variables.push_back(variable);
    }
    pipe->declared = build_.keep(variables);
    return pipe;
  }

  /// Reads one declared variable; true when another may follow.
  bool declaration(PipeNode& pipe, Gathered<Token>& declared, std::string_view context) {
    const Token variable = peek_non_space();
    if (variable.type != TokenType::variable) return false;
    next();
    // In `$x foo` the blank tells an argument from a declaration, so it has to be put back with the variable.
    const Token adjacent = peek();
    const Token following = peek_non_space();
    if (following.type == TokenType::assign || following.type == TokenType::declare) {
      pipe.assigns = following.type == TokenType::assign;
      next_non_space();
      declared.push_back(variable);
      known_.push_back(build_.key(variable.text));
      return false;
    }
    if (following.type == TokenType::character && following.text == ",") {
      next_non_space();
      declared.push_back(variable);
      known_.push_back(build_.key(variable.text));
      if (context == "range" && declared.size() < 2) {
        const TokenType type = peek_non_space().type;
        if (type == TokenType::variable || type == TokenType::right_delimiter || type == TokenType::right_paren) return true;
        fail("range can only initialize variables");
      }
      fail("too many declarations in " + std::string(context));
    }
    if (adjacent.type == TokenType::space) {
      back_to(variable, adjacent);
    } else {
      back_to(variable);
    }
    return false;
  }

  void check_commands(const Gathered<const CommandNode*>& commands, std::string_view context) const {
    if (commands.empty()) fail("missing value for " + std::string(context));
    for (std::size_t i = 1; i < commands.size(); ++i) {
      switch (commands[i]->words[0]->type) {
        case NodeType::boolean:
        case NodeType::dot:
        case NodeType::nil:
        case NodeType::number:
        case NodeType::string: fail("non executable command in pipeline stage " + std::to_string(i + 1));
        default: break;
      }
    }
  }

  const CommandNode* command() {
    auto* node = build_.make<CommandNode>(NodeType::command, peek_non_space().position);
    Gathered<const Node*> words;
    for (;;) {
      peek_non_space();
      if (const Node* word = operand(); word != nullptr) words.push_back(word);
      const Token& token = next();
      if (token.type == TokenType::space) continue;
      if (token.type == TokenType::right_delimiter || token.type == TokenType::right_paren) {
        back();
      } else if (token.type != TokenType::pipe) {
        unexpected(token, "operand");
      }
      break;
    }
    if (words.empty()) fail("empty command");
    node->words = build_.keep(words);
    return node;
  }

  /// A term with the fields that hang on it.
  const Node* operand() {
    const Node* node = term();
    if (node == nullptr || peek().type != TokenType::field) return node;
    const std::uint32_t position = peek().position;
    Gathered<const SharedString*> keys;
    if (node->type == NodeType::field) {
      for (const auto* first : static_cast<const FieldNode*>(node)->keys) keys.push_back(first);
    }
    while (peek().type == TokenType::field) keys.push_back(build_.key(next().text.substr(1)));
    switch (node->type) {
      case NodeType::field: {
        auto* field = build_.make<FieldNode>(NodeType::field, position);
        field->keys = build_.keep(keys);
        return field;
      }
      case NodeType::variable: {
        auto* variable = build_.make<VariableNode>(NodeType::variable, position);
        *variable = *static_cast<const VariableNode*>(node);
        variable->position = position;
        variable->fields = build_.keep(keys);
        return variable;
      }
      case NodeType::boolean:
      case NodeType::string:
      case NodeType::number:
      case NodeType::nil:
      case NodeType::dot: fail("unexpected . after term " + go_quote(print_node(*node)));
      default: break;
    }
    auto* chain = build_.make<ChainNode>(NodeType::chain, position);
    chain->base = node;
    chain->keys = build_.keep(keys);
    return chain;
  }

  /// The simplest expressions; nullptr when the next token begins none.
  const Node* term() {
    const Token token = next_non_space();
    switch (token.type) {
      case TokenType::identifier: return identifier(token);
      case TokenType::dot: return build_.make<Node>(NodeType::dot, token.position);
      case TokenType::nil: return build_.make<Node>(NodeType::nil, token.position);
      case TokenType::variable: return variable(token);
      case TokenType::field: {
        auto* node = build_.make<FieldNode>(NodeType::field, token.position);
        const SharedString* const key = build_.key(token.text.substr(1));
        node->keys = build_.keep(Keys(&key, 1));
        return node;
      }
      case TokenType::boolean: {
        auto* node = literal(NodeType::boolean, token);
        node->constant = build_.constant(Value::boolean(token.text == "true"));
        return node;
      }
      case TokenType::character_constant:
      case TokenType::complex:
      case TokenType::number: return number(token);
      case TokenType::left_paren: {
        if (paren_depth_ >= max_paren_depth) fail("max expression depth exceeded");
        check_stack();
        ++paren_depth_;
        const PipeNode* pipe = pipeline("parenthesized pipeline", TokenType::right_paren);
        --paren_depth_;
        return pipe;
      }
      case TokenType::string:
      case TokenType::raw_string: {
        const auto text = unquote(token.text);
        if (!text) fail("invalid syntax");
        auto* node = literal(NodeType::string, token);
        node->constant = build_.constant(Value::string(*text));
        return node;
      }
      default: back(); return nullptr;
    }
  }

  LiteralNode* literal(NodeType type, const Token& token) {
    auto* node = build_.make<LiteralNode>(type, token.position);
    node->source = token.text;
    return node;
  }

  const Node* number(const Token& token) {
    const auto read = token.type == TokenType::character_constant
                          ? parse_character_literal(token.text)
                          : parse_number_literal(token.text, token.type == TokenType::complex);
    if (!read.ok()) fail(read.error().message());
    auto* node = literal(NodeType::number, token);
    node->is_int = read->is_int;
    node->is_float = read->is_float;
    node->integer = read->integer;
    node->number = read->number;
    // Where any type will do, the spelling decides.
    const std::string_view text = token.text;
    const bool hex_int = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') &&
                         text.find_first_of("pP") == std::string_view::npos;
    const bool spelled_float = !hex_int && text[0] != '\'' && text.find_first_of(".eEpP") != std::string_view::npos;
    if (read->is_complex) {
      node->constant = build_.constant(make_complex(read->number, read->imaginary));
    } else if (read->is_float && spelled_float) {
      node->constant = build_.constant(Value::float64(read->number));
    } else if (read->is_int) {
      node->constant = build_.constant(Value::go_int(read->integer));
    }
    return node;
  }

  const Node* identifier(const Token& token) {
    auto* node = build_.make<IdentifierNode>(NodeType::identifier, token.position);
    node->name = token.text;
    node->function = shared_.function(token.text);
    if (node->function == nullptr) fail("function " + go_quote(token.text) + " not defined");
    const bool builtin = is_builtin(*node->function);
    if (builtin && token.text == "and") node->special = Special::and_;
    if (builtin && token.text == "or") node->special = Special::or_;
    if (builtin && token.text == "call") node->special = Special::call;
    if (builtin && token.text == "slice") node->special = Special::slice;
    return node;
  }

  static bool is_builtin(const Function& function) {
    const auto table = builtin_functions();
    return &function >= table.data() && &function < table.data() + table.size();
  }

  const Node* variable(const Token& token) {
    auto* node = build_.make<VariableNode>(NodeType::variable, token.position);
    node->name = token.text;
    node->key = build_.key(token.text);
    for (const auto* known : known_) {
      if (known == node->key) {
        node->slot = slot_of(node->key);
        return node;
      }
    }
    fail("undefined variable " + go_quote(token.text));
  }

  /// Where the variable will stand when it is evaluated, or -1. Go checks scopes more loosely while parsing (`known_`)
  /// than while executing.
  [[nodiscard]] std::int32_t slot_of(const SharedString* key) const {
    for (std::size_t i = scope_.size(); i > 0; --i) {
      if (scope_[i - 1] == key) return static_cast<std::int32_t>(i - 1);
    }
    return -1;
  }

  Shared& shared_;
  Builder& build_;
  TemplateBody body_;
  std::array<Token, 3> tokens_;
  int pending_ = 0;
  int action_line_ = 0;
  int range_depth_ = 0;
  int paren_depth_ = 0;
  std::vector<const SharedString*> known_;
  std::vector<const SharedString*> scope_;
};

Result<ParsedFilePtr> parse_here(const std::string& name, const SharedString& text, const FunctionTable& functions,
                                 bool& needs_large_stack) {
  auto file = std::make_shared<ParsedFile>();
  file->name = name;
  file->text = text;
  Shared shared{*file, functions, Lexer(file->text.view()), Builder(*file), StackMeter()};
  try {
    BodyParser(shared, file->name).parse_file();
  } catch (const ParseFailure& failure) {
    return Error(ErrorCode::invalid_input, "template: " + name + ":" + std::to_string(failure.line) + ": " + failure.message)
        .at({name, failure.line, 0});
  } catch (const NeedsLargeStack&) {
    needs_large_stack = true;
    return Error(ErrorCode::internal, "template nests too deep for this stack");
  }
  return ParsedFilePtr(std::move(file));
}

}  // namespace

Result<ParsedFilePtr> parse_file(const std::string& name, const SharedString& text, const FunctionTable& functions) {
  if (text.view().size() > 0x7FFF'FFFFU) return Error(ErrorCode::too_large, "template " + name + " is larger than 2 GiB");
  bool needs_large_stack = false;
  auto parsed = parse_here(name, text, functions, needs_large_stack);
  if (!needs_large_stack) return parsed;
  run_with_large_stack([&] { parsed = parse_here(name, text, functions, needs_large_stack); });
  return parsed;
}

}  // namespace gitopsctl::render::detail
