#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/budget/budget.hpp"
#include "base/value/value.hpp"
#include "render/template/evaluator.hpp"
#include "render/template/name_space.hpp"
#include "render/template/syntax.hpp"

// The evaluator behind Evaluator: walks nodes, evaluates pipelines, calls functions. Inside, a step that can fail returns
// false and leaves the failure in `failure_`.
namespace gitopsctl::render::detail {

/// A value on its way through a pipeline, as Go's reflect sees it. Kind::absent is no value at all; Kind::null is a nil
/// `interface {}`.
struct Operand {
  Value value = Value::absent();
  bool boxed = false;  ///< still of static type `interface {}` (straight out of a map or list); error texts show it
};

/// The execution of one template body.
struct Frame {
  const TemplateBody* body = nullptr;
  const Node* node = nullptr;  ///< what errors point at
  std::size_t base = 0;        ///< its first variable, `$`
  std::uint32_t depth = 0;     ///< nested `template` actions
};

enum class Flow : std::uint8_t { next, leave_loop, next_turn, failed };

class Machine {
 public:
  Machine(Evaluator& evaluator, const NameSpace& names, const FunctionTable& functions, RenderContext& context,
          const EvaluatorOptions& options)
      : evaluator_(evaluator), names_(names), functions_(functions), context_(context), options_(options) {}

  /// Runs a whole template into `out`.
  bool run(const TemplateBody& body, const Value& data, std::string& out);
  [[nodiscard]] const TemplateBody* find(std::string_view name) const;

  Result<Value> include(std::string_view name, const Value& data);
  Result<Value> tpl(std::string_view text, const Value& data);
  Result<void> spend(std::uint64_t count);
  /// What the message about a used up budget says, with the numbers of this render.
  [[nodiscard]] std::string excess_text(BudgetExcess excess) const;

  /// The failure so far, as the Error that leaves the engine.
  [[nodiscard]] Error error() const;
  TemplateFailure failure;
  std::optional<std::string> assertion;  ///< what `required` or `fail` is about to return
  std::string current_file;
  [[nodiscard]] RenderContext& context() noexcept { return context_; }
  [[nodiscard]] const EvaluatorOptions& options() const noexcept { return options_; }

 private:
  struct Variable {
    Operand operand;
    const SharedString* key = nullptr;
  };
  using Words = std::span<const Node* const>;

  // machine_walk.cpp
  Flow walk(Frame& frame, const Operand& dot, const Node& node);
  Flow walk_list(Frame& frame, const Operand& dot, const ListNode& list);
  Flow walk_branch(Frame& frame, const Operand& dot, const BranchNode& node);
  Flow walk_range(Frame& frame, const Operand& dot, const BranchNode& node);
  Flow turn(Frame& frame, const BranchNode& node, Operand index, const Operand& item, std::size_t mark);
  Flow walk_template(Frame& frame, const Operand& dot, const TemplateNode& node);
  bool print(Frame& frame, const Operand& operand);
  bool write(Frame& frame, std::string_view text);
  bool step(Frame& frame) { return ++steps_ < next_look_ || look(frame); }
  bool look(Frame& frame);
  bool check_stack(Frame& frame);

  // machine_eval.cpp
  bool eval_pipe(Frame& frame, const Operand& dot, const PipeNode& pipe, Operand& out);
  bool eval_command(Frame& frame, const Operand& dot, const CommandNode& command, const Operand* last, Operand& out);
  bool eval_fields(Frame& frame, const Operand& dot, Keys keys, const Node& node, Words words, const Operand* last,
                   Operand& value);
  bool eval_field(Frame& frame, const Operand& dot, const SharedString& key, const Node& node, Words words,
                  const Operand* last, Operand& value);
  bool eval_variable(Frame& frame, const Operand& dot, const VariableNode& node, Words words, const Operand* last,
                     Operand& out);
  bool eval_chain(Frame& frame, const Operand& dot, const ChainNode& node, Words words, const Operand* last, Operand& out);
  bool eval_literal(Frame& frame, const LiteralNode& node, Operand& out);
  bool no_arguments(Frame& frame, Words words, const Operand* last);
  Variable* variable(Frame& frame, const VariableNode& node);
  bool assign(Frame& frame, const VariableNode& node, const Operand& operand);

  // machine_call.cpp
  bool eval_call(Frame& frame, const Operand& dot, const IdentifierNode& function, const Node& call, Words words,
                 const Operand* last, Operand& out);
  bool eval_and_or(Frame& frame, const Operand& dot, bool is_or, Words arguments, const Operand* last, Operand& out);
  bool eval_argument(Frame& frame, const Operand& dot, ParamType type, const Node& node, Value& out);
  bool eval_any(Frame& frame, const Operand& dot, const Node& node, Operand& out);
  bool literal_argument(Frame& frame, ParamType type, const Node& node, Value& out);
  bool validate(Frame& frame, const Operand& operand, ParamType type, Value& out);
  bool call_method(Frame& frame, const Operand& dot, const SharedString& key, const Node& node, Words words,
                   const Operand* last, Operand& value, bool& is_method);
  bool fail_method_call(Frame& frame, const Node* before, Words words, const Error& error);
  bool method_arguments(Frame& frame, const Operand& dot, Words words, const Operand* last, std::vector<Value>& out);
  void call_builtin_call(const IdentifierNode& function, Words words, const Operand* last, std::string& message) const;

  // machine.cpp
  bool fail(Frame& frame, std::string message, ErrorCode code = ErrorCode::invalid_input);
  bool fail_call(Frame& frame, const Node& node, std::string_view name, const Error& error,
                 std::span<const Value> arguments = {});

  Evaluator& evaluator_;
  const NameSpace& names_;
  const FunctionTable& functions_;
  RenderContext& context_;
  EvaluatorOptions options_;
  std::vector<Variable> variables_;
  std::string* out_ = nullptr;
  std::vector<const NameSpace*> overlays_;  ///< definitions of the `tpl` calls that are running, innermost last
  std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> include_depth_;
  std::uint64_t steps_ = 0;
  std::uint64_t next_look_ = 0;  ///< of steps_
  std::uint64_t written_ = 0;
};

/// Deletes every `<no value>`.
void remove_no_value(std::string& text);

/// A member of a map or list as a template sees it (content of files is `[]byte`).
[[nodiscard]] Operand element_of(const Value& container, const Value& member);
/// What a missing key of a map of this type yields with missingkey=zero.
[[nodiscard]] Operand missing_element(MapType type);

}  // namespace gitopsctl::render::detail
